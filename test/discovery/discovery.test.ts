// Discovery as a whole, against the stand-in for the API server: PeerSets that come, change and go, and the ConfigMaps
// they write.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { startApiServer } from '../../demo/api-server.ts'
import { startDiscovery } from '../../discovery/discovery.ts'
import type { PeerSetStatus } from '../../discovery/peer-set.ts'
import { portsOf } from '../../discovery/sources/validators/ports.ts'
import type { PodEvent } from '../../kubernetes/events.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { until } from '../fixtures/until.ts'
import { configMapObject, object } from './fixtures/specs.ts'

type ConfigMap = KubernetesObject & { data: Record<string, string> }

async function start(t: Test, objects: readonly object[], leads = () => true) {
  const requests: string[] = []
  const given = { seen: (_request: string) => {} }
  const api = await startApiServer({
    onRequest: (method, url) => {
      requests.push(`${method} ${url}`)
      given.seen(`${method} ${url}`)
    },
  })
  for (const object of objects) await api.put(object as KubernetesObject)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const events: (PodEvent & { kind: string | undefined; name: string })[] = []
  const begin = () =>
    startDiscovery(config, {
      log: memoryLog(),
      events: { tell: ({ kind, name }, event) => events.push({ ...event, kind, name }) },
      allowed: leads,
      coalesceMs: 20,
      times: { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, random: () => 0.5 },
    })
  let discovery = begin()
  t.teardown(async () => {
    await discovery.close()
    await api.close()
  })
  return {
    api,
    requests,
    given,
    events,
    put: (object: object) => api.put(object as KubernetesObject),
    writes: () => requests.filter(url => !url.startsWith('GET')),
    list: async (name: string, key = 'list', namespace = 'a') =>
      (await api.get<ConfigMap>('ConfigMap', name, namespace))?.data[key],
    status: async (name: string) =>
      (await api.get<KubernetesObject & { status?: PeerSetStatus }>('PeerSet', name, 'a'))?.status,
    discovery: () => discovery,
    again: async () => {
      await discovery.close()
      discovery = begin()
    },
  }
}

const namespace = (name: string, annotations: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, annotations },
})
const ready = (status: PeerSetStatus | undefined) => status?.conditions?.find(({ type }) => type === 'Ready')

t.test('a list is written, with its status and an event; and nothing more is written for it', async t => {
  const given = await start(t, [namespace('a'), configMapObject('peers', { theirs: 'x' }), object('set')])
  await until('the list', async () => (await given.list('peers')) === 'a:1\n')
  await until('the status', async () => ready(await given.status('set'))?.status === 'True')
  t.equal(await given.list('peers', 'theirs'), 'x', 'other keys stay')
  t.match(await given.list('peers', 'discovery_metadata'), /peer_count=1,candidates=1,source=static,peer_set=a\/set/)
  t.match(await given.status('set'), { peers: 1, source: 'static', hash: /^p1:/ })
  t.match(given.events, [{ kind: 'PeerSet', name: 'set', reason: 'PeersChanged' }])
  const writes = given.writes()
  t.match(writes, [
    /^PATCH .*configmaps\/peers\?fieldManager=repeer-discovery%2Fa%2Fset&force=false$/,
    /^PATCH .*peersets\/set\/status$/,
  ])
  await given.again()
  await until('it is followed again', () => given.discovery().figures().length === 1)
  await new Promise(resolve => setTimeout(resolve, 200))
  t.strictSame(given.writes(), writes, 'nor by a successor')
})

t.test('whoever takes a list away, or changes it, gets it back', async t => {
  const given = await start(t, [namespace('a'), object('set')])
  await until('the list', async () => (await given.list('peers')) === 'a:1\n')
  await given.put(configMapObject('peers', {}))
  await until('it is there again', async () => (await given.list('peers')) === 'a:1\n')
  await given.api.delete('ConfigMap', 'peers', 'a')
  await until('it is there again', async () => (await given.list('peers')) === 'a:1\n')
})

t.test('PeerSets that change, break, go and come anew', async t => {
  const given = await start(t, [namespace('a'), object('set')])
  await until('the list', async () => (await given.list('peers')) === 'a:1\n')
  await given.put({
    ...object('set', { additional: ['b:1'] }),
    metadata: { name: 'set', namespace: 'a', generation: 2 },
  })
  await until('the change', async () => (await given.list('peers')) === 'a:1\nb:1\n')
  await given.put({ ...object('set', { limit: 0 }), metadata: { name: 'set', namespace: 'a', generation: 3 } })
  await until('it is said', async () => ready(await given.status('set'))?.reason === 'Invalid')
  t.equal(await given.list('peers'), 'a:1\nb:1\n', 'the list stays')
  await given.api.delete('PeerSet', 'set', 'a')
  await until('it is gone', () => given.discovery().figures().length === 0)
  t.equal(await given.list('peers'), 'a:1\nb:1\n')
  await given.put(object('set'))
  await until('it is anew', async () => (await given.list('peers')) === 'a:1\n')
})

