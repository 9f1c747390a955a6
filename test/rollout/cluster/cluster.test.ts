// The watch against the stand-in for the API server, over real connections.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t from 'tap'
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../../demo/api-server.ts'
import { formatEndpoints } from '../../../peers/endpoints.ts'
import { parsePeers } from '../../../peers/formats/index.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import { type ClusterWatch, type ClusterWatchOptions, startClusterWatch } from '../../../rollout/cluster/cluster.ts'
import { type InjectedPod, podKey } from '../../../rollout/pod.ts'
import { type Line, memoryLog } from '../../fixtures/log-lines.ts'
import { until } from '../../fixtures/until.ts'
import { pauseRows } from '../../peers/pauses.ts'
import { configMap, list, literal, namespace, pod, slice, source } from '../fixtures/objects.ts'

type Given = {
  api: ApiServer
  watch: ClusterWatch
  lines: Line[]
  requests: string[]
  /** Sets of keys that were told, and forgets them. */
  told(): string[][]
  desired(key: string): ReturnType<ClusterWatch['desired']>
}
type Test = { teardown(close: () => Promise<void>): unknown }

async function start(
  t: Test,
  objects: readonly KubernetesObject[],
  options: Partial<ClusterWatchOptions> = {},
  server: ApiServerOptions = {},
): Promise<Given> {
  const requests: string[] = []
  const onRequest = (method: string, url: string) => {
    requests.push(`${method} ${url}`)
    server.onRequest?.(method, url)
  }
  const api = await startApiServer({ ...server, onRequest })
  for (const object of objects) await api.put(object)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const log = memoryLog()
  const { lines } = log
  const told: string[][] = []
  const onChange = (keys: ReadonlySet<string>) => told.push([...keys].sort())
  const times = { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, random: () => 0.5 }
  const watch = startClusterWatch(config, { log, onChange, coalesceMs: 5, ...times, ...options })
  t.teardown(async () => {
    await watch.close()
    await api.close()
  })
  const wanted = (key: string) => {
    const found = watch.pod(key)
    return found ? watch.desired(found) : 'unknown'
  }
  return { api, watch, lines, requests, told: () => told.splice(0), desired: wanted }
}

const hashOf = (...hosts: string[]) => peerHash(parsePeers('generic-list', list(...hosts), { source: 'test' }))
const behind = (addresses: string[], stable = false) =>
  ({ addresses, ...(stable ? { stable } : {}) }) as { addresses: string[]; stable: boolean }
const desiredFor = (hosts: string[], endpoints?: Record<string, string[]>) => ({
  peerHash: hashOf(...hosts),
  ...(endpoints && {
    endpoints: formatEndpoints(
      Object.fromEntries(Object.entries(endpoints).map(([host, addresses]) => [host, behind(addresses)])),
    ),
  }),
})
const synced = ({ watch }: Given) =>
  until('the watch synced', () => watch.pending().length === 0 && watch.behind().length === 0)
const become = async (given: Given, key: string, wanted: object) => {
  const text = JSON.stringify(wanted)
  await until(`${key} wants ${text}`, () => JSON.stringify(given.desired(key)) === text)
}
const keys = (pods: Iterable<InjectedPod>) => [...pods].map(podKey).sort()

