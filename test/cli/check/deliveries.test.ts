// `repeer check` on pods that lack a list which a PeerSet delivers.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CheckReport } from '../../../cli/check/report.ts'
import { startStandIn } from '../fixtures/cluster.ts'
import { injectedPod, pageOf, plan } from '../fixtures/pods.ts'
import { optedIn, plainNode } from '../fixtures/scene.ts'
import { repeer } from '../program.ts'

const found = { configMap: 'found', key: 'peers', format: 'cometbft-list' }
const peerSet = (name: string, spec: object = {}, namespace = 'chain') => ({
  metadata: { name, namespace },
  spec: {
    source: { static: { peers: ['a:1'] } },
    output: found,
    deliver: { podSelector: { matchLabels: { app: 'node' } } },
    ...spec,
  },
})
const collection = '/apis/repeer.dev/v1alpha1/peersets'
const labelled = <T extends { metadata: object }>(pod: T) => ({
  ...pod,
  metadata: { ...pod.metadata, labels: { app: 'node' } },
})

async function standIn(t: Test) {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const args = ['--kubeconfig', join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')]
  const run = (...more: string[]) => repeer(['check', ...args, ...more])
  return { cluster, run, look: async () => JSON.parse((await run('-o', 'json')).out) as CheckReport }
}

t.test('an injected pod without the list says before which PeerSet it was created', async t => {
  const { cluster, look, run } = await standIn(t)
  const has = {
    kind: 'ConfigMap',
    name: 'found',
    key: 'peers',
    via: 'init',
    format: 'cometbft-list',
    role: 'peer',
    deliveredBy: 'chain/set',
    level: 'none',
  } as const
  for (const [name, sources, labels] of [
    ['old', plan.sources, true],
    ['new', [...plan.sources, has], true],
    ['other', plan.sources, false],
  ] as const) {
    const pod = injectedPod(name, { plan: { sources } })
    cluster.putPod(labels ? labelled(pod) : pod)
    cluster.pages.set(`chain/${name}`, { status: 200, body: pageOf() })
  }
  t.ok((await look()).settled, 'no PeerSet, nothing to say')
  cluster.objects.set(collection, { items: [peerSet('set'), peerSet('writes-only', { deliver: undefined })] })
  const report = await look()
  t.strictSame(
    report.pods.map(pod => [pod.pod, pod.verdict, pod.notes]),
    [
      ['new', 'settled', []],
      ['old', 'problem', ['created before PeerSet chain/set delivered to it; create it anew']],
      ['other', 'settled', []],
    ],
  )
  t.strictSame([report.settled, report.notes], [false, []])
  const { code, out } = await run()
  t.equal(code, 1)
  t.match(out.replace(/\s+/g, ' '), /old .*created before PeerSet chain\/set delivered to it; create it anew/)
})

t.test('a pod without the sidecar that would be injected for the list alone', async t => {
  const { cluster, look } = await standIn(t)
  const pod = labelled(plainNode('bare'))
  cluster.objects.set('/api/v1/namespaces/chain/pods/bare', {
    ...pod,
    spec: { containers: [{ ...pod.spec.containers[0], volumeMounts: [] }] },
  })
  t.match((await look()).notInjected, [{ kind: 'left-alone', reason: 'no-peers' }])
  cluster.objects.set(collection, { items: [peerSet('set')] })
  t.match((await look()).notInjected, [
    {
      kind: 'create-again',
      reason: 'not-created-since',
      why: /^created before PeerSet chain\/set delivered to it; create it anew; it would be/,
    },
  ])
})

t.test('PeerSets of other namespaces: by consent, and where they have opted in', async t => {
  const { cluster, look } = await standIn(t)
  cluster.putPod(labelled(injectedPod('old')))
  cluster.pages.set('chain/old', { status: 200, body: pageOf() })
  const abroad = peerSet(
    'all',
    { source: { validators: { consumers: 'all' } }, output: { ...found, namespace: '{chainId}' } },
    'provider',
  )
  cluster.objects.set(collection, { items: [abroad] })
  const isNamed = async () => (await look()).pods[0]?.notes.length === 1
  t.notOk(await isNamed(), 'no consent')
  const namespace = optedIn('chain')
  const annotations = { 'repeer.dev/allow-peersets-from': 'provider' }
  cluster.objects.set('/api/v1/namespaces/chain', { ...namespace, metadata: { ...namespace.metadata, annotations } })
  t.notOk(await isNamed(), 'the webhook does not look at the namespace of the PeerSet')
  cluster.objects.set('/api/v1/namespaces/provider', optedIn('provider'))
  t.ok(await isNamed())
})

t.test('without the permission for all namespaces those of the own count; without any it is said', async t => {
  const { cluster, look } = await standIn(t)
  cluster.putPod(labelled(injectedPod('old')))
  cluster.pages.set('chain/old', { status: 200, body: pageOf() })
  cluster.objects.set('/apis/repeer.dev/v1alpha1/namespaces/chain/peersets', { items: [peerSet('set')] })
  cluster.deny = (_method, path) => (path === collection ? 'no' : undefined)
  t.match((await look()).pods[0]?.notes, [/PeerSet chain\/set/])
  cluster.deny = (_method, path) => (path.endsWith('/peersets') ? 'no' : undefined)
  const report = await look()
  t.strictSame(report.pods[0]?.notes, [])
  t.match(report.notes, [/PeerSets of namespace chain may not be read \(permission list on peersets\)/])
})
