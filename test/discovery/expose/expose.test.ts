// spec.expose against the stand-in for the API server: what is written, when, and what is not.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { startApiServer } from '../../../demo/api-server.ts'
import { createCollections } from '../../../discovery/collections.ts'
import { type Consent, createConsents } from '../../../discovery/consents.ts'
import { createExposure } from '../../../discovery/expose/expose.ts'
import { startTidying } from '../../../discovery/expose/tidy.ts'
import type { PeerSet } from '../../../discovery/peer-set.ts'
import { portsOf } from '../../../discovery/sources/validators/ports.ts'
import type { Exposure } from '../../../discovery/spec-parts.ts'
import { apiReader } from '../../../kubernetes/api-client.ts'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { memoryLog } from '../../fixtures/log-lines.ts'
import { until } from '../../fixtures/until.ts'
import { peerSet } from '../fixtures/specs.ts'
import { applies } from './fixtures/applies.ts'
import { pod } from './fixtures/objects.ts'

type Service = KubernetesObject & { spec: { ports: { name: string; port: number }[] } }
type Slice = KubernetesObject & { endpoints: { addresses: string[] }[]; ports: { name: string; port: number }[] }
const expose = { service: 'p2p', selector: { matchLabels: { app: 'chain' } }, keepSeconds: 0 }
const [one, two] = [portsOf('one-1').p2p, portsOf('two-1').p2p]
const second = (name: string, over: object = {}) => pod(name, { ...over, labels: { 'chain-id': 'two-1' } })

async function start(t: Test, objects: readonly object[] = []) {
  const api = await startApiServer()
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const log = memoryLog()
  const times = { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, watchSeconds: 60, random: () => 0.5 }
  const reader = (signal: AbortSignal) => apiReader(config, { signal, idleSeconds: 60 })
  const collections = createCollections({ reader, times, log, now: () => performance.now() })
  const consents = new Map<string, Consent>()
  const { given, writes } = applies(api)
  const state = { hints: 0, now: 0, leads: true, consentsKnown: true }
  const made: Exposure[] = []
  const end = new AbortController()
  t.teardown(async () => {
    end.abort()
    for (const exposure of made) await exposure.close()
    await collections.close()
    await api.close()
  })
  const put = (object: object) => api.put(object as KubernetesObject)
  for (const object of objects) await put(object)
  return {
    api,
    given,
    state,
    put,
    end: () => end.abort(),
    share: (namespace: string) => consents.set(namespace, { read: ['a'], write: [] }),
    make(over: object = {}, more: Partial<PeerSet> = {}) {
      const exposure = createExposure(peerSet({}, more), { ...expose, ...over }, () => state.hints++, {
        collections,
        consents: createConsents(name => consents.get(name)),
        consentsKnown: () => state.consentsKnown,
        writes,
        allowed: () => state.leads,
        now: () => state.now,
      })
      made.push(exposure)
      return () => exposure.reconcile(AbortSignal.timeout(10_000))
    },
    tidy(sets: () => readonly PeerSet[]) {
      return startTidying({ collections, sets, writes, allowed: () => true, log, coalesceMs: 10, signal: end.signal })
    },
    ports: async () =>
      ((await api.get<Service>('Service', 'p2p', 'a'))?.spec.ports ?? []).map(({ port }) => port).sort(),
    async behind(chain: string) {
      const names = new Set(given.slices.map(slice => (slice as KubernetesObject).metadata?.name ?? ''))
      const slices = await Promise.all([...names].map(name => api.get<Slice>('EndpointSlice', name, 'a')))
      return slices.flatMap(slice =>
        slice?.ports[0]?.name === `p2p-${chain}` ? slice.endpoints.flatMap(({ addresses }) => addresses) : [],
      )
    },
  }
}

