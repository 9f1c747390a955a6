import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { behindOf, readSlice, type Slice } from '../../../kubernetes/slices.ts'
import { formatEndpoints, parseEndpoints } from '../../../peers/endpoints.ts'
import { parsePeers } from '../../../peers/formats/index.ts'
import type { KeySource, Source } from '../../../peers/plan.ts'
import { sourceFile } from '../../../peers/pod.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import {
  type ClusterView,
  desiredAnnotations,
  listsTogether,
  servicesOf,
} from '../../../rollout/cluster/desired-annotations.ts'
import { parseList, readConfigMap } from '../../../rollout/cluster/lists.ts'
import { peersOf } from '../../../sidecar/decide/lists.ts'
import { readInput } from '../../../sidecar/observe/input.ts'
import { writeVolume } from '../../sidecar/fixtures/kubelet-volume.ts'
import { type EndpointOver, endpoint, list, literal, plan, slice, source } from '../fixtures/objects.ts'

type Texts = Readonly<Record<string, string | undefined | 'unknown'>>
type Slices = Readonly<Record<string, readonly Slice[] | 'unknown'>>

/** Texts by "configmap/key", slices by "namespace/service". */
function view(texts: Texts, slices: Slices = {}): ClusterView {
  return {
    list: (_namespace, { name, key, format, role }) => {
      const text = texts[`${name}/${key}`]
      return text === undefined ? undefined : text === 'unknown' ? 'unknown' : parseList({ format, role }, text)
    },
    slices: (namespace, service) => slices[`${namespace}/${service}`] ?? [],
  }
}
const desired = (sources: readonly Source[], texts: Texts, slices?: Slices) =>
  desiredAnnotations({ namespace: 'a', plan: plan(sources) }, view(texts, slices))
const hashOf = (...hosts: string[]) => peerHash(parsePeers('generic-list', list(...hosts), { source: 'test' }))
const headless = (...addresses: (string | object)[]) => [readSlice(slice('a', 'any', addresses))]
const clusterIp = (...addresses: string[]) => [readSlice(slice('a', 'any', addresses, { headless: false }))]
const named = (address: string, hostname: string, over: EndpointOver = {}) => endpoint(address, { hostname, ...over })

t.test('peer-hash: of all sources together', async t => {
  const both = [source('one'), source('two')]
  const secret = source('key', { kind: 'Secret' })
  const rows: [what: string, sources: readonly Source[], texts: Texts, hash: string | undefined][] = [
    ['one list', [source('one')], { 'one/peers': list('1.1.1.1') }, hashOf('1.1.1.1')],
    [
      'the union',
      both,
      { 'one/peers': list('1.1.1.1', '1.1.1.2'), 'two/peers': list('1.1.1.2', '1.1.1.3') },
      hashOf('1.1.1.1', '1.1.1.2', '1.1.1.3'),
    ],
    ['one absent', both, { 'two/peers': list('1.1.1.2') }, hashOf('1.1.1.2')],
    ['all absent', both, {}, undefined],
    ['no source', [], {}, undefined],
    ['empty', both, { 'one/peers': '# nobody\n' }, hashOf()],
    ['a literal', [literal(list('1.1.1.1'))], {}, hashOf('1.1.1.1')],
    ['a literal beside an absent one', [source('one'), literal(list('1.1.1.1'))], {}, hashOf('1.1.1.1')],
    ['a Secret', [secret], {}, undefined],
    ['a Secret beside a list', [source('one'), secret], { 'one/peers': list('1.1.1.1') }, undefined],
    ['another namespace has no part in it', [source('three')], { 'one/peers': list('1.1.1.1') }, undefined],
  ]
  for (const [what, sources, texts, hash] of rows)
    t.strictSame(desired(sources, texts), hash === undefined ? {} : { peerHash: hash }, what)
  const seeds = source('one', { role: 'seed' })
  t.not(
    (desired([seeds], { 'one/peers': list('1.1.1.1') }) as { peerHash: string }).peerHash,
    hashOf('1.1.1.1'),
    'the role counts',
  )
  t.equal(desired(both, { 'one/peers': list('1.1.1.1'), 'two/peers': 'unknown' }), 'unknown')
})

t.test('a malformed list: a text of its own for each', async t => {
  const both = [source('one'), source('two')]
  const of = (first: string, two?: string) =>
    (desired(both, { 'one/peers': first, 'two/peers': two }) as { peerHash: string }).peerHash
  const first = of('a b c', list('1.1.1.1'))
  t.match(first, /^unreadable:[0-9a-f]{16}$/)
  t.equal(of('a b c', list('1.1.1.2')), first, 'the good one has no part in it')
  t.equal(of('a b c'), first)
  t.not(of('a b d'), first)
  t.not(of('a b c', 'x'), first)
  t.match((desired([literal(':')], {}) as { peerHash: string }).peerHash, /^unreadable:/)
})