t.test('another namespace, once it consents', async t => {
  const abroad = { output: { configMap: 'peers', key: 'list', format: 'generic-list', namespace: 'b' } }
  const given = await start(t, [namespace('a'), namespace('b'), object('set', abroad)])
  await until('no consent', async () => ready(await given.status('set'))?.reason === 'NoConsent')
  t.notOk(given.writes().some(url => url.includes('/namespaces/b/')))
  await given.put(namespace('b', { 'repeer.dev/allow-peersets-from': 'x, a' }))
  await until('the list', async () => (await given.list('peers', 'list', 'b')) === 'a:1\n')
})

t.test('an API server that answers nothing for a while', async t => {
  const given = await start(t, [namespace('a'), object('set')])
  await until('the list', async () => (await given.list('peers')) === 'a:1\n')
  given.api.refuse(503)
  given.api.dropWatches()
  await until('it is noticed', () => given.discovery().behind().length >= 2)
  given.api.refuse(undefined)
  await given.put({
    ...object('set', { additional: ['b:1'] }),
    metadata: { name: 'set', namespace: 'a', generation: 2 },
  })
  await until('the change', async () => (await given.list('peers')) === 'a:1\nb:1\n')
  await until('nothing is behind', () => given.discovery().behind().length === 0)
})

t.test('a replica that does not lead any more writes nothing', async t => {
  const given = await start(t, [namespace('a'), object('set')], () => false)
  await until('it is followed', () => given.discovery().figures().length === 1)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.same(given.writes(), [])
})

t.test('what a change costs: requests by what has changed, not by what exists', async t => {
  const sets = Array.from({ length: 8 }, (_, index) =>
    object(`set${index}`, { output: { configMap: `peers${index}`, key: 'list', format: 'generic-list' } }),
  )
  const given = await start(t, [namespace('a'), ...sets])
  const all = async () => {
    const texts = await Promise.all(sets.map((_, index) => given.list(`peers${index}`)))
    return texts.every(text => text === 'a:1\n')
  }
  await until('all lists', all, 30)
  await until('all statuses', () => given.writes().length === 16, 30)
  const before = given.requests.length
  await given.put({
    ...sets[7],
    spec: {
      ...object('x').spec,
      output: { configMap: 'peers7', key: 'list', format: 'generic-list' },
      additional: ['b:1'],
    },
    metadata: { name: 'set7', namespace: 'a', generation: 2 },
  })
  await until('the change', async () => (await given.list('peers7')) === 'a:1\nb:1\n')
  await until('the status', async () => (await given.status('set7'))?.peers === 2)
  t.strictSame(given.requests.length - before, 2, 'the list and the status')
})

t.test(
  'a leader that is lost between two writes: nothing else is written, and its successor repeats nothing',
  async t => {
    let isLeading = true
    const given = await start(
      t,
      [namespace('a'), object('set'), configMapObject('peers', { theirs: 'x' })],
      () => isLeading,
    )
    given.given.seen = request => {
      if (/^PATCH .*configmaps/.test(request)) isLeading = false
    }
    await until('the list', async () => (await given.list('peers')) === 'a:1\n')
    await given.put(configMapObject('peers', { theirs: 'x' }))
    await new Promise(resolve => setTimeout(resolve, 100))
    t.match(given.writes(), [/^PATCH .*configmaps/], 'not the status, and not the list that is gone again')
    t.same(given.events, [])
    t.equal(await given.status('set'), undefined)
    await given.api.put(configMapObject('peers', { theirs: 'x', list: 'a:1\n' }) as KubernetesObject)
    given.given.seen = () => undefined
    isLeading = true
    await given.again()
    await until('the status', async () => ready(await given.status('set'))?.status === 'True')
    await new Promise(resolve => setTimeout(resolve, 100))
    t.match(given.writes(), [/^PATCH .*configmaps/, /^PATCH .*status$/], 'the list was there already')
  },
)

t.test(
  'spec.expose: a Service and an EndpointSlice, each by server-side apply with the manager of the PeerSet',
  async t => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'node', namespace: 'a', uid: 'p', labels: { app: 'chain', 'chain-id': 'one-1' } },
      spec: { nodeName: 'node1', containers: [{ name: 'node', ports: [{ name: 'p2p', containerPort: 26656 }] }] },
      status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] },
    }
    const expose = { service: 'p2p', selector: { matchLabels: { app: 'chain' } } }
    const given = await start(t, [namespace('a'), pod, object('set', { expose })])
    await until('the condition', async () =>
      (await given.status('set'))?.conditions?.some(
        ({ type, message }) => type === 'Exposed' && message.includes(`one-1 on ${portsOf('one-1').p2p}`),
      ),
    )
    const writes = given.writes().filter(url => !/configmaps|peersets/.test(url))
    t.match(
      writes[0],
      /^PATCH \/api\/v1\/namespaces\/a\/services\/p2p\?fieldManager=repeer-discovery%2Fa%2Fset&force=false$/,
    )
    t.match(
      writes[1],
      /^PATCH \/apis\/discovery\.k8s\.io\/v1\/namespaces\/a\/endpointslices\/p2p-[0-9a-f]{12}\?fieldManager=repeer-discovery%2Fa%2Fset&force=false$/,
    )
    t.match(await given.api.get('Service', 'p2p', 'a'), {
      spec: { type: 'LoadBalancer', ports: [{ name: 'p2p-one-1' }] },
    })
    t.ok(given.events.some(({ reason, name }) => reason === 'PortsChanged' && name === 'set'))
  },
)
