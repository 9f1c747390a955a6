// Who replaces a pod when its list is edited: known of each operator, not guessed from an annotation.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, injected, input, list } from '../fixtures/pods/build.ts'

const owned = (kind: string) => ({ metadata: { ownerReferences: [{ kind, name: 'x' }] } })

type Row = readonly [what: string, annotations: Record<string, string>, change: Change, rolls: boolean]

const workload = owned('StatefulSet')
const operator = { labels: { 'app.kubernetes.io/created-by': 'cosmos-operator' } }
const secret: Change = {
  ...workload,
  pod: { volumes: [{ name: 'config', secret: { secretName: 's', items: [{ key: 'c', path: 'config.toml' }] } }] },
}
const literal: Change = {
  ...workload,
  container: { volumeMounts: [], env: [{ name: 'PERSISTENT_PEERS', value: list }] },
}
const checksum = { 'cosmos.strange.love/config-checksum': 'x' }

const rows: readonly Row[] = [
  [
    'cosmopilot: its hash leaves the peers out',
    { 'cosmopilot.voluzi.com/config-hash': 'x' },
    owned('ChainNode'),
    false,
  ],
  [
    'cosmos-operator: its hash has the ConfigMap of the pod',
    checksum,
    { ...operator, metadata: { name: 'node' } },
    true,
  ],
  ['cosmos-operator: a list that is not in that ConfigMap', checksum, operator, false],
  ['the annotation without the operator', checksum, { metadata: { name: 'node' } }, false],
  ['Helm', { 'checksum/config': 'x' }, workload, true],
  ['Helm, a Deployment', { 'checksum/core-cm': 'x' }, owned('ReplicaSet'), true],
  ['Helm, by another name', { 'config-checksum': 'x' }, workload, true],
  ['Helm, in one word', { configmapHash: 'x' }, workload, true],
  ['a checksum on a bare pod: nobody replaces it', { 'checksum/config': 'x' }, {}, false],
  ["a checksum on a Job's pod", { 'checksum/config': 'x' }, owned('Job'), false],
  ['a checksum of Secrets, a list in a ConfigMap', { 'checksum/secrets': 'x' }, workload, false],
  ['a checksum of Secrets, a list in a Secret', { 'checksum/secrets': 'x' }, secret, true],
  ['a literal list: an edit is a new pod anyway', { 'checksum/config': 'x' }, literal, false],
  ["another operator's hash, of which nothing is known", { 'example.com/config-hash': 'x' }, workload, false],
  ["repeer's own", { 'repeer.dev/checksum': 'x' }, workload, false],
  ['Reloader, auto', { 'reloader.stakater.com/auto': 'true' }, workload, true],
  ['Reloader, not auto', { 'reloader.stakater.com/auto': 'false' }, workload, false],
  ['Reloader, the ConfigMap by name', { 'configmap.reloader.stakater.com/reload': 'other, node' }, workload, true],
  ['Reloader, another ConfigMap', { 'configmap.reloader.stakater.com/reload': 'other' }, workload, false],
  ['Reloader, Secrets alone', { 'secret.reloader.stakater.com/auto': 'true' }, workload, false],
  ['Reloader, ConfigMaps', { 'configmap.reloader.stakater.com/auto': 'true' }, workload, true],
  ['Reloader has rolled it before', { 'reloader.stakater.com/last-reloaded-from': '{}' }, workload, true],
  [
    'Reloader ignores it',
    { 'reloader.stakater.com/ignore': 'true', 'reloader.stakater.com/auto': 'true' },
    workload,
    false,
  ],
  ['Reloader on a bare pod', { 'reloader.stakater.com/auto': 'true' }, {}, false],
  ['Wave', { 'wave.pusher.com/config-hash': 'x' }, owned('DaemonSet'), true],
]

for (const [what, annotations, change, rolls] of rows) {
  const { plan, why } = injected(decide(input({ ...change, annotations })))
  t.equal(plan.ownerRolls, rolls, what)
  t.equal(why.owner !== undefined, rolls, `${what}: said`)
}

t.test('one of two lists is not watched: the owner does not count', t => {
  const maps = { node: { 'config.toml': `[p2p]\npersistent_peers = "${list}"\n` }, more: { peers: list } }
  const env = [{ name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'more', key: 'peers' } } }]
  const of = (names: string) =>
    injected(
      decide(
        input({
          ...workload,
          maps,
          container: { env },
          annotations: { 'configmap.reloader.stakater.com/reload': names },
        }),
      ),
    ).plan.ownerRolls
  t.equal(of('node,more'), true)
  t.equal(of('node'), false)
  t.end()
})