t.test('endpoints: which Service a host is', async t => {
  const node = { 'a/node': headless('10.0.0.1', named('10.0.0.2', 'node-1')) }
  const rows: [
    what: string,
    host: string,
    slices: Slices,
    endpoints: Parameters<typeof formatEndpoints>[0] | undefined,
  ][] = [
    ['a Service here', 'node', node, { node: { addresses: ['10.0.0.1', '10.0.0.2'], stable: false } }],
    ['with its namespace', 'node.a', node, { 'node.a': { addresses: ['10.0.0.1', '10.0.0.2'], stable: false } }],
    [
      'in full',
      'node.a.svc.cluster.local',
      node,
      { 'node.a.svc.cluster.local': { addresses: ['10.0.0.1', '10.0.0.2'], stable: false } },
    ],
    ['one pod of it', 'node-1.node', node, { 'node-1.node': { addresses: ['10.0.0.2'], stable: false } }],
    [
      'one pod of it, in full',
      'node-1.node.a.svc',
      node,
      { 'node-1.node.a.svc': { addresses: ['10.0.0.2'], stable: false } },
    ],
    ['a pod that is not there', 'node-2.node', node, { 'node-2.node': { addresses: [], stable: false } }],
    [
      'behind a ClusterIP',
      'node',
      { 'a/node': clusterIp('10.0.0.1') },
      { node: { addresses: ['10.0.0.1'], stable: true } },
    ],
    ['nothing behind it', 'node', { 'a/node': headless() }, { node: { addresses: [], stable: false } }],
    [
      'in another namespace',
      'node.b',
      { 'b/node': headless('10.0.0.3') },
      { 'node.b': { addresses: ['10.0.0.3'], stable: false } },
    ],
    [
      'the nearer one wins',
      'node.b',
      { 'b/node': headless('10.0.0.3'), 'a/b': headless(named('10.0.0.4', 'node')) },
      { 'node.b': { addresses: ['10.0.0.4'], stable: false } },
    ],
    ['no Service', 'node.example.com', node, undefined],
    ['not known to be one', 'other', node, undefined],
    ['an address', '10.0.0.1', node, undefined],
  ]
  for (const [what, host, slices, endpoints] of rows) {
    const found = desired([literal(list(host))], {}, slices) as { endpoints?: string }
    t.equal(found.endpoints, endpoints && formatEndpoints(endpoints), what)
  }
  t.equal(desired([literal(list('node'))], {}, { 'a/node': 'unknown' }), 'unknown')
  t.equal(
    desired([literal(list('node', '1.1.1.1'))], {}, { 'b/node': 'unknown' }) === 'unknown',
    false,
    'what is not looked at does not matter',
  )
  const secret = source('key', { kind: 'Secret' })
  t.strictSame(desired([secret, literal(list('node'))], {}, node), {
    endpoints: formatEndpoints({ node: { addresses: ['10.0.0.1', '10.0.0.2'], stable: false } }),
  })
  t.strictSame(
    desired([source('one', { kind: 'Secret' })], { 'one/peers': list('node') }, node),
    {},
    'no ConfigMap of its name',
  )
  t.strictSame(servicesOf(['x.b', 'node'], 'a'), [
    { hostname: 'x', service: 'b', namespace: 'a' },
    { service: 'x', namespace: 'b' },
    { service: 'node', namespace: 'a' },
  ])
})

