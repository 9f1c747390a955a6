// The cache against the stand-in for the API server, over real connections.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t from 'tap'
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../../demo/api-server.ts'
import { type ClusterCache, type ClusterCacheOptions, startClusterCache } from '../../../webhook/cache/cluster-cache.ts'
import { type Line, memoryLog } from '../../fixtures/log-lines.ts'
import { until } from '../../fixtures/until.ts'

type Given = { api: ApiServer; cache: ClusterCache; lines: Line[]; requests: string[] }
type Test = { teardown(close: () => Promise<void>): unknown }

async function start(
  t: Test,
  objects: KubernetesObject[],
  options: Partial<ClusterCacheOptions> = {},
  server: ApiServerOptions = {},
): Promise<Given> {
  const requests: string[] = []
  const api = await startApiServer({
    ...server,
    onRequest: (method, url) => {
      requests.push(`${method} ${url}`)
      server.onRequest?.(method, url)
    },
  })
  for (const object of objects) await api.put(object)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const log = memoryLog()
  const { lines } = log
  const cache = startClusterCache(config, {
    log,
    minRetrySeconds: 0.01,
    maxRetrySeconds: 0.05,
    random: () => 0.5,
    ...options,
  })
  t.teardown(async () => {
    await cache.close()
    await api.close()
  })
  return { api, cache, lines, requests }
}

const namespace = (name: string, labels: Record<string, string> = { 'repeer.dev/inject': 'enabled' }) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: { team: 'x', 'pod-security.kubernetes.io/enforce': 'baseline', ...labels },
    annotations: {
      a: 'b',
      'repeer.dev/pause': 'true',
      'repeer.dev/at-most': 'x'.repeat(16_384),
      'repeer.dev/too-long': 'x'.repeat(16_385),
    },
  },
})
const configMap = (namespace: string, name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, managedFields: [{ manager: 'x' }] },
  data,
  binaryData: { big: 'AAAA' },
})
const synced = ({ cache }: Given) =>
  until('the cache synced', () => cache.pending().length === 0 && cache.behind().length === 0)

