import t from 'tap'
import { type DeliveredPod, deliveredOutcome, readDeliveredPod } from '../../discovery/delivering.ts'
import { readDelivering } from '../../peers/peer-set/delivering.ts'
import { injectedPod, plan } from '../cli/fixtures/pods.ts'

const set = readDelivering({
  metadata: { namespace: 'a', name: 'set' },
  spec: {
    output: { namespace: 'a', configMap: 'found', key: 'list', format: 'cometbft-list' },
    deliver: { podSelector: { matchLabels: { app: 'node' } } },
  },
})
if (!set) throw new Error('it delivers nothing')
const pod = (sources: readonly string[] | undefined, over: Partial<DeliveredPod> = {}): DeliveredPod => ({
  namespace: 'a',
  labels: { app: 'node' },
  containers: ['node'],
  sources,
  ...over,
})
const outcome = (...pods: DeliveredPod[]) =>
  deliveredOutcome(
    set,
    pods.map((pod, index) => ({ name: `p${index}`, pod })),
    (from, to) => from === to,
  )

t.test('who has the list, who is older, and who has no sidecar', async t => {
  const [has, older, bare] = [pod(['found/list', 'x/y']), pod(['x/y']), pod(undefined)]
  t.match(outcome(), { ok: true, reason: 'NoPods' })
  t.match(
    outcome(pod(undefined, { labels: {} }), pod([], { namespace: 'b' })),
    { ok: true, reason: 'NoPods' },
    'not meant',
  )
  t.match(outcome(has, has), { ok: true, reason: 'Delivered', message: '2 pods have the list' })
  t.match(outcome(has, bare), {
    ok: true,
    reason: 'Delivered',
    message: /; 1 without the sidecar \(repeer check says why\): a\/p1/,
  })
  t.match(outcome(has, older, bare), {
    ok: false,
    reason: 'CreateAnew',
    message:
      /^1 of 3 pods were created before this PeerSet delivered to them; create them anew: a\/p1; 1 without the sidecar/,
  })
  t.match(outcome(bare), { ok: false, reason: 'NotInjected', message: /have to have opted in/ })
  t.match(outcome(...Array.from({ length: 7 }, () => older)).message, /a\/p4 and 2 more$/)
})

t.test('what is read of a pod', async t => {
  const source = {
    kind: 'ConfigMap',
    name: 'found',
    key: 'list',
    via: 'init',
    format: 'cometbft-list',
    role: 'peer',
    level: 'none',
  } as const
  const object = injectedPod('node', { namespace: 'a', plan: { sources: [...plan.sources, source] } })
  t.strictSame(readDeliveredPod(object), {
    namespace: 'a',
    labels: {},
    containers: ['node'],
    sources: ['config/config.toml', 'found/list'],
  })
  t.match(
    readDeliveredPod({ ...object, metadata: { name: 'x', namespace: 'a', annotations: { 'repeer.dev/plan': '{}' } } }),
    {
      sources: undefined,
    },
  )
  t.equal(readDeliveredPod({ ...object, status: { phase: 'Succeeded' } } as never), undefined)
  t.equal(readDeliveredPod({ metadata: { ...object.metadata, deletionTimestamp: 'now' } } as never), undefined)
  t.strictSame(readDeliveredPod({}), { namespace: '', labels: {}, containers: [], sources: undefined })
})
