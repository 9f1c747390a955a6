// `repeer explain`: the rows as JSON, their text, what counts as surroundings, exit codes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Explained } from '../../../cli/manifests/explain.ts'
import { repeer } from '../program.ts'

const fixture = (name: string) => join(import.meta.dirname, '../fixtures', name)
const rowsOf = (out: string) => JSON.parse(out) as Explained[]
const keys = [
  'file',
  'kind',
  'name',
  'inject',
  'reason',
  'container',
  'profile',
  'sources',
  'peers',
  'strategy',
  'why',
  'patch',
]

t.test('an injected workload and one that is no node', async t => {
  const { code, out, err } = await repeer(['explain', '-f', fixture('chain.yaml'), '-o', 'json'])
  t.equal(code, 0)
  t.equal(err, '')
  const [set, web] = rowsOf(out)
  t.strictSame(Object.keys(set ?? {}), keys)
  t.strictSame(Object.keys(web ?? {}), keys)
  const { why, patch, ...row } = set as Explained
  t.strictSame(row, {
    file: fixture('chain.yaml'),
    kind: 'StatefulSet',
    name: 'validator',
    inject: true,
    reason: null,
    container: 'cometbft',
    profile: 'cometbft',
    sources: [{ kind: 'ConfigMap', name: 'node-config', key: 'config.toml', via: 'directory', level: 'process' }],
    peers: 2,
    strategy: 'wrap',
  })
  t.strictSame(Object.keys(why), [
    'container',
    'profile',
    'sources',
    'strategy',
    'addresses',
    'ports',
    'telling',
    'namespace',
  ])
  t.match(why.namespace, /namespace chain is not in the files; taken as opted in/)
  t.ok(patch.some(operation => operation.op === 'replace' && operation.path === '/spec/containers/0/command'))
  t.match(web, {
    kind: 'Deployment',
    inject: false,
    reason: 'not-a-node',
    container: null,
    sources: [],
    peers: null,
    strategy: null,
    patch: [],
  })
  t.match(web?.why.inject, /no container/)
})

t.test('Namespaces in the files count; one that is not opted in is skipped', async t => {
  const { code, out } = await repeer([
    'explain',
    '-f',
    fixture('chain.yaml'),
    '--filename',
    fixture('namespaces.yaml'),
    '-o',
    'json',
  ])
  t.equal(code, 0)
  const rows = rowsOf(out)
  t.match(
    rows.find(row => row.name === 'validator'),
    { inject: true },
  )
  t.notOk(rows.find(row => row.name === 'validator')?.why.namespace)
  t.match(
    rows.find(row => row.name === 'left-alone'),
    { inject: false, reason: 'not-opted-in' },
  )
})

t.test('a CronJob in a List, its ConfigMap in the default namespace, from standard input', async t => {
  const { code, out } = await repeer(['explain', '-f', '-', '-o', 'json'], {
    stdin: async () => readFileSync(fixture('list.json'), 'utf8'),
  })
  t.equal(code, 0)
  t.match(rowsOf(out), [
    {
      file: '-',
      kind: 'CronJob',
      name: 'snapshot',
      inject: true,
      peers: 1,
      sources: [{ kind: 'ConfigMap', name: 'peers', key: 'list', via: 'env' }],
    },
  ])
})

t.test('a ConfigMap that is not in the files is said to be unread', async t => {
  const pod = `apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {repeer.dev/config: configmap/elsewhere/config.toml}}
spec:
  volumes: [{name: c, configMap: {name: elsewhere}}]
  containers: [{name: cometbft, image: cometbft/cometbft, command: [cometbft], args: [start], volumeMounts: [{name: c, mountPath: /cometbft/config}]}]
`
  const { out } = await repeer(['explain', '-f', '-', '-o', 'json'], { stdin: async () => pod })
  t.match(rowsOf(out), [
    {
      inject: true,
      peers: null,
      why: { warnings: /ConfigMap elsewhere is not in the files, so its list was not read/ },
    },
  ])
})