t.test('opted-in namespaces and their ConfigMaps, as they change', async t => {
  const given = await start(t, [
    namespace('a'),
    namespace('b', {}),
    configMap('a', 'node', { list: 'x' }),
    configMap('b', 'node', { list: 'y' }),
  ])
  const { api, cache, requests } = given
  t.equal(cache.configMap('a', 'node'), 'unknown', 'before anything has been read')
  t.strictSame(cache.pending(), ['the opted-in namespaces have not been read yet'])
  await synced(given)
  t.strictSame({ ...(cache.configMap('a', 'node') as object) }, { list: 'x' })
  t.equal(cache.configMap('a', 'other'), 'absent')
  t.equal(cache.configMap('b', 'node'), 'unknown', 'not opted in')
  t.equal(cache.namespace('b'), undefined)
  t.strictSame(
    cache.namespace('a'),
    {
      name: 'a',
      labels: { 'repeer.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'baseline' },
      annotations: { 'repeer.dev/pause': 'true', 'repeer.dev/at-most': 'x'.repeat(16_384) },
    },
    'what repeer reads of it, and no more',
  )
  t.notOk(
    requests.some(url => url.includes('/namespaces/b/')),
    'and never read',
  )

  await api.put(configMap('a', 'node', { list: 'z' }))
  await until('the edit', () => (cache.configMap('a', 'node') as Record<string, string>).list === 'z')
  await api.put(configMap('a', 'new', { k: 'v' }))
  await until('the new one', () => cache.configMap('a', 'new') !== 'absent')
  await api.delete('ConfigMap', 'new', 'a')
  await until('the deletion', () => cache.configMap('a', 'new') === 'absent')

  await api.put(namespace('b'))
  await until('b to be followed', () => typeof cache.configMap('b', 'node') === 'object')
  t.strictSame(
    [...cache.synced()],
    [
      ['a', true],
      ['b', true],
    ],
  )
  await api.put(namespace('a', { 'repeer.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' }))
  await until('the label', () => cache.namespace('a')?.labels['pod-security.kubernetes.io/enforce'] === 'restricted')
  await api.put(namespace('a', {}))
  await until('a to be dropped', () => cache.namespace('a') === undefined)
  t.equal(cache.configMap('a', 'node'), 'unknown')
})

t.test('only what can hold peers is kept', async t => {
  const long = 'x'.repeat(256 * 1024 + 1)
  const given = await start(t, [
    namespace('a'),
    configMap('a', 'node', { list: 'x', 'genesis.json': long, fits: long.slice(1), __proto__x: 'y' }),
  ])
  await given.api.put(
    JSON.parse(
      '{"kind":"ConfigMap","metadata":{"name":"odd","namespace":"a"},"data":{"__proto__":"z"}}',
    ) as KubernetesObject,
  )
  await given.api.put({ kind: 'ConfigMap', metadata: { name: 'empty', namespace: 'a' } })
  await synced(given)
  const values = (name: string) => given.cache.configMap('a', name) as Record<string, string>
  t.strictSame(Object.keys(values('node')).sort(), ['__proto__x', 'fits', 'list'])
  t.strictSame(Object.keys(values('odd')), ['__proto__'])
  t.strictSame(Object.keys(values('empty')), [])
  t.equal(values('empty').constructor, undefined, 'no inherited keys')
})

t.test('long lists are read in pages', async t => {
  const maps = Array.from({ length: 120 }, (_, index) => configMap('a', `node-${index}`, { list: String(index) }))
  const given = await start(t, [namespace('a'), ...maps])
  await synced(given)
  for (const index of [0, 4, 5, 119]) t.match(given.cache.configMap('a', `node-${index}`), { list: String(index) })
  t.equal(given.requests.filter(url => url.includes('configmaps?') && url.includes('continue=')).length, 23)
})

t.test('a cut connection: watched on from where it was, nothing listed again', async t => {
  const given = await start(t, [namespace('a'), configMap('a', 'node', { list: '1' })])
  await synced(given)
  const lists = () => given.requests.filter(url => !url.includes('watch=true')).length
  const before = lists()
  for (const round of ['2', '3', '4']) {
    given.api.dropWatches()
    await given.api.put(configMap('a', 'node', { list: round }))
    await until(`edit ${round}`, () => (given.cache.configMap('a', 'node') as Record<string, string>).list === round)
  }
  await synced(given)
  t.equal(lists(), before)
  t.ok(given.lines.some(line => line.msg === 'cache cannot be followed; retrying'))
  t.ok(given.lines.some(line => line.msg === 'cache follows again'))
})

t.test('410: listed again, and what has gone meanwhile is gone', async t => {
  const given = await start(t, [namespace('a'), configMap('a', 'node', { list: '1' }), configMap('a', 'old', {})])
  await synced(given)
  given.api.dropWatches()
  given.api.refuse(503)
  await until('the cache to notice', () => given.cache.behind().length === 3)
  await given.api.delete('ConfigMap', 'old', 'a')
  await given.api.put(configMap('a', 'node', { list: '2' }))
  given.api.expire()
  t.match(given.cache.configMap('a', 'node'), { list: '1' }, 'the last that was known')
  t.equal(given.cache.configMap('a', 'unseen'), 'unknown', 'it may have been made meanwhile')
  await until('the reason', () => /namespaces: .*503/.test(given.cache.behind().join()))
  t.strictSame(given.cache.pending(), [], 'no reason to be unready')
  given.api.refuse(undefined)
  await until('the new list', () => (given.cache.configMap('a', 'node') as Record<string, string>).list === '2')
  t.equal(given.cache.configMap('a', 'old'), 'absent')
  given.api.expire()
  await given.api.put(configMap('a', 'node', { list: '3' }))
  await until(
    'an event after a 410 in an open watch',
    () => (given.cache.configMap('a', 'node') as Record<string, string>).list === '3',
  )
})

t.test('what has not been followed for a minute is unknown', async t => {
  let now = 0
  const given = await start(t, [namespace('a'), configMap('a', 'node', { list: '1' })], { now: () => now })
  await synced(given)
  given.api.refuse(500)
  given.api.dropWatches()
  await until('the cache to notice', () => given.cache.behind().length === 3)
  now = 59_000
  t.type(given.cache.configMap('a', 'node'), 'object')
  now = 61_000
  t.equal(given.cache.configMap('a', 'node'), 'unknown')
  t.strictSame([...given.cache.synced()], [['a', false]])
  given.api.refuse(undefined)
  await until('the cache to follow again', () => given.cache.configMap('a', 'node') !== 'unknown')
})

t.test('an API server that refuses at the start: retried, with growing delays', async t => {
  const given = await start(t, [namespace('a')], {})
  given.api.refuse(403)
  given.api.dropWatches()
  await until('some tries', () => given.requests.length > 5)
  given.api.refuse(undefined)
  await synced(given)
  t.equal(given.cache.configMap('a', 'node'), 'absent')
})

t.test('a namespace whose ConfigMaps may not be read holds up no other', async t => {
  let forbidden = true
  const rights = (url: string) => given.api.refuse(forbidden && url.includes('/namespaces/b/') ? 403 : undefined)
  const objects = [
    namespace('a'),
    namespace('b'),
    configMap('a', 'node', { list: '1' }),
    configMap('b', 'node', { list: '2' }),
  ]
  const given = await start(t, objects, {}, { onRequest: (_method, url) => rights(url) })
  await until('readiness', () => given.cache.pending().length === 0)
  await until('what is behind', () => /ConfigMaps of namespace b: .*403/.test(given.cache.behind().join()))
  t.match(given.cache.configMap('a', 'node'), { list: '1' })
  t.equal(given.cache.configMap('b', 'node'), 'unknown')
  t.strictSame(Object.fromEntries(given.cache.synced()), { a: true, b: false })
  forbidden = false
  await until('the right', () => typeof given.cache.configMap('b', 'node') === 'object')
  await until('nothing is behind', () => given.cache.behind().length === 0)
})

t.test('watches that the server ends are opened again', async t => {
  const given = await start(t, [namespace('a')], { watchSeconds: 0.5 }, { bookmarkMs: 20 })
  await synced(given)
  const opened = () => given.requests.filter(url => url.includes('/configmaps?') && url.includes('watch=true')).length
  await until('a second watch', () => opened() >= 2)
  t.ok(given.requests.some(url => url.includes('allowWatchBookmarks=true')))
  await given.api.put(configMap('a', 'node', { list: '1' }))
  await until('the edit', () => given.cache.configMap('a', 'node') !== 'absent')
})

const peerSet = (namespace: string, name: string, spec: object = {}, status: object = {}) => ({
  apiVersion: 'repeer.dev/v1alpha1',
  kind: 'PeerSet',
  metadata: { name, namespace },
  spec: {
    source: { static: { peers: ['a:1'] } },
    output: { configMap: 'peers', key: 'list', format: 'generic-list' },
    deliver: { podSelector: { matchLabels: { app: name } } },
    ...spec,
  },
  status,
})
const names = (cache: ClusterCache, namespace: string) =>
  cache.peerSets(namespace).map(set => `${set.namespace}/${set.name}`)

t.test('PeerSets that deliver, as they change, each to the namespaces that its list may be in', async t => {
  const abroad = { output: { namespace: '{chainId}', configMap: 'peers', key: 'list', format: 'cometbft-list' } }
  const all = { source: { validators: { consumers: 'all' } } }
  const given = await start(t, [
    namespace('a'),
    namespace('b'),
    namespace('c', {}),
    peerSet('a', 'own'),
    peerSet('a', 'writes-only', { deliver: undefined }),
    peerSet('a', 'broken', { output: {} }),
    peerSet('b', 'all', { ...all, ...abroad }),
    peerSet('c', 'out', abroad),
  ])
  t.strictSame(given.cache.peerSets('a'), [], 'before anything has been read')
  await synced(given)
  t.strictSame(names(given.cache, 'a'), ['a/own', 'b/all'])
  t.strictSame(names(given.cache, 'b'), ['b/all'], 'of its own namespace, too')
  t.strictSame(names(given.cache, 'A_B'), [], 'no chain ID makes that a namespace')
  t.notOk(
    given.requests.some(url => url.includes('/namespaces/c/')),
    'not opted in, so never read',
  )
  await given.api.put(
    peerSet('b', 'own', { output: { namespace: 'a', configMap: 'p', key: 'k', format: 'generic-list' } }),
  )
  await until('one from another namespace', () => names(given.cache, 'a').includes('b/own'))
  await given.api.put(peerSet('b', 'own', { deliver: undefined }))
  await until('it delivers no longer', () => !names(given.cache, 'a').includes('b/own'))
  await given.api.delete('PeerSet', 'own', 'a')
  await until('the deletion', () => !names(given.cache, 'a').includes('a/own'))
  await given.api.put(namespace('b', {}))
  await until('the namespace has opted out', () => names(given.cache, 'a').length === 0)
})

t.test('without the custom resource it is ready, nothing is behind, and few requests are made', async t => {
  let absent = true
  const api = (url: string) => given.api.refuse(absent && url.includes('/peersets') ? 404 : undefined)
  const many = Array.from({ length: 20 }, (_, index) => namespace(`n${index}`))
  const given: Given = await start(
    t,
    [...many, configMap('n0', 'node', { list: '1' })],
    {},
    { onRequest: (_method, url) => api(url) },
  )
  await until('readiness', () => given.cache.pending().length === 0)
  t.strictSame(given.cache.behind(), [])
  t.match(given.cache.configMap('n0', 'node'), { list: '1' })
  const asked = () => given.requests.filter(url => url.includes('/peersets')).length
  t.ok(asked() <= 20, `${asked()} requests, those that were on their way when the first was answered`)
  absent = false
  t.notOk(
    given.lines.some(line => line.msg === 'cache cannot be followed; retrying'),
    'and nothing is wrong',
  )
})

t.test('the custom resource comes later, and goes', async t => {
  let [absent, now] = [true, 0]
  const api = (url: string) => given.api.refuse(absent && url.includes('/peersets') ? 404 : undefined)
  const given: Given = await start(
    t,
    [namespace('a'), peerSet('a', 'own')],
    { now: () => now },
    { onRequest: (_method, url) => api(url) },
  )
  await until('readiness', () => given.cache.pending().length === 0)
  t.strictSame(given.cache.peerSets('a'), [])
  absent = false
  now = 31_000
  await until('the PeerSet', () => names(given.cache, 'a').length === 1)
  absent = true
  given.api.dropWatches()
  await until('none', () => given.cache.peerSets('a').length === 0)
  t.strictSame(given.cache.pending(), [])
})

t.test('PeerSets that may not be read hold up nothing, and are named', async t => {
  const given: Given = await start(
    t,
    [namespace('a'), peerSet('a', 'own')],
    {},
    {
      onRequest: (_method, url) => given.api.refuse(url.includes('/peersets') ? 403 : undefined),
    },
  )
  await until('readiness', () => given.cache.pending().length === 0)
  await until('what is behind', () => /^PeerSets of namespace a: .*403/.test(given.cache.behind().join()))
  t.equal(given.cache.configMap('a', 'node'), 'absent')
})

t.test('a namespace whose ConfigMaps are too much counts as unknown; the others are known', async t => {
  let ms = 0
  const text = 'x'.repeat(1000)
  const large = (name: string) => configMap('large', name, { k: text })
  const given = await start(
    t,
    [namespace('large'), namespace('small'), ...['a', 'b', 'c'].map(large), configMap('small', 'a', { k: text })],
    { bytesEach: 3 * 1024, bytesInAll: 1024 * 1024, now: () => ms },
  )
  const { cache, api, lines } = given
  await until('the cache is complete', () => cache.pending().length === 0)
  await until('large is too much', () => cache.behind().length === 1)
  t.match(cache.behind(), [
    /^ConfigMaps of namespace large: too much to be kept; expected at most 3 KiB of texts in a namespace, and 1 MiB in all/,
  ])
  t.equal(cache.configMap('large', 'a'), 'unknown')
  t.match(cache.configMap('small', 'a'), { k: text })
  t.same([...cache.synced()].sort(), [
    ['large', false],
    ['small', true],
  ])
  t.equal(lines.filter(({ msg }) => msg.startsWith('too much to be kept')).length, 1)
  await api.delete('ConfigMap', 'c', 'large')
  ms = 299_999
  t.equal(cache.configMap('large', 'a'), 'unknown', 'not before five minutes')
  ms = 300_000
  cache.behind()
  t.equal(cache.configMap('large', 'a'), 'unknown', 'not absent, while they are read again')
  await until('it is known again', () => typeof cache.configMap('large', 'a') === 'object')
  t.same(cache.behind(), [])
  await api.put(large('c'))
  await until('and too much again', () => cache.configMap('large', 'a') === 'unknown')
})

t.test('in all: the largest namespaces are let go', async t => {
  const text = 'x'.repeat(1000)
  const given = await start(
    t,
    [
      namespace('large'),
      namespace('small'),
      configMap('large', 'a', { k: text }),
      configMap('large', 'b', { k: text }),
      configMap('small', 'a', { k: text }),
    ],
    { bytesEach: 3000, bytesInAll: 3000 },
  )
  await until('large is let go', () => given.cache.behind().length === 1)
  await until('small is known', () => typeof given.cache.configMap('small', 'a') === 'object')
  t.match(given.cache.behind(), [/^ConfigMaps of namespace large/])
})