t.test('ports and endpoints come and go with pods; nothing is written twice', async t => {
  const given = await start(t, [
    pod('x', { ip: '10.0.0.1' }),
    second('y', { ip: '10.0.0.2' }),
    pod('stray', { labels: { app: 'other' } }),
  ])
  const reconcile = given.make()
  t.match(await reconcile(), {
    ok: false,
    reason: 'NoAddress',
    change: /\+p2p-one-1 \d+ \+p2p-two-1|\+p2p-two-1 \d+ \+p2p-one-1/,
  })
  t.same(await given.ports(), [one, two].sort())
  t.same([await given.behind('one-1'), await given.behind('two-1')], [['10.0.0.1'], ['10.0.0.2']])
  const counts = () => [given.given.services.length, given.given.slices.length]
  t.same(counts(), [1, 2])
  for (let i = 0; i < 3; i++) t.notOk((await reconcile()).change)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.same(counts(), [1, 2], 'nor when the watch tells of it')
  t.equal(given.state.hints <= 1, true, `what was written is no news (${given.state.hints} hints)`)

  await given.put(pod('x', { ip: '10.0.0.9' }))
  await until('the moved pod', async () => {
    await reconcile()
    return String(await given.behind('one-1')) === '10.0.0.9'
  })
  t.same(counts(), [1, 3], 'one slice')

  await given.api.delete('Pod', 'y', 'a')
  await until('its port is gone', async () => {
    await reconcile()
    return String(await given.ports()) === String([one])
  })
  t.same(await given.behind('two-1'), [])
  t.same(counts(), [2, 4], 'one write of the Service, one slice emptied')
})

t.test('a port stays while its chain may come back', async t => {
  const given = await start(t, [pod('x', { ip: '10.0.0.1' }), second('y', { ip: '10.0.0.2' })])
  const reconcile = given.make({ keepSeconds: 60 })
  await reconcile()
  await given.api.delete('Pod', 'y', 'a')
  await until('it is noticed', async () => /p2p-two-1 \(no pods\)/.test((await reconcile()).message))
  t.same(await given.behind('two-1'), [])
  t.same(await given.ports(), [one, two].sort())
  given.state.now = 61_000
  await reconcile()
  t.same(await given.ports(), [one])
})

t.test('a Service of somebody else', async t => {
  const theirs = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'p2p', namespace: 'a' },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'theirs', port: 9, protocol: 'TCP' }],
    },
    status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } },
  }
  const given = await start(t, [theirs, pod('x', { ip: '10.0.0.1' })])
  const reconcile = given.make()
  t.match(await reconcile(), {
    ok: true,
    reason: 'Exposed',
    message: `Service a/p2p at lb.example.com: one-1 on ${one}`,
  })
  t.same(await given.ports(), [one, 9].sort())
  t.notOk('type' in (given.given.services[0]?.body.spec ?? {}), 'its type and policy are not ours')
  await given.api.delete('Pod', 'x', 'a')
  await until('only theirs', async () => {
    await reconcile()
    return String(await given.ports()) === '9'
  })
  await given.put(pod('y', { ip: '10.0.0.2' }))
  await given.put({ ...theirs, spec: { ...theirs.spec, selector: { app: 'chain' } } })
  const writes = given.given.services.length
  await until('it has a selector', async () => (await reconcile()).reason === 'UnfitService')
  t.equal(given.given.services.length, writes)
})

t.test("the ICS operator's Service: a selector that matches no pod, and a placeholder", async t => {
  const theirs = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'p2p', namespace: 'a' },
    spec: {
      type: 'LoadBalancer',
      ipFamilies: ['IPv4'],
      selector: { 'this-will-not-match': 'anything' },
      ports: [{ name: 'placeholder', port: 1, targetPort: 1, protocol: 'TCP' }],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  }
  const given = await start(t, [theirs, pod('x', { ip: '10.0.0.1' })])
  const reconcile = given.make()
  t.match(await reconcile(), {
    ok: true,
    reason: 'Exposed',
    message:
      /one-1 on \d+; Service a\/p2p: its selector this-will-not-match=anything matches no pod, .*its port placeholder 1 leads nowhere/,
  })
  t.same(await given.ports(), [1, one])
  t.same(await given.behind('one-1'), ['10.0.0.1'])
  const { hints } = given.state
  await given.put({
    ...pod('meant', { ip: '10.0.0.9' }),
    metadata: { name: 'meant', namespace: 'a', labels: { 'this-will-not-match': 'anything' } },
  })
  await until('a hint', () => given.state.hints > hints)
  t.match(await reconcile(), { ok: false, reason: 'UnfitService', message: /a selector that matches 1 pods/ })
})