t.test('what each pod should be told, as things change', async t => {
  const given = await start(t, [
    namespace('a'),
    namespace('b', { labels: {} }),
    pod('a', 'node-0', [source('node')]),
    pod('b', 'node-0', [source('node')]),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'other', namespace: 'a' } },
    configMap('a', 'node', { peers: list('node-1', '1.1.1.1') }),
    slice('a', 'node-1', ['10.0.0.1']),
  ])
  const { api, watch, requests } = given
  t.strictSame(watch.pending(), ['Namespaces: not read yet'])
  t.strictSame([...watch.pods()], [])
  await synced(given)
  t.strictSame(keys(watch.pods()), ['a/node-0'])
  t.strictSame(given.desired('a/node-0'), desiredFor(['node-1', '1.1.1.1'], { 'node-1': ['10.0.0.1'] }))
  t.notOk(
    requests.some(url => url.includes('/namespaces/b/')),
    'and nothing is read where nobody has opted in',
  )
  t.equal(
    watch.desired({ ...(watch.pod('a/node-0') as InjectedPod), uid: 'earlier' }),
    'unknown',
    'a pod that was replaced',
  )

  await api.put(configMap('a', 'node', { peers: list('node-1', 'node-2') }))
  await become(given, 'a/node-0', desiredFor(['node-1', 'node-2'], { 'node-1': ['10.0.0.1'] }))
  await api.put(slice('a', 'node-2', ['10.0.0.2']))
  await become(given, 'a/node-0', desiredFor(['node-1', 'node-2'], { 'node-1': ['10.0.0.1'], 'node-2': ['10.0.0.2'] }))
  await api.put(slice('a', 'node-1', []))
  await become(given, 'a/node-0', desiredFor(['node-1', 'node-2'], { 'node-1': [], 'node-2': ['10.0.0.2'] }))
  await api.delete('EndpointSlice', 'node-1-abcde', 'a')
  await become(given, 'a/node-0', desiredFor(['node-1', 'node-2'], { 'node-2': ['10.0.0.2'] }))
  await api.put(configMap('a', 'node', { peers: '[' }))
  await until('the malformed list', () => /"unreadable:[0-9a-f]{16}"/.test(JSON.stringify(given.desired('a/node-0'))))
  await api.delete('ConfigMap', 'node', 'a')
  await become(given, 'a/node-0', {})

  given.told()
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  await api.put(pod('a', 'node-0', [source('node')], { metadata: { deletionTimestamp } }))
  await until('the deletion to begin', () => watch.pod('a/node-0')?.deleting)
  await until('that to be told', () => given.told().flat().includes('a/node-0'))
  await api.delete('Pod', 'node-0', 'a')
  await until('it to be gone', () => watch.pod('a/node-0') === undefined)
  await until('that to be told', () => given.told().flat().includes('a/node-0'))
})

t.test('namespaces that opt in and out, and pause', async t => {
  const objects = ['a', 'b'].flatMap(name => [
    pod(name, 'node-0', [source('node')]),
    configMap(name, 'node', { peers: list('1.1.1.1') }),
  ])
  const given = await start(t, [...objects, namespace('a'), namespace('b', { labels: {} })])
  const { api, watch } = given
  await synced(given)
  await api.put(namespace('b'))
  await become(given, 'b/node-0', desiredFor(['1.1.1.1']))
  t.equal(watch.paused('b'), false)
  given.told()
  await api.put(namespace('b', { annotations: { 'repeer.dev/pause': 'true' } }))
  await until('the pause', () => watch.paused('b'))
  await until('that to be told', () => given.told().flat().includes('b/node-0'))
  const rows: [labels: Record<string, string>, annotations: Record<string, string>, paused: boolean][] = [
    [{}, { 'repeer.dev/pause': 'false' }, false],
    [{ 'repeer.dev/pause': 'yes' }, {}, true],
    [{ 'repeer.dev/pause': 'false' }, {}, false],
    [{ 'repeer.dev/pause': 'false' }, { 'repeer.dev/pause': 'upgrade' }, true],
  ]
  for (const [labels, annotations, paused] of rows) {
    await api.put(namespace('b', { labels: { 'repeer.dev/inject': 'enabled', ...labels }, annotations }))
    await until(JSON.stringify([labels, annotations]), () => watch.paused('b') === paused)
  }
  t.strictSame(
    given.lines.filter(({ namespace }) => namespace === 'b').map(({ level, msg }) => [level, msg]),
    ['yes', 'upgrade'].map(odd => [
      40,
      `repeer.dev/pause is "${odd}", which holds restarts; expected "true" or "false"`,
    ]),
    'an odd value is logged once',
  )
  // In between it is said to be what it is not, so that what is waited for has to come.
  for (const where of ['labels', 'annotations'] as const) {
    for (const { text, held } of pauseRows) {
      await api.put(namespace('b', { annotations: { 'repeer.dev/pause': String(!held) } }))
      await until(`${!held}`, () => watch.paused('b') === !held)
      const value: Record<string, string> = text === undefined ? {} : { 'repeer.dev/pause': text }
      const labels = { 'repeer.dev/inject': 'enabled', ...(where === 'labels' ? value : {}) }
      await api.put(namespace('b', { labels, annotations: where === 'labels' ? {} : value }))
      await until(`${where}: ${JSON.stringify(text)}`, () => watch.paused('b') === held)
    }
  }
  given.told()
  await api.put(namespace('b', { labels: {} }))
  await until('b to be dropped', () => watch.pod('b/node-0') === undefined)
  await until('that to be told', () => given.told().flat().includes('b/node-0'))
  t.equal(watch.paused('b'), false)
  t.strictSame(keys(watch.pods()), ['a/node-0'])
  t.match(watch.counts(), { pods: 1, configMaps: 1 })
})