t.test('--kubernetes-minor, --image and --turns reach the decision', async t => {
  const init = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes: [{name: c, configMap: {name: c}}, {name: home, emptyDir: {}}]
  initContainers: [{name: render, image: busybox, command: [cp, /c/config.toml, /home/app], volumeMounts: [{name: c, mountPath: /c}, {name: home, mountPath: /home/app}]}]
  containers: [{name: cometbft, image: cometbft/cometbft, args: [start], securityContext: {runAsUser: 1000}, volumeMounts: [{name: home, mountPath: /home/app}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {config.toml: "[p2p]\\npersistent_peers = \\"${'a'.repeat(40)}@a:26656\\""}
`
  const levels = async (...args: string[]) => {
    const { out } = await repeer(['explain', '-f', '-', '-o', 'json', ...args], { stdin: async () => init })
    const row = rowsOf(out)[0]
    return { level: row?.sources[0]?.level, patch: JSON.stringify(row?.patch) }
  }
  t.equal((await levels('--kubernetes-minor', '35')).level, 'none')
  const newer = await levels('--image', 'example.com/repeer@sha256:0', '--turns', 'controller')
  t.equal(newer.level, 'all-containers')
  t.match(newer.patch, /example\.com\/repeer@sha256:0/)
  t.match(newer.patch, /\\"turns\\":\\"controller\\"/)
})

t.test('text for a person', async t => {
  const { out } = await repeer(['explain', '-f', fixture('chain.yaml')])
  t.match(out, /^StatefulSet validator \(.*chain\.yaml\): inject\n {2}container {2}cometbft: /)
  t.match(out, /\n {2}sources {4}ConfigMap node-config, key config\.toml/)
  t.match(out, /\n {2}peers {6}2\n {2}ports {6}P2P 26656 .*\n {2}strategy {3}wrap: /)
  t.match(out, /\n\nDeployment web \(.*\): skip\n {2}reason {5}not-a-node: /)
  t.ok(
    out.split('\n').every(line => line.length <= 100 || line.includes('chain.yaml')),
    'lines are broken at 100 columns',
  )
  t.notMatch(out, '\u001b[', 'no colour without a terminal')
  const coloured = await repeer(['explain', '-f', fixture('chain.yaml')], { colour: true })
  t.match(coloured.out, '\u001b[')
})

t.test('bad files: the others are still explained, exit code 1', async t => {
  const { code, out, err } = await repeer([
    'explain',
    '-f',
    fixture('broken.manifests'),
    '-f',
    fixture('none.yaml'),
    '-f',
    fixture('list.json'),
    '-o',
    'json',
  ])
  t.equal(code, 1)
  t.strictSame(
    rowsOf(out).map(row => row.name),
    ['good', 'snapshot'],
  )
  t.equal(err.trim().split('\n').length, 5)
  t.match(err, /repeer explain: .*none\.yaml: cannot be read: found no such file; check its path\n/)
})

t.test('files without a pod are no failure, but said', async t => {
  const { code, out, err } = await repeer(['explain', '-f', '-'], {
    stdin: async () => 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n',
  })
  t.equal(code, 0)
  t.equal(out, '')
  t.match(err, /found no pod/)
})

const gaia = (name: string, more: string) => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: gaia}
spec:
  ${more}
  template:
    spec:
      containers:
        - name: gaia
          image: cosmos/gaia
          command: [gaiad, start, --home, /gaia]
          env: [{name: ${name}, valueFrom: {fieldRef: {fieldPath: ${name === 'INDEX' ? `"metadata.labels['apps.kubernetes.io/pod-index']"` : 'metadata.name'}}}}]
          volumeMounts: [{name: c, mountPath: /gaia/config/config.toml, subPathExpr: ${name === 'INDEX' ? 'gaia-$(INDEX)' : '$(POD)'}.toml}]
      volumes: [{name: c, configMap: {name: c}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
${[0, 1, 3, 4].map(index => `  gaia-${index}.toml: '[p2p]\n\n    persistent_peers="${String(index).repeat(40)}@a:1"'`).join('\n')}
`

t.test("a StatefulSet's pods have names and numbers; where they differ, no template fits them all", async t => {
  const explained = async (...args: Parameters<typeof gaia>) => {
    const { out } = await repeer(['explain', '-f', '-', '-o', 'json'], { stdin: async () => gaia(...args) })
    return rowsOf(out)[0]
  }
  for (const variable of ['POD', 'INDEX']) {
    t.match(await explained(variable, 'replicas: 1'), {
      inject: true,
      peers: 1,
      sources: [{ key: 'gaia-0.toml', via: 'subPath' }],
    })
    const two = await explained(variable, 'replicas: 2')
    t.match(two?.sources, [{ key: 'gaia-0.toml' }])
    t.match(two?.why.warnings, /the pods of this StatefulSet differ; what is told here is for gaia-0/)
    t.match(await explained(variable, 'ordinals: {start: 3}'), { sources: [{ key: 'gaia-3.toml' }] })
  }
  t.notMatch((await explained('POD', 'replicas: 1'))?.why.warnings, /differ/)
  const two = await repeer(['inject', '-f', '-'], { stdin: async () => gaia('POD', 'replicas: 2') })
  t.notMatch(two.out, /repeer/)
  t.match(two.err, /StatefulSet gaia: not changed: its pods differ/)
  const single = await repeer(['inject', '-f', '-'], { stdin: async () => gaia('POD', 'replicas: 1') })
  t.match(single.out, /repeer\.dev\/plan/)
})

t.test('a ConfigMap that is not in the files is no list; one in binaryData is', async t => {
  const pod = (map: string) => `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes: [{name: c, configMap: {name: c}}]
  containers: [{name: gaia, image: cosmos/gaia, command: [gaiad, start], volumeMounts: [{name: c, mountPath: /genesis}]}]
${map}`
  const explained = async (map: string) =>
    rowsOf((await repeer(['explain', '-f', '-', '-o', 'json'], { stdin: async () => pod(map) })).out)[0]
  t.match(await explained(''), {
    inject: false,
    reason: 'no-peers',
    why: { inject: /ConfigMap c cannot be read here, so the keys at \/genesis/ },
  })
  const text = Buffer.from(`[p2p]\npersistent_peers = "${'a'.repeat(40)}@h:26656"\n`).toString('base64')
  const binary = await explained(
    `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nbinaryData: {config.toml: ${text}}\n`,
  )
  t.match(binary, { inject: true, peers: 1, sources: [{ name: 'c', key: 'config.toml' }] })
})

t.test('a PeerSet in the files delivers to the pods beside it', async t => {
  const { code, out } = await repeer(['explain', '-f', fixture('delivered.yaml'), '-o', 'json'])
  t.equal(code, 0)
  const [row] = rowsOf(out)
  t.match(row, {
    name: 'node',
    inject: true,
    sources: [{ kind: 'ConfigMap', name: 'found', key: 'persistent_peers', via: 'init', level: 'process' }],
    peers: null,
    why: {
      sources:
        /^ConfigMap found\/persistent_peers, delivered by PeerSet chain\/found, by variable GAIAD_P2P_PERSISTENT_PEERS/,
    },
  })
  t.notOk(row?.why.warnings, 'that its list is not there is as it should be')
})