t.test('endpoints are bounded, the same way each time', async t => {
  const hosts = Array.from({ length: 1000 }, (_, index) => `node-${String(index).padStart(4, '0')}`)
  const all = Object.fromEntries(hosts.map(host => [`a/${host}`, headless('10.0.0.1')]))
  const of = (names: readonly string[], slices: Slices) =>
    (desired([literal(list(...names))], {}, slices) as { endpoints: string }).endpoints
  const found = of(hosts.toReversed(), all)
  t.strictSame(Object.keys(parseEndpoints(found)), hosts.slice(0, 200))
  t.equal(of(hosts, all), found, 'whatever the order')
  const late = Object.fromEntries(Object.entries(all).slice(399))
  t.strictSame(Object.keys(parseEndpoints(of(hosts, late))), ['node-0399'], 'and no more than 400 are looked at')
  t.equal(
    (listsTogether({ namespace: 'a', plan: plan([literal(list(...hosts))]) }, view({})) as { hosts: string[] }).hosts
      .length,
    400,
  )

  const many = Array.from({ length: 4000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`)
  const large = {
    'a/node-0000': headless('10.0.0.1'),
    'a/node-0001': headless(...many),
    'a/node-0002': headless(...many),
    'a/node-0003': headless('10.0.0.3'),
  }
  const text = of(hosts, large)
  t.strictSame(Object.keys(parseEndpoints(text)), ['node-0000', 'node-0001', 'node-0003'])
  t.ok(Buffer.byteLength(text) <= 64 * 1024)
  const left = new Set<boolean>()
  for (let length = 900; length < 1200; length += 10) {
    const slices = { 'a/n': headless(...many.slice(0, length)), 'a/node-0000': headless(...many) }
    const both = Object.fromEntries(['n', 'node-0000'].map(host => [host, behindOf(slices[`a/${host}` as 'a/n'])]))
    const fits = Buffer.byteLength(formatEndpoints(both)) <= 64 * 1024
    t.equal(Object.keys(parseEndpoints(of(['n', 'node-0000'], slices))).length, fits ? 2 : 1, `${length}`)
    left.add(fits)
  }
  t.equal(left.size, 2, 'on both sides of the bound')
})

t.test('endpoints of exactly 64 KiB are written, and a byte more leaves the last host out', async t => {
  const bound = 64 * 1024
  const many = Array.from({ length: 6000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`)
  const slicesOf = (length: number, last: string): Slices => ({
    'a/a': headless(...many.slice(0, length)),
    [`a/${last}`]: headless('10.0.0.1'),
  })
  const sizeOf = (slices: Slices) =>
    Buffer.byteLength(
      formatEndpoints(
        Object.fromEntries(
          Object.entries(slices).map(([name, its]) => [name.slice(2), behindOf(its as readonly Slice[])]),
        ),
      ),
    )
  // As many addresses as leave less than a label's 63 bytes for the last host's name.
  const length = many.findIndex((_, index) => sizeOf(slicesOf(index, 'b')) > bound - 40)
  const room = bound - sizeOf(slicesOf(length, 'b'))
  for (const [more, kept] of [
    [0, 2],
    [1, 1],
  ] as const) {
    const last = 'b'.repeat(1 + room + more)
    const slices = slicesOf(length, last)
    t.equal(sizeOf(slices), bound + more)
    const { endpoints = '' } = desired([literal(list('a', last))], {}, slices) as { endpoints?: string }
    t.equal(Object.keys(parseEndpoints(endpoints)).length, kept, `${bound + more} bytes`)
  }
})

t.test('pods of one template share what their lists say; other lists say something else', async t => {
  const kept = new Map<string, ReturnType<typeof parseList>>()
  const texts: Record<string, string> = { one: list('a'), two: list('b'), three: list('c') }
  const shared: ClusterView = {
    list: (_namespace, { name, format, role }) => {
      const known = kept.get(name) ?? parseList({ format, role }, texts[name] ?? '')
      kept.set(name, known)
      return known
    },
    slices: () => [],
  }
  const of = (sources: readonly Source[], namespace = 'a') =>
    listsTogether({ namespace, plan: plan(sources) }, shared) as { peerHash: string; hosts: readonly string[] }
  const [one, two, three] = [source('one'), source('two'), source('three')]
  t.equal(of([one]).peerHash, hashOf('a'))
  t.equal(of([one, two]).peerHash, hashOf('a', 'b'), 'a list more')
  t.equal(of([one, three]).peerHash, hashOf('a', 'c'), 'another second list')
  t.equal(of([one]).peerHash, hashOf('a'), 'a list less')
  t.equal(of([one, two]).hosts, of([one, two]).hosts, 'one array: nothing is read twice')
  t.not(of([one, two]).hosts, of([one, two], 'b').hosts, 'for each namespace')
  const written = literal(list('a'))
  t.equal(of([written]).hosts, of([written]).hosts, 'a literal')
})

t.test('hosts that may be Services are looked at, and no others', async t => {
  const literals = [literal(list('node', 'node.example.example.com', '10.0.0.1', 'a.b.c.d', 'x.b'))]
  t.strictSame((listsTogether({ namespace: 'a', plan: plan(literals) }, view({})) as { hosts: string[] }).hosts, [
    'node',
    'x.b',
  ])
})

t.test('what a ConfigMap holds', async t => {
  const sources = [
    source('one'),
    source('one', { role: 'seed' }),
    source('one', { key: 'bin' }),
    source('one', { key: 'constructor' }),
  ]
  const found = readConfigMap(
    { data: { peers: list('node') }, binaryData: { bin: Buffer.from(list('nöde')).toString('base64') } },
    sources,
    parseList,
  )
  t.strictSame(
    [...found.keys()],
    ['peers generic-list peer', 'peers generic-list seed', 'bin generic-list peer', 'constructor generic-list peer'],
  )
  t.match(found.get('peers generic-list seed'), { ok: true, peers: [{ host: 'node', role: 'seed' }] })
  t.match(found.get('bin generic-list peer'), { ok: true, peers: [{ host: 'xn--nde-sna' }] })
  t.equal(found.get('constructor generic-list peer'), 'absent')
  t.equal(readConfigMap({ data: null }, sources, parseList).get('peers generic-list peer'), 'absent')
})

t.test('the same hash as the sidecar makes from its files', async t => {
  const root = t.testdir({})
  const nodes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 })
  const entries = nodes.map(all => all.map(n => `${String(n).padStart(40, '0')}@node${n}:26656`))
  const names = nodes.map(all => all.map(n => `NODE${n}.:2665${n}`).join('\n'))
  const formats = {
    'cometbft-list': entries.map(all => all.join(',')),
    'cometbft-toml': entries.map(
      all => `[p2p]\npersistent_peers = "${all.join(',')}"\nseeds = "${all.slice(1).join(',')}"\n`,
    ),
    'generic-list': names,
    'stellar-list': names,
  }
  type Format = keyof typeof formats
  const junk = fc.constantFrom('', ' ', '[', 'a b', 'ö:1', '\ufeffnode:1', '\ufffd', '[p2p]\n')
  const textOf = (format: Format) => fc.oneof({ weight: 6, arbitrary: formats[format] }, { weight: 1, arbitrary: junk })
  const role = fc.constantFrom('peer', 'seed')
  // Each ConfigMap in a format of its own, so that most lists can be read.
  const byName = { one: 'cometbft-list', two: 'cometbft-toml', three: 'generic-list' } as const
  const name = fc.constantFrom('one', 'two', 'three')
  const keySource = fc
    .tuple(name, fc.constantFrom('peers', 'more'), role, fc.boolean())
    .map(([name, key, as, directory]): KeySource => {
      const via = directory ? ({ via: 'directory' } as const) : ({ via: 'env', variable: 'PEERS' } as const)
      return { ...source(name, { key, role: as as 'peer', format: byName[name as 'one'] }), ...via }
    })
  const literalSource = fc
    .constantFrom<Format>('cometbft-list', 'stellar-list')
    .chain(format => fc.tuple(textOf(format), role).map(([text, as]) => literal(text, { format, role: as as 'peer' })))
  const sameKey = (source: KeySource) => `${source.name}/${source.key} ${source.via}`
  const text = (name: keyof typeof byName) => fc.option(textOf(byName[name]), { nil: undefined, freq: 3 })
  const given = fc.record({
    sources: fc.uniqueArray(keySource, { maxLength: 4, selector: sameKey }),
    literals: fc.uniqueArray(literalSource, { maxLength: 2, selector: source => `${source.format} ${source.role}` }),
    texts: fc.record({
      'one/peers': text('one'),
      'one/more': text('one'),
      'two/peers': text('two'),
      'two/more': text('two'),
      'three/peers': text('three'),
    }),
  })
  let good = 0
  await fc.assert(
    fc.asyncProperty(given, async ({ sources, literals, texts }) => {
      const all: Source[] = [...sources, ...literals]
      const dir = mkdtempSync(join(root, 'pod-'))
      const files = sources.flatMap(source => {
        const content = (texts as Texts)[`${source.name}/${source.key}`]
        return content === undefined ? [] : [[sourceFile(source), content]]
      })
      writeVolume(dir, { 'pod/plan': JSON.stringify(plan(all)), ...Object.fromEntries(files) })
      const { list: read } = await readInput(dir)
      const found = desired(all, texts) as { peerHash?: string }
      if (read.ok) good++
      if (read.ok) t.equal(found.peerHash, peerHash(peersOf(read.lists)))
      else if (read.reason === 'list-missing') t.equal(found.peerHash, undefined)
      else if (read.reason === 'list-malformed') t.match(found.peerHash, /^unreadable:/)
      else t.equal(found.peerHash, peerHash([]))
    }),
    { numRuns: 60 },
  )
  t.ok(good > 10, `${good} of 60 have a list`)
})