t.test('only what some pod needs is kept; what is needed later is fetched', async t => {
  const others = Array.from({ length: 50 }, (_, n) => [
    configMap('a', `other-${n}`, { peers: list(`x-${n}`) }),
    slice('a', `x-${n}`, ['10.0.0.9']),
  ])
  const given = await start(t, [
    namespace('a'),
    ...others.flat(),
    configMap('a', 'node', { peers: list('node-1'), more: list('x-4') }),
    slice('a', 'node-1', ['10.0.0.1']),
    pod('a', 'node-0', [source('node')]),
  ])
  const { api, watch, requests } = given
  await synced(given)
  t.strictSame(watch.counts(), { pods: 1, configMaps: 1, services: 1, computed: 0 })
  const singles = () =>
    requests
      .filter(url => /\/configmaps\/|labelSelector=kubernetes/.test(url))
      .map(decodeURIComponent)
      .map(url => url.replace(/.*namespaces/, ''))
  t.strictSame(singles(), [], 'each list once')

  await api.put(pod('a', 'node-1', [source('other-3'), source('absent')]))
  await become(given, 'a/node-1', desiredFor(['x-3'], { 'x-3': ['10.0.0.9'] }))
  t.strictSame(singles().sort(), [
    '/a/configmaps/absent',
    '/a/configmaps/other-3',
    '/a/endpointslices?labelSelector=kubernetes.io/service-name=x-3',
  ])
  t.match(watch.counts(), { pods: 2, configMaps: 3, services: 2 })
  await api.put(configMap('a', 'absent', { peers: list('1.1.1.1') }))
  await become(given, 'a/node-1', desiredFor(['x-3', '1.1.1.1'], { 'x-3': ['10.0.0.9'] }))

  const before = singles().length
  await api.put(pod('a', 'node-2', [source('node', { key: 'more' })]))
  await become(given, 'a/node-2', desiredFor(['x-4'], { 'x-4': ['10.0.0.9'] }))
  t.strictSame(
    singles().slice(before),
    ['/a/configmaps/node', '/a/endpointslices?labelSelector=kubernetes.io/service-name=x-4'],
    'another key',
  )
  await api.put(pod('a', 'node-3', [source('node', { key: 'more' }), source('node')]))
  await become(given, 'a/node-3', desiredFor(['x-4', 'node-1'], { 'x-4': ['10.0.0.9'], 'node-1': ['10.0.0.1'] }))
  t.equal(singles().length, before + 2, 'nothing new is needed')

  for (const name of ['node-1', 'node-2', 'node-3']) await api.delete('Pod', name, 'a')
  await until('the rest to be dropped', () => watch.counts().configMaps === 1)
  t.match(watch.counts(), { pods: 1, configMaps: 1, services: 1 })
  await api.put(configMap('a', 'node', { peers: list('1.1.1.2') }))
  await become(given, 'a/node-0', desiredFor(['1.1.1.2']))
  t.match(watch.counts(), { services: 0 })
})

