// The sources that read the cluster, against the stand-in for the API server, over real connections.
import { createServer } from 'node:net'
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { type ApiServer, startApiServer } from '../../../demo/api-server.ts'
import { createCollections } from '../../../discovery/collections.ts'
import { type Consent, createConsents } from '../../../discovery/consents.ts'
import { createProbe } from '../../../discovery/probe.ts'
import type { Source } from '../../../discovery/source.ts'
import { sources as choose } from '../../../discovery/sources/index.ts'
import { apiReader } from '../../../kubernetes/api-client.ts'
import { hostPort } from '../../../peers/peer.ts'
import { memoryLog } from '../../fixtures/log-lines.ts'
import { until } from '../../fixtures/until.ts'
import { spec } from '../fixtures/specs.ts'

type Given = {
  api: ApiServer
  requests: string[]
  hints: () => number
  share: (namespace: string) => void
  make: (source: object, over?: object) => Source
}

async function start(t: Test, objects: readonly object[]): Promise<Given> {
  const requests: string[] = []
  const api = await startApiServer({ onRequest: (method, url) => requests.push(`${method} ${url}`) })
  for (const object of objects) await api.put(object as KubernetesObject)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const log = memoryLog()
  const times = { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, watchSeconds: 60, random: () => 0.5 }
  const reader = (signal: AbortSignal) => apiReader(config, { signal, idleSeconds: 60 })
  const collections = createCollections({ reader, times, log, now: () => performance.now() })
  const consents = new Map<string, Consent>()
  const sources: Source[] = []
  const createSource = choose()
  let hints = 0
  t.teardown(async () => {
    for (const source of sources) await source.close()
    await collections.close()
    await api.close()
  })
  return {
    api,
    requests,
    hints: () => hints,
    share: namespace => consents.set(namespace, { read: ['a'], write: [] }),
    make: (source, over = {}) => {
      const read = spec({ source, ...over })
      const made = createSource(read.source, {
        hint: () => hints++,
        log,
        now: Date.now,
        namespace: 'a',
        home: read.output.namespace,
        exclude: read.exclude,
        allowPrivate: false,
        collections,
        consents: createConsents(name => consents.get(name)),
        probe: createProbe(),
      })
      sources.push(made)
      return made
    },
  }
}

const signal = () => AbortSignal.timeout(10_000)
const look = async (source: Source) => {
  const { peers, problems, considered, incomplete = false } = await source.look(signal())
  return {
    peers: peers.map(peer => `${peer.id === undefined ? '' : `${peer.id}@`}${hostPort(peer)}`).sort(),
    problems: problems.map(({ code, subject }) => `${code} ${subject}`),
    considered,
    incomplete,
  }
}
const becomes = (source: Source, peers: string[]) =>
  until(JSON.stringify(peers), async () => JSON.stringify((await look(source)).peers) === JSON.stringify(peers))