t.test('two PeerSets share a Service, and tidying after one that goes', async t => {
  const given = await start(t, [pod('x', { ip: '10.0.0.1' }), second('y', { ip: '10.0.0.2' })])
  const only = (id: string) => ({ selector: { matchLabels: { app: 'chain', 'chain-id': id } } })
  const [first, other] = [given.make(only('one-1')), given.make(only('two-1'), { name: 'other', uid: 'uid-2' })]
  await first()
  await until('both', async () => {
    await other()
    return (await given.ports()).length === 2
  })
  await first()
  t.same(await given.ports(), [one, two].sort())
  const exposing = [peerSet({ expose }), peerSet({ expose }, { name: 'other', uid: 'uid-2' })]
  let sets = exposing
  const tidying = given.tidy(() => sets)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.equal((await given.ports()).length, 2)
  sets = [peerSet({ expose }), peerSet({}, { name: 'other', uid: 'uid-2' })]
  tidying.hint()
  await until('the port of the other is gone', async () => String(await given.ports()) === String([one]))
  await until('nothing is behind it', async () => (await given.behind('two-1')).length === 0)
  const last = given.given.services.at(-1)
  t.match(last, { manager: 'repeer-discovery/a/other', body: { metadata: { uid: String } } })
  t.same(await given.behind('one-1'), ['10.0.0.1'])
  sets = []
  tidying.hint()
  await new Promise(resolve => setTimeout(resolve, 100))
  t.same(await given.ports(), [one], 'the last port is not asked away')
  given.end()
  await tidying.done
  t.pass('it ends while it has nothing to do')
})

t.test('namespaces by consent, and nothing while it is not known', async t => {
  const given = await start(t, [pod('x', { ip: '10.0.0.1' }), second('y', { ip: '10.0.0.2', namespace: 'b' })])
  const reconcile = given.make({ namespaces: ['a', 'b'] })
  t.match(await reconcile(), { message: /namespace b: the namespace has no annotation that shares its peers/ })
  t.same(await given.ports(), [one])
  given.share('b')
  await reconcile()
  t.same(await given.ports(), [one, two].sort())
  given.state.consentsKnown = false
  await given.api.delete('Pod', 'x', 'a')
  t.match(await reconcile(), {
    ok: false,
    reason: 'Unknown',
    message: /consents of namespaces are not known; ports and endpoints stay/,
  })
  t.same(await given.ports(), [one, two].sort())
})

t.test('pods that cannot be read take nothing away', async t => {
  const given = await start(t, [pod('x', { ip: '10.0.0.1' })])
  await given.make()()
  given.api.refuse(403)
  const again = given.make({ selector: { matchLabels: { app: 'chain', 'chain-id': 'one-1' } } })
  t.match(await again(), {
    ok: false,
    reason: 'Unknown',
    message: /Pods of namespace a: .*ports and endpoints stay as they are/,
  })
  given.api.refuse(undefined)
  t.same(await given.ports(), [one])
  t.equal(given.given.services.length, 1)
})

t.test('what the API server refuses is said; where it does not answer, it is tried again', async t => {
  const given = await start(t, [pod('x', { ip: '10.0.0.1' })])
  const reconcile = given.make()
  given.given.refuse = new ApiError('The API server answers 403: forbidden', 403)
  t.match(await reconcile(), {
    ok: false,
    reason: 'Refused',
    message: /403: forbidden\. Exposing needs manifests\/overlays\/expose/,
  })
  given.given.refuse = new ApiError('The API server answers 409: conflict', 409)
  t.match(await reconcile(), { reason: 'Conflict' })
  given.given.refuse = new ApiError('The API server answers 503', 503)
  await t.rejects(reconcile(), /503/)
  given.given.refuse = undefined
  given.state.leads = false
  await reconcile()
  t.equal(given.given.services.length, 0, 'a replica that does not lead writes nothing')
  given.state.leads = true
  await reconcile()
  t.same(await given.ports(), [one])
  t.match(await given.make({ service: 'UPPER' })(), { ok: false, reason: 'Invalid', message: /spec\.expose\.service/ })
})