t.test('a change is told once, for the pods that it concerns, and computes those', async t => {
  const objects = Array.from({ length: 40 }, (_, n) => {
    const name = `node-${n}`
    return [pod('a', name, [source(n < 10 ? 'shared' : name)]), configMap('a', name, { peers: list(`svc-${n % 4}`) })]
  })
  const services = [0, 1, 2, 3].map(n => slice('a', `svc-${n}`, [`10.0.0.${n}`]))
  const given = await start(t, [
    namespace('a'),
    configMap('a', 'shared', { peers: list('svc-9') }),
    ...services,
    ...objects.flat(),
  ])
  const { api, watch } = given
  await synced(given)
  const answerAll = () => [...watch.pods()].map(pod => watch.desired(pod))
  await until('all to be known', () => answerAll().every(desired => desired !== 'unknown'))
  await until('silence', () => given.told().length === 0)
  const computed = watch.counts().computed
  answerAll()
  t.equal(watch.counts().computed, computed, 'nothing is computed twice')

  await api.put(configMap('a', 'shared', { peers: list('svc-9', '1.1.1.1') }))
  const ten = Array.from({ length: 10 }, (_, n) => `a/node-${n}`)
  t.strictSame(await until('the edit', () => given.told()[0]), ten)
  answerAll()
  t.equal(watch.counts().computed, computed + 10)

  await api.put(slice('a', 'svc-1', ['10.0.1.1']))
  const users = [...watch.pods()]
    .map(podKey)
    .filter(key => Number(key.slice(7)) >= 10 && Number(key.slice(7)) % 4 === 1)
  t.strictSame(await until('the new address', () => given.told()[0]), users.sort())
  answerAll()
  t.equal(watch.counts().computed, computed + 10 + users.length)

  await api.put(configMap('a', 'shared', { peers: `# again\n${list('svc-9', '1.1.1.1')}`, other: 'x' }))
  await api.put({ ...slice('a', 'svc-1', ['10.0.1.1']), ports: [{ port: 1 }] } as KubernetesObject)
  await api.put(pod('a', 'node-20', [source('node-20')], { status: { message: 'x' } }))
  await api.put(pod('a', 'node-21', [source('node-21')], { status: { phase: 'Failed' } }))
  const told = await until('the pod that failed', () => given.told()[0])
  t.ok(told.includes('a/node-21'))
  t.notOk(told.includes('a/node-20'), 'nothing of it that is kept has changed')
  t.notOk(
    told.some(key => users.includes(key) && key !== 'a/node-21'),
    'nor of the addresses',
  )
  const plans = new Set([...watch.pods()].map(pod => pod.plan))
  t.equal(plans.size, 31, 'pods of one template share their plan')
})

t.test('many changes at once are told together', async t => {
  const given = await start(
    t,
    [namespace('a'), pod('a', 'node-0', [source('node')]), configMap('a', 'node', { peers: '' })],
    {
      coalesceMs: 200,
    },
  )
  await synced(given)
  await until('the first word', () => given.told().length > 0)
  for (let n = 1; n <= 20; n++) await given.api.put(configMap('a', 'node', { peers: list(`1.1.1.${n}`) }))
  await become(given, 'a/node-0', desiredFor(['1.1.1.20']))
  const told = await until('the change', () => {
    const all = given.told()
    return all.length > 0 && all
  })
  t.strictSame(told, [['a/node-0']])
})