const id = (digit: string) => digit.repeat(40)
const labels = (over: Record<string, string> = {}) => ({ peer: 'true', 'chain-id': 'demo', ...over })
const service = (name: string, over: { labels?: object; spec?: object; status?: object; namespace?: string } = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: over.namespace ?? 'a', labels: over.labels ?? labels({ 'node-id': id('A') }) },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'p2p', port: 26656 }], ...over.spec },
  ...(over.status ? { status: over.status } : {}),
})
const slice = (service: string, addresses: readonly string[], port = 26656) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-x`, namespace: 'a', labels: labels({ 'kubernetes.io/service-name': service }) },
  endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: 'p2p', port }],
})
const pod = (
  name: string,
  ip: string | undefined,
  over: { ready?: boolean; metadata?: object; ports?: object[]; namespace?: string } = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: over.namespace ?? 'a', labels: labels(), ...over.metadata },
  spec: { containers: [{ name: 'node', ports: over.ports ?? [{ name: 'p2p', containerPort: 26656 }] }] },
  status: {
    ...(ip ? { podIP: ip } : {}),
    conditions: [{ type: 'Ready', status: over.ready === false ? 'False' : 'True' }],
  },
})
const selector = { matchLabels: { peer: 'true', 'chain-id': 'demo' } }

t.test('services', async t => {
  t.test('by name, by ClusterIP and by load balancer', async t => {
    const given = await start(t, [
      service('one'),
      service('headless', { spec: { clusterIP: 'None' }, labels: labels() }),
      service('outside', {
        labels: labels({ 'node-id': id('b') }),
        status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } },
      }),
      service('unnamed', { spec: { ports: [{ port: 1 }, { port: 2 }] } }),
      service('crooked', { labels: labels({ 'node-id': 'no id!' }) }),
      service('other', { labels: { peer: 'true', 'chain-id': 'another' } }),
    ])
    const shared = ['bad-id Service a/crooked', 'no-port Service a/unnamed']
    t.strictSame(await look(given.make({ services: { selector } })), {
      peers: [`${id('a')}@one:26656`, `${id('b')}@outside:26656`, 'headless:26656'],
      problems: shared,
      considered: 5,
      incomplete: false,
    })
    t.match(await look(given.make({ services: { selector, address: 'ClusterIP', port: 1234 } })), {
      peers: [`${id('a')}@10.96.0.7:1234`, `${id('a')}@10.96.0.7:1234`, `${id('b')}@10.96.0.7:1234`],
      problems: ['bad-id Service a/crooked', 'no-address Service a/headless'],
    })
    t.match((await look(given.make({ services: { selector, address: 'LoadBalancer' } }))).peers, [
      `${id('b')}@198.51.100.7:26656`,
    ])
    t.match((await look(given.make({ services: { selector } }, { exclude: { names: ['one', 'headless'] } }))).peers, [
      `${id('b')}@outside:26656`,
    ])
    const elsewhere = { output: { configMap: 'c', key: 'k', format: 'generic-list', namespace: 'z' } }
    t.match(
      (await look(given.make({ services: { selector } }, elsewhere))).peers,
      [`${id('a')}@one.a.svc:26656`],
      'in full for readers elsewhere',
    )
    const lists = given.requests.filter(url => url.includes('/services?') && !url.includes('watch=true'))
    t.equal(lists.length, 1, 'one list of Services for all who ask with this selector')
  })

  t.test('the endpoints behind them, as they come and go', async t => {
    const given = await start(t, [
      service('one'),
      service('many', { labels: labels() }),
      slice('one', ['10.0.0.1']),
      slice('many', ['10.0.0.3', '10.0.0.2'], 26000),
    ])
    const source = given.make({ services: { selector, address: 'Endpoints' } })
    t.match((await look(source)).peers, ['10.0.0.2:26000', '10.0.0.3:26000', `${id('a')}@10.0.0.1:26656`])
    const before = given.hints()
    await given.api.put(slice('one', ['10.0.0.9', '10.0.0.8']) as KubernetesObject)
    await until('a hint', () => given.hints() > before)
    t.match(await look(source), {
      peers: ['10.0.0.2:26000', '10.0.0.3:26000', `${id('a')}@10.0.0.8:26656`],
      problems: ['several-addresses Service a/one'],
    })
    await given.api.put(slice('one', []) as KubernetesObject)
    await until('nobody behind it', async () => (await look(source)).problems.includes('no-address Service a/one'))
    const hinted = given.hints()
    await given.api.put(service('unrelated', { labels: { peer: 'false' } }) as KubernetesObject)
    await given.api.put(service('one', { spec: { sessionAffinity: 'None' } }) as KubernetesObject)
    await given.api.put(service('late', { labels: labels() }) as KubernetesObject)
    await until('a hint', () => given.hints() > hinted)
    t.equal(given.hints(), hinted + 1, 'only what matters is a hint')
  })
})

t.test('pods', async t => {
  t.test('Ready ones at their address', async t => {
    const given = await start(t, [
      pod('one', '10.0.0.1', { metadata: { annotations: { id: id('c') } } }),
      pod('six', 'fd00::1', { ports: [{ containerPort: 7000 }] }),
      pod('starting', '10.0.0.2', { ready: false }),
      pod('leaving', '10.0.0.3', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      pod('new', undefined, { ready: false }),
      pod('mute', '10.0.0.4', { ports: [] }),
      pod('me', '10.0.0.5'),
    ])
    const source = given.make({ pods: { selector, idFrom: { annotation: 'id' } } }, { exclude: { names: ['me'] } })
    t.match(await look(source), {
      peers: ['[fd00::1]:7000', `${id('c')}@10.0.0.1:26656`],
      problems: ['not-ready pod a/leaving', 'no-port pod a/mute', 'not-ready pod a/new', 'not-ready pod a/starting'],
    })
    await given.api.put(pod('starting', '10.0.0.2') as KubernetesObject)
    await given.api.delete('Pod', 'one', 'a')
    await becomes(source, ['10.0.0.2:26656', '[fd00::1]:7000'])
  })

  t.test('who is not Ready any more stays for a while, at the same address; who is deleted goes at once', async t => {
    const given = await start(t, [
      pod('one', '10.0.0.1'),
      pod('two', '10.0.0.2'),
      pod('three', '10.0.0.3', { ready: false }),
    ])
    const [patient, strict] = [
      given.make({ pods: { selector } }),
      given.make({ pods: { selector, keepUnreadySeconds: 0 } }),
    ]
    await look(patient)
    await given.api.put(pod('one', '10.0.0.1', { ready: false }) as KubernetesObject)
    await becomes(strict, ['10.0.0.2:26656'])
    t.match((await look(patient)).peers, ['10.0.0.1:26656', '10.0.0.2:26656'])
    await given.api.put(pod('one', '10.0.0.9', { ready: false }) as KubernetesObject)
    await becomes(patient, ['10.0.0.2:26656'])
    await given.api.put(
      pod('two', '10.0.0.2', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }) as KubernetesObject,
    )
    await becomes(patient, [])
  })

  t.test('the health check keeps out who does not answer, visibly, until it does', async t => {
    const listener = createServer(socket => socket.destroy())
    const listen = (port: number) => new Promise<void>(resolve => listener.listen(port, '127.0.0.1', resolve))
    await listen(0)
    const { port } = listener.address() as { port: number }
    t.teardown(() => listener.close())
    const given = await start(t, [pod('one', '127.0.0.1')])
    const source = given.make({ pods: { selector, port, healthCheck: { timeoutSeconds: 1 }, keepUnreadySeconds: 0 } })
    t.strictSame((await look(source)).peers, [`127.0.0.1:${port}`])
    await new Promise(resolve => listener.close(resolve))
    t.match(await look(source), { peers: [], problems: ['no-answer pod a/one'] })
    await listen(port)
    t.strictSame((await look(source)).peers, [`127.0.0.1:${port}`])
  })
})

t.test('namespaces: several or all, by consent; one that fails does not stop the others', async t => {
  const given = await start(t, [
    pod('one', '10.0.0.1'),
    pod('two', '10.0.0.2', { namespace: 'b' }),
    pod('three', '10.0.0.3', { namespace: 'c' }),
  ])
  const named = given.make({ pods: { selector, namespaces: ['a', 'b'] } })
  const all = given.make({ pods: { selector, namespaces: ['*'] } })
  t.match(await look(named), { peers: ['10.0.0.1:26656'], problems: ['no-consent namespace b'], incomplete: false })
  t.match(await look(all), { peers: ['10.0.0.1:26656'], problems: [] })
  given.share('b')
  t.strictSame((await look(named)).peers, ['10.0.0.1:26656', '10.0.0.2:26656'])
  t.strictSame((await look(all)).peers, ['10.0.0.1:26656', '10.0.0.2:26656'])

  // From now on everything fails: what is known counts, what is asked for anew is unknown.
  given.api.refuse(503)
  given.api.dropWatches()
  await until('the failure to show', async () => (await look(named)).problems.length === 2)
  t.match(await look(named), {
    peers: ['10.0.0.1:26656', '10.0.0.2:26656'],
    problems: ['unreadable namespace a', 'unreadable namespace b'],
    incomplete: false,
  })
  given.share('c')
  const wider = given.make({ pods: { selector, namespaces: ['a', 'c'] } })
  t.match(await look(wider), {
    peers: ['10.0.0.1:26656'],
    problems: ['unreadable namespace a', 'unreadable namespace c'],
    incomplete: true,
  })
  await t.rejects(given.make({ services: { selector } }).look(signal()), { message: /Services of namespace a: .*503/ })
  given.api.refuse(undefined)
  await until('all is well', async () => (await look(wider)).problems.length === 0)
  t.match(await look(wider), { peers: ['10.0.0.1:26656', '10.0.0.3:26656'], incomplete: false })
})

t.test('stellarNodes', async t => {
  const node = (name: string, over: object = {}, namespace = 'a') => ({
    apiVersion: 'stellar.org/v1alpha1',
    kind: 'StellarNode',
    metadata: { name, namespace },
    spec: { nodeType: 'Validator', replicas: 1, validatorConfig: { seedSecretRef: 's' }, ...over },
  })
  const own = (name: string, ip: string, over: Parameters<typeof pod>[2] = {}) =>
    pod(`${name}-0`, ip, {
      ...over,
      metadata: { labels: { 'app.kubernetes.io/name': 'stellar-node', 'app.kubernetes.io/instance': name } },
    })
  const objects = [
    node('v1'),
    own('v1', '10.0.0.1'),
    node('v2', { validatorConfig: { peerPort: 11999 } }),
    own('v2', '10.0.0.2', { ports: [] }),
    node('suspended', { suspended: true }),
    own('suspended', '10.0.0.3'),
    node('away', { replicas: 0 }),
    own('away', '10.0.0.4'),
    node('horizon', { nodeType: 'Horizon' }),
    own('horizon', '10.0.0.5'),
    node('failing'),
    own('failing', '10.0.0.6', { ready: false }),
    node('podless'),
  ]

  t.test('validators that are meant to run, at the address of their Ready pod', async t => {
    const given = await start(t, objects)
    const source = given.make({ stellarNodes: {} })
    t.strictSame(await look(source), {
      peers: ['10.0.0.1:11625', '10.0.0.2:11999'],
      problems: ['not-ready StellarNode a/failing', 'not-ready StellarNode a/podless'],
      considered: 6,
      incomplete: false,
    })
    await given.api.put(node('suspended') as KubernetesObject)
    await given.api.put(own('failing', '10.0.0.6') as KubernetesObject)
    await given.api.put(node('v1', { suspended: true }) as KubernetesObject)
    await becomes(source, ['10.0.0.2:11999', '10.0.0.3:11625', '10.0.0.6:11625'])
    t.match((await look(given.make({ stellarNodes: {} }, { exclude: { names: ['v2'] } }))).peers, [
      '10.0.0.3:11625',
      '10.0.0.6:11625',
    ])
  })

  t.test('nodes that state no port, as those of today: 11625, or what the PeerSet says', async t => {
    const given = await start(t, [node('v1'), own('v1', '10.0.0.1', { ports: [] }), ...objects.slice(2, 4)])
    t.strictSame((await look(given.make({ stellarNodes: {} }))).peers, ['10.0.0.1:11625', '10.0.0.2:11999'])
    t.strictSame((await look(given.make({ stellarNodes: { port: 11_700 } }))).peers, [
      '10.0.0.1:11700',
      '10.0.0.2:11999',
    ])
  })

  t.test('two hundred validators, and one that comes', async t => {
    const names = Array.from({ length: 200 }, (_, index) => `v${index}`)
    const ip = (index: number) => `10.1.${Math.floor(index / 100)}.${index % 100}`
    const given = await start(
      t,
      names.flatMap((name, index) => [node(name), own(name, ip(index))]),
    )
    const source = given.make({ stellarNodes: {} }, { limit: 1000 })
    t.equal((await look(source)).peers.length, 200)
    await given.api.put(node('late') as KubernetesObject)
    await given.api.put(own('late', '10.2.0.1') as KubernetesObject)
    await becomes(source, [...names.map((_, index) => `${ip(index)}:11625`), '10.2.0.1:11625'].sort())
  })

  t.test('what cannot be read is said, with what to do', async t => {
    const given = await start(t, objects)
    given.api.refuse(403)
    await t.rejects(given.make({ stellarNodes: {} }).look(signal()), { message: /403.*manifests\/overlays\/stellar/ })
    const without = await start(t, [])
    without.api.refuse(404)
    const message = /Is the CRD stellarnodes.stellar.org \(v1alpha1\) installed\?/
    await t.rejects(without.make({ stellarNodes: {} }).look(signal()), { message })
  })
})

t.test('static', async t => {
  const given = await start(t, [])
  const source = given.make({ static: { peers: ['10.0.0.1:1', `${id('A')}@Host.Example:2`, 'x'] } })
  t.match(await look(source), {
    peers: ['10.0.0.1:1', `${id('a')}@host.example:2`],
    problems: ['malformed static.peers[2]'],
    considered: 3,
  })
})

t.test('a source that is closed gives up its watches, the last of those who share them', async t => {
  const given = await start(t, [pod('one', '10.0.0.1')])
  const [first, second] = [given.make({ pods: { selector } }), given.make({ pods: { selector } })]
  await look(first)
  await look(second)
  await first.close()
  await given.api.put(pod('two', '10.0.0.2') as KubernetesObject)
  await becomes(second, ['10.0.0.1:26656', '10.0.0.2:26656'])
  await second.close()
  const third = given.make({ pods: { selector } })
  const before = given.requests.length
  t.strictSame((await look(third)).peers, ['10.0.0.1:26656', '10.0.0.2:26656'])
  t.ok(given.requests.length > before, 'it is read anew')
})