t.test('cut connections and 410', async t => {
  const given = await start(t, [
    namespace('a'),
    pod('a', 'node-0', [source('node')]),
    pod('a', 'old', []),
    configMap('a', 'node', { peers: list('node-1') }),
    slice('a', 'node-1', ['10.0.0.1']),
  ])
  const { api, watch } = given
  await synced(given)
  const lists = () => given.requests.filter(url => !url.includes('watch=true')).length
  const before = lists()
  for (const round of ['2', '3']) {
    api.dropWatches()
    await api.put(configMap('a', 'node', { peers: list('node-1', `1.1.1.${round}`) }))
    await api.put(slice('a', 'node-1', [`10.0.0.${round}`]))
    await become(given, 'a/node-0', desiredFor(['node-1', `1.1.1.${round}`], { 'node-1': [`10.0.0.${round}`] }))
  }
  await synced(given)
  t.equal(lists(), before, 'watched on from where it was')

  api.refuse(503)
  api.dropWatches()
  await until('the watch to notice', () =>
    /Namespaces: .*503.*; Pods of namespace a: .*503/.test(watch.behind().join('; ')),
  )
  t.equal(watch.behind().length, 4)
  await api.put(configMap('a', 'node', { peers: list('node-2') }))
  await api.put(slice('a', 'node-2', ['10.0.0.4']))
  await api.put(pod('a', 'new', [source('node')]))
  await api.delete('Pod', 'old', 'a')
  t.match(
    given.desired('a/node-0'),
    desiredFor(['node-1', '1.1.1.3'], { 'node-1': ['10.0.0.3'] }),
    'the last that was known',
  )
  t.strictSame(watch.pending(), [])
  api.expire()
  api.refuse(undefined)
  await become(given, 'a/node-0', desiredFor(['node-2'], { 'node-2': ['10.0.0.4'] }))
  await become(given, 'a/new', desiredFor(['node-2'], { 'node-2': ['10.0.0.4'] }))
  t.strictSame(keys(watch.pods()), ['a/new', 'a/node-0'])
  await synced(given)
})

t.test('a Service of another opted-in namespace', async t => {
  const given = await start(t, [
    namespace('a'),
    namespace('b', { labels: {} }),
    pod('a', 'node-0', [literal(list('node.b'))]),
    slice('b', 'node', ['10.0.0.1']),
  ])
  const { api } = given
  await synced(given)
  await become(given, 'a/node-0', desiredFor(['node.b']))
  await api.put(namespace('b'))
  await become(given, 'a/node-0', desiredFor(['node.b'], { 'node.b': ['10.0.0.1'] }))
  await api.put(slice('b', 'node', ['10.0.0.2']))
  await become(given, 'a/node-0', desiredFor(['node.b'], { 'node.b': ['10.0.0.2'] }))
  given.told()
  await api.put(namespace('b', { labels: {} }))
  await become(given, 'a/node-0', desiredFor(['node.b']))
  await until('that to be told', () => given.told().flat().includes('a/node-0'))
})

t.test('a namespace that may not be read holds up no other', async t => {
  let forbidden = true
  const onRequest = (_method: string, url: string) =>
    given.api.refuse(forbidden && url.includes('/namespaces/b/') ? 403 : undefined)
  const objects = [
    namespace('a'),
    namespace('b'),
    pod('a', 'node-0', [literal(list('node.b'))]),
    pod('b', 'node-0', []),
    slice('b', 'node', ['10.0.0.1']),
  ]
  const given = await start(t, objects, {}, { onRequest })
  await until('readiness', () => given.watch.pending().length === 0)
  await until('what is behind', () => /^Pods of namespace b: .*403/.test(given.watch.behind().join()))
  await become(given, 'a/node-0', desiredFor(['node.b']))
  forbidden = false
  await become(given, 'a/node-0', desiredFor(['node.b'], { 'node.b': ['10.0.0.1'] }))
  t.strictSame(keys(given.watch.pods()), ['a/node-0', 'b/node-0'])
  await synced(given)
  forbidden = true
  given.api.dropWatches()
  await until('the right to be gone', () => /EndpointSlices of namespace b: .*403/.test(given.watch.behind().join()))
  t.strictSame(
    given.desired('a/node-0'),
    desiredFor(['node.b'], { 'node.b': ['10.0.0.1'] }),
    'what was read stays known',
  )
})

t.test('what cannot be fetched is tried again, and said', async t => {
  let refused = false
  const onRequest = (_method: string, url: string) =>
    given.api.refuse(refused && url.endsWith('/configmaps/late') ? 500 : undefined)
  const given = await start(t, [namespace('a'), configMap('a', 'late', { peers: list('1.1.1.1') })], {}, { onRequest })
  await synced(given)
  refused = true
  await given.api.put(pod('a', 'node-0', [source('late')]))
  await until('what is behind', () => /^ConfigMap a\/late: .*500/.test(given.watch.behind().join()))
  t.equal(given.desired('a/node-0'), 'unknown')
  t.equal(given.lines.filter(line => line.msg === 'fetch failed; retrying').length, 1)
  refused = false
  await become(given, 'a/node-0', desiredFor(['1.1.1.1']))
  t.strictSame(given.watch.behind(), [])
})

t.test('an odd annotation of a pod is logged once, and counts all the same', async t => {
  const odd = (message: string) =>
    pod('a', 'odd', [], { annotations: { 'repeer.dev/pause': 'yes' }, status: { message } })
  const given = await start(t, [namespace('a'), odd('1')])
  await synced(given)
  await given.api.put(odd('2'))
  await given.api.put(pod('a', 'node-1', []))
  await until('a later event', () => given.watch.pod('a/node-1'))
  t.equal(given.watch.pod('a/odd')?.paused, true)
  const said = given.lines.filter(line => /odd annotation/.test(line.msg))
  t.match(said, [{ namespace: 'a', pod: 'odd', reason: /^repeer.dev\/pause is "yes", which holds restarts/ }])
  t.equal(said.length, 1)
})

t.test('a plan that cannot be used is logged once, and its pod left alone', async t => {
  const broken = (message: string) =>
    pod('a', 'broken', [], { annotations: { 'repeer.dev/plan': '{}' }, status: { message } })
  const given = await start(t, [namespace('a'), broken('1'), pod('a', 'node-0', [])])
  await synced(given)
  await given.api.put(broken('2'))
  await given.api.put(pod('a', 'node-1', []))
  await until('a later event', () => given.watch.pod('a/node-1'))
  t.strictSame(keys(given.watch.pods()), ['a/node-0', 'a/node-1'])
  const said = given.lines.filter(line => /cannot be used/.test(line.msg))
  t.match(said, [{ namespace: 'a', pod: 'broken', reason: /version: found nothing, expected 1/ }])
  t.equal(said.length, 1)
  await given.api.put(pod('a', 'broken', []))
  await until('the plan to be mended', () => given.watch.pod('a/broken'))
  await given.api.put(broken('3'))
  await until('it to be left alone', () => given.watch.pod('a/broken') === undefined)
})

t.test('age: since the last word of the most silent watch', async t => {
  let now = 0
  const given = await start(t, [namespace('a')], { now: () => now }, { bookmarkMs: 20 })
  await synced(given)
  now = 90_000
  await until('bookmarks', () => given.watch.ageSeconds() === 0)
  given.api.refuse(500)
  given.api.dropWatches()
  await until('the watch to notice', () => given.watch.behind().length === 4)
  now = 100_000
  t.equal(given.watch.ageSeconds(), 10)
})

t.test('closing ends everything, also in the middle of it', async t => {
  const given = await start(t, [namespace('a'), pod('a', 'node-0', [source('node')])])
  await until('some requests', () => given.requests.length > 1)
  await given.watch.close()
  given.told()
  // What had been sent by then is still on its way to the server.
  await new Promise(resolve => setTimeout(resolve, 100))
  const requests = given.requests.length
  await given.api.put(pod('a', 'node-1', [source('node')]))
  await new Promise(resolve => setTimeout(resolve, 50))
  t.strictSame(given.told(), [])
  t.equal(given.requests.length, requests)
})

t.test('a list that a PeerSet delivers is followed like any other, from before it is written', async t => {
  const delivered = source('found', { via: 'init', unseen: true, deliveredBy: 'a/set', level: 'none' })
  const given = await start(t, [
    namespace('a'),
    pod('a', 'alone', [delivered]),
    pod('a', 'beside', [literal(list('fixed')), delivered]),
    slice('a', 'node1', ['10.0.0.1']),
  ])
  await synced(given)
  t.strictSame(given.desired('a/alone'), {}, 'nobody is listed')
  t.strictSame(given.desired('a/beside'), desiredFor(['fixed']))
  await given.api.put(configMap('a', 'found', { peers: list('node1') }))
  await become(given, 'a/alone', desiredFor(['node1'], { node1: ['10.0.0.1'] }))
  await become(given, 'a/beside', desiredFor(['fixed', 'node1'], { node1: ['10.0.0.1'] }))
  await given.api.put(configMap('a', 'found', { peers: '' }))
  await become(given, 'a/alone', desiredFor([]))
  await given.api.delete('ConfigMap', 'found', 'a')
  await become(given, 'a/beside', desiredFor(['fixed']))
})

t.test('the lists of a namespace that are too much are unknown; those of others are kept', async t => {
  const many = (from: string) => Array.from({ length: 20 }, (_, index) => `${from}-${index}`)
  const loud = (name: string) => configMap('loud', name, { peers: list(...many(name)) })
  const given = await start(
    t,
    [
      namespace('loud'),
      namespace('quiet'),
      pod('loud', 'node-0', [source('first')]),
      pod('loud', 'node-1', [source('second')]),
      pod('quiet', 'node-0', [source('node')]),
      loud('first'),
      configMap('loud', 'second', { peers: list('a') }),
      configMap('quiet', 'node', { peers: list('b') }),
    ],
    // One of the two lists has some 2,400 bytes.
    { listBytes: { each: 4_000, inAll: 8_000 }, tryAgainMs: 100 },
  )
  const { api, watch, lines } = given
  await synced(given)
  t.strictSame(given.desired('loud/node-0'), desiredFor(many('first')), 'up to the bound they are known')

  await api.put(loud('second'))
  await until('they are too much', () => watch.behind().length > 0)
  t.match(watch.behind(), [
    /^ConfigMaps of namespace loud: found more of its peer lists than can be kept, expected at most 0\.0 MiB/,
  ])
  t.strictSame([...watch.tooMuch().keys()], ['loud'])
  t.strictSame([given.desired('loud/node-0'), given.desired('loud/node-1')], ['unknown', 'unknown'])
  t.strictSame(given.desired('quiet/node-0'), desiredFor(['b']))
  const told = () => lines.filter(({ level, namespace }) => level === 40 && namespace === 'loud').length
  t.ok(told() >= 1)

  await until('they were read again, and are still too much', () => told() > 1)
  await api.put(configMap('loud', 'second', { peers: list('c') }))
  await become(given, 'loud/node-1', desiredFor(['c']))
  t.strictSame(given.desired('loud/node-0'), desiredFor(many('first')))
  t.strictSame(watch.behind(), [])
  t.equal(watch.tooMuch().size, 0)
})

t.test('where all together have too much, whoever has most is let go of', async t => {
  const many = (count: number, name: string) => list(...Array.from({ length: count }, (_, index) => `${name}-${index}`))
  const given = await start(
    t,
    [
      ...['a', 'b', 'c'].flatMap(name => [namespace(name), pod(name, 'node-0', [source('node')])]),
      configMap('a', 'node', { peers: many(10, 'a') }),
      configMap('b', 'node', { peers: many(20, 'b') }),
      configMap('c', 'node', { peers: many(15, 'c') }),
    ],
    { listBytes: { each: 4_000, inAll: 5_000 }, tryAgainMs: 3_600_000 },
  )
  await until('b is let go of', () => given.watch.behind().length > 0)
  await until(
    'the others are known',
    () => given.desired('a/node-0') !== 'unknown' && given.desired('c/node-0') !== 'unknown',
  )
  t.match(given.watch.behind(), [/^ConfigMaps of namespace b: /])
  t.equal(given.desired('b/node-0'), 'unknown')
})

t.test('what is too much is let go of while the list is still being read', async t => {
  const count = 60
  const names = Array.from({ length: count }, (_, index) => `list-${index}`)
  /** What was behind when another page of ConfigMaps was asked for. */
  const behindAt: number[] = []
  let watch: ClusterWatch | undefined
  const onRequest = (_method: string, url: string) => {
    if (/configmaps\?.*continue=/.test(url)) behindAt.push(watch?.behind().length ?? 0)
  }
  const objects = [
    namespace('loud'),
    pod(
      'loud',
      'node-0',
      names.map(name => source(name)),
    ),
    ...names.map(name => configMap('loud', name, { peers: list(`${name}-a`, `${name}-b`) })),
  ]
  // Each takes some 620 bytes, and a page has 20 of them.
  const listBytes = { each: 11_000, inAll: 50_000 }
  const given = await start(t, objects, { listBytes, tryAgainMs: 3_600_000 }, { onRequest })
  watch = given.watch
  await until('it is let go of', () => behindAt.length === 2 && given.watch.behind().length > 0)
  t.strictSame(behindAt, [1, 1], 'before the second page')
  t.equal(given.desired('loud/node-0'), 'unknown')
})

t.test('pods whose plans are too much for a namespace are left alone; those of others are not', async t => {
  const long = (name: string, podIP = '10.0.0.1') =>
    pod('loud', name, [literal(`${name}:1 ${'x'.repeat(1_000)}`)], { status: { podIP } })
  const given = await start(
    t,
    [namespace('loud'), namespace('quiet'), long('node-0'), long('node-1'), long('node-2'), pod('quiet', 'node-0', [])],
    // Each takes some 4,500 bytes.
    { podBytes: 10_000 },
  )
  await synced(given)
  t.strictSame(keys(given.watch.pods()), ['loud/node-0', 'loud/node-1', 'quiet/node-0'])
  const said = () => given.lines.filter(line => /cannot be used/.test(line.msg))
  t.match(said(), [{ pod: 'node-2', reason: /no room for it among the 10000 bytes of plans of its namespace/ }])
  await given.api.delete('Pod', 'node-0', 'loud')
  await until('it is gone', () => given.watch.pod('loud/node-0') === undefined)
  await given.api.put(long('node-2', '10.0.0.2'))
  await until('there is room', () => given.watch.pod('loud/node-2'))
  await given.api.put(pod('loud', 'node-1', [], { annotations: { 'repeer.dev/endpoints': 'x'.repeat(9_000) } }))
  await until('one has grown', () => given.watch.pod('loud/node-1') === undefined)
  t.equal(said().length, 2)
})

t.test('lists that take too long to read are unknown, those of others are not, and they are read again', async t => {
  let processor = 0
  const names = ['first', 'second', 'third', 'fourth']
  const given = await start(
    t,
    [
      namespace('loud'),
      namespace('quiet'),
      pod(
        'loud',
        'node-0',
        names.map(name => source(name)),
      ),
      pod('quiet', 'node-0', [source('node')]),
      ...names.map(name => configMap('loud', name, { peers: list(name) })),
      configMap('quiet', 'node', { peers: list('b') }),
    ],
    // The clock is asked before and after each: a list takes a second, and there is time for three.
    { readingTime: { mostMs: 3_000, msPerSecond: 0, processorMs: () => (processor += 1_000) }, tryAgainMs: 50 },
  )
  const { watch, lines } = given
  await until('they take too long', () => watch.tooMuch().has('loud'))
  t.match(
    watch.tooMuch().get('loud'),
    /take more time to read .* expected at most 3 s of a processor, and 0 s each second/,
  )
  t.equal(given.desired('loud/node-0'), 'unknown')
  await become(given, 'quiet/node-0', desiredFor(['b']))
  const told = () => lines.filter(({ level, namespace }) => level === 40 && namespace === 'loud').length
  await until('they were read again', () => told() > 1)
  t.equal(processor, 2 * 4_000, 'three of them, and the quiet one')
})
