import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { KeySource, LiteralSource, Source } from '../../../peers/plan.ts'
import { sourceFile } from '../../../peers/pod.ts'
import { type Input, readInput } from '../../../sidecar/observe/input.ts'
import { pauseRows } from '../../peers/pauses.ts'
import { writeVolume } from '../fixtures/kubelet-volume.ts'
import { nodeId, plan, source } from '../fixtures/look.ts'

const list = (...nodes: number[]) => nodes.map(n => `${nodeId(n)}@node${n}:26656`).join(',')
const toml = (peers: string, rest = '') => `[p2p]\npersistent_peers = "${peers}"\n${rest}`
const variable = (name: string, over: Partial<KeySource> = {}) =>
  source({ name, key: 'peers', via: 'env', format: 'cometbft-list', variable: `PEERS_${name.toUpperCase()}`, ...over })
const literal = (text: string, over: Partial<LiteralSource> = {}): LiteralSource => ({
  kind: 'Literal',
  name: 'args[3]',
  format: 'cometbft-list',
  role: 'peer',
  text,
  level: 'none',
  ...over,
})

/**
 * A directory as the pod's projected volume, with a plan of these sources and their texts; undefined is an absent file.
 */
function pod(
  t: Tap,
  sources: readonly Source[],
  texts: readonly (string | undefined)[] = [],
  annotations: Record<string, string> = {},
): string {
  const dir = t.testdir({})
  const files: Record<string, string> = { 'pod/plan': JSON.stringify(plan({ sources })) }
  for (const [name, text] of Object.entries(annotations)) files[`pod/${name}`] = text
  sources.forEach((source, index) => {
    const text = texts[index]
    if (source.kind !== 'Literal' && text !== undefined) files[sourceFile(source)] = text
  })
  writeVolume(dir, files)
  return dir
}
type Tap = Pick<typeof t, 'testdir'>

const hostsOf = (input: Input) => (input.list.ok ? input.list.peers.map(peer => peer.host) : input.list)

t.test('reads the plan and the list', async t => {
  const input = await readInput(pod(t, [source()], [toml(list(2, 1))]))
  t.match(input, {
    plan: { container: 'node', profile: 'cometbft' },
    pause: { held: false },
    allowMassRemoval: false,
    exports: {},
  })
  const peers = [1, 2].map(n => ({ id: nodeId(n), host: `node${n}`, port: 26656, role: 'peer' }))
  t.match(input.list, {
    ok: true,
    peers,
    problems: [],
    lists: { 'ConfigMap config/config.toml directory': [peers[1], peers[0]] },
  })
  t.same(
    Object.keys(input).filter(key => ['peerHash', 'endpoints', 'turn'].includes(key)),
    [],
  )
})

t.test('annotations are trimmed, and absent where empty', async t => {
  const texts = [toml(list(1))]
  const input = await readInput(
    pod(t, [source()], texts, {
      'peer-hash': ' p1:ab\n',
      endpoints: '{}',
      turn: 's1:cd',
      pause: 'true',
      'allow-mass-removal': 'true\n',
    }),
  )
  t.match(input, { peerHash: 'p1:ab', endpoints: '{}', turn: 's1:cd', pause: { held: true }, allowMassRemoval: true })
  const empty = await readInput(
    pod(t, [source()], texts, { 'peer-hash': '', endpoints: ' ', turn: '\n', pause: '', 'allow-mass-removal': '' }),
  )
  t.match(empty, {
    peerHash: undefined,
    endpoints: undefined,
    turn: undefined,
    pause: { held: false },
    allowMassRemoval: false,
  })
  const other = await readInput(pod(t, [source()], texts, { pause: 'false', 'allow-mass-removal': 'yes' }))
  t.match(other, { pause: { held: false }, allowMassRemoval: false })
  // The file is empty where there is no annotation, too: nothing odd can be seen in it.
  for (const { text, held, odd } of pauseRows) {
    const { pause } = await readInput(pod(t, [source()], texts, { pause: text ?? '' }))
    t.equal(pause.held, held, JSON.stringify(text))
    t.equal(pause.odd !== undefined, odd && held, JSON.stringify(text))
  }
})

t.test('the lists of all sources, literal ones too, each by its own name', async t => {
  const sources = [
    source(),
    variable('a'),
    source({ kind: 'Secret', name: 'config', key: 'seeds', via: 'subPath', format: 'cometbft-list', role: 'seed' }),
    literal(list(4)),
    literal(list(5), { role: 'seed' }),
  ]
  const input = await readInput(pod(t, sources, [toml(list(1)), list(2), list(3)]))
  t.same(hostsOf(input), ['node1', 'node2', 'node4', 'node3', 'node5'])
  t.same(input.list.ok && Object.keys(input.list.lists), [
    'ConfigMap config/config.toml directory',
    'ConfigMap a/peers env PEERS_A',
    'Secret config/seeds subPath',
    'Literal args[3]',
  ])
  t.same(input.list.ok && input.list.lists['Literal args[3]']?.map(peer => `${peer.host} ${peer.role}`), [
    'node4 peer',
    'node5 seed',
  ])
})

t.test('a source that is absent gives no peers, and is told; all absent is a missing list', async t => {
  const sources = [variable('a'), variable('b')]
  const input = await readInput(pod(t, sources, [list(1)]))
  t.match(input.list, { ok: true, problems: ['ConfigMap b/peers is absent'] })
  t.same(hostsOf(input), ['node1'])
  t.same(input.exports, { PEERS_A: list(1) })
  t.same(input.list.ok && Object.keys(input.list.lists), ['ConfigMap a/peers env PEERS_A'])
  const none = await readInput(pod(t, sources))
  t.same(none.list, {
    ok: false,
    reason: 'list-missing',
    message: 'ConfigMap a/peers is absent; ConfigMap b/peers is absent',
  })
  t.same(none.exports, {})
})

t.test('a list that a PeerSet delivers and has not written yet is empty, not missing', async t => {
  const delivered = (name: string) =>
    source({ name, via: 'init', deliveredBy: 'ns/set', unseen: true, override: 'CMT_P2P_PERSISTENT_PEERS' })
  const alone = await readInput(pod(t, [delivered('a')]))
  t.same(alone.list, { ok: false, reason: 'list-empty', message: 'no peer in ConfigMap a/config.toml' })
  t.same(alone.exports, {}, 'the node keeps what it has')
  const beside = await readInput(pod(t, [delivered('a'), variable('b')], [undefined, list(1)]))
  t.match(beside.list, { ok: true, problems: [] }, 'and no problem beside another list')
  t.same(hostsOf(beside), ['node1'])
  const gone = await readInput(pod(t, [delivered('a'), variable('b')]))
  t.match(gone.list, {
    reason: 'list-empty',
    message: 'no peer in ConfigMap a/config.toml; ConfigMap b/peers is absent',
  })
  const union = await readInput(pod(t, [delivered('a'), literal(list(1))], [toml(list(2))]))
  t.same(
    union.exports,
    { CMT_P2P_PERSISTENT_PEERS: list(1, 2) },
    'the variable carries what a script has written into the file as well',
  )
  const own = variable('b', { variable: 'CMT_P2P_PERSISTENT_PEERS' })
  const set = await readInput(pod(t, [own, delivered('a')], [list(1), toml(list(2))]))
  t.same(set.exports, { CMT_P2P_PERSISTENT_PEERS: list(1, 2) }, 'and what the pod itself has put into that variable')
})

t.test('an empty list, and one malformed list among good ones', async t => {
  for (const text of ['', ' \n', ',,']) {
    const { list, exports } = await readInput(pod(t, [variable('a'), variable('b')], [text]))
    t.same(list, {
      ok: false,
      reason: 'list-empty',
      message: 'no peer in ConfigMap a/peers; ConfigMap b/peers is absent',
    })
    t.same(exports, {}, 'nothing is given to the next start')
  }
  t.match((await readInput(pod(t, [source()], ['[p2p]\n']))).list, {
    reason: 'list-empty',
    message: 'no peer in ConfigMap config/config.toml',
  })
  t.match(
    (await readInput(pod(t, [source(), variable('a')], ['[p2p]\n', list(1)]))).list,
    { ok: true },
    'empty beside another',
  )
  const bad = await readInput(pod(t, [variable('a'), variable('b'), source()], [list(1), 'node2:26656', 'p2p = [']))
  t.match(bad.list, {
    ok: false,
    reason: 'list-malformed',
    message: /^ConfigMap b\/peers, entry 1: expected .*; ConfigMap config\/config.toml, line 1: /,
  })
  t.same(bad.exports, {})
  t.match((await readInput(pod(t, [literal('x')]))).list, {
    reason: 'list-malformed',
    message: /^args\[3\], entry 1: expected NODEID@HOST:PORT/,
  })
})

t.test('variables that the next start has to have: env as it is, an override from the file', async t => {
  const override = (over: Partial<KeySource>) => source({ override: 'CMT_P2P_PERSISTENT_PEERS', ...over })
  const sources = [
    variable('a'),
    variable('b', { via: 'envFrom' }),
    override({ via: 'subPath' }),
    override({ name: 'overlay', via: 'init' }),
    source({ name: 'plain', via: 'subPath' }),
    literal(list(9)),
  ]
  const raw = ` ${list(3)} ,\n${list(4)}\n`
  const texts = [raw, list(5), toml(list(2, 1), `seeds = "${list(7)}"`), toml(list(1, 6)), toml(list(8))]
  const input = await readInput(pod(t, sources, texts))
  t.same(
    input.exports,
    { PEERS_A: raw, PEERS_B: list(5), CMT_P2P_PERSISTENT_PEERS: list(1, 2, 6, 8) },
    'the plain file too: the variable outranks it',
  )
})

t.test('the settings that stand in the way of a restart', async t => {
  const of = async (...texts: string[]) =>
    (
      await readInput(
        pod(
          t,
          texts.map((_, n) => source({ name: `c${n}` })),
          texts,
        ),
      )
    ).settings
  const text = toml(list(1), '[consensus]\ndouble_sign_check_height = 10\n[statesync]\nenable = true\n')
  t.same(await of(text), { doubleSignCheckHeight: 10, stateSync: true })
  t.same(await of(toml(list(1))), { doubleSignCheckHeight: 0, stateSync: false })
  t.same(await of(toml(list(1)), text), { doubleSignCheckHeight: 10, stateSync: true })
  t.same((await readInput(pod(t, [variable('a')], [list(1)]))).settings, {
    doubleSignCheckHeight: 0,
    stateSync: false,
  })
})

t.test('a plan that is absent or cannot be used is an error that says what to do', async t => {
  const dir = pod(t, [source()], [toml(list(1))])
  writeVolume(dir, { 'pod/plan': '{"version":1}' })
  await t.rejects(readInput(dir), { message: /pod\/plan: the plan cannot be used: .*container/ })
  writeVolume(dir, { 'pod/turn': '' })
  await t.rejects(readInput(dir), { message: /pod\/plan is absent: .*create the pod again/ })
  await t.rejects(readInput(join(dir, 'nowhere')), { message: /is absent/ })
})

t.test('plain files do as well, and a file that cannot be read is an error', async t => {
  const dir = t.testdir({})
  const file = join(dir, sourceFile(source()))
  mkdirSync(dirname(file), { recursive: true })
  mkdirSync(join(dir, 'pod'))
  writeFileSync(join(dir, 'pod/plan'), JSON.stringify(plan()))
  writeFileSync(file, toml(list(1)))
  t.same(hostsOf(await readInput(dir)), ['node1'])
  rmSync(file)
  t.match((await readInput(dir)).list, { reason: 'list-missing' })
  mkdirSync(file)
  await t.rejects(readInput(dir), { code: 'EISDIR' }, 'rather than a list that seems to be gone')
  rmSync(file, { recursive: true })
  writeFileSync(file, '')
  t.match((await readInput(dir)).list, { reason: 'list-empty' })
})

t.test('what is read is of one version, however often the kubelet swaps', async t => {
  const sources = [variable('a'), variable('b'), variable('c'), variable('d')]
  const dir = t.testdir({})
  const write = (n: number) => {
    const files = sources.map((source): [string, string] => [sourceFile(source), list(n)])
    writeVolume(dir, {
      'pod/plan': JSON.stringify(plan({ sources })),
      'pod/turn': `${n}`,
      ...Object.fromEntries(files),
    })
  }
  write(0)
  let swapping = true
  const swaps = (async () => {
    for (let n = 1; swapping; n++) {
      write(n % 100)
      await sleep(10)
    }
  })()
  for (let n = 0; n < 100; n++) {
    const input = await readInput(dir)
    t.same(hostsOf(input), [`node${input.turn}`])
  }
  swapping = false
  await swaps
})

/** More bytes than a variable may have, in fewer entries than a list may. */
function longList(): string {
  return list(...Array.from({ length: 1900 }, (_, index) => index + 1)).replaceAll(
    ':26656',
    '.peers-of-the-chain:26656',
  )
}

t.test('what a variable cannot carry is refused before the node fails to start with it', async t => {
  const override = source({ override: 'CMT_P2P_PERSISTENT_PEERS', via: 'subPath' })
  const many = longList()
  const long = await readInput(pod(t, [override], [toml(many)]))
  t.match(long.list, {
    ok: false,
    reason: 'list-too-long',
    message: /CMT_P2P_PERSISTENT_PEERS would be \d+ bytes, and a variable may be 131071/,
  })
  t.same(long.exports, {})
  t.match((await readInput(pod(t, [source()], [toml(many)]))).list, { ok: true }, 'a file may hold as many')
  const odd = await readInput(pod(t, [variable('a', { format: 'generic-list' })], ['node1:26656 # \u0001\n']))
  t.match(odd.list, { ok: false, reason: 'list-malformed', message: /byte 0 or 1/ })
})

t.test('an override carries the role that its source has, and is not written empty', async t => {
  const seeds = source({ override: 'CMT_P2P_SEEDS', via: 'subPath', role: 'seed' })
  const both = toml(list(1), `seeds = "${list(7)}"`)
  t.same((await readInput(pod(t, [seeds], [both]))).exports, { CMT_P2P_SEEDS: list(7) })
  t.same((await readInput(pod(t, [seeds], [toml(list(1))]))).exports, {})
})

t.test('what the node takes from a variable may be given in addresses; seeds and other variables not', async t => {
  const name = 'CMT_P2P_PERSISTENT_PEERS'
  const file = source({ override: name })
  const read = await readInput(
    pod(
      t,
      [file, source({ name: 'other' }), variable('a')],
      [toml(list(1), `seeds = "${list(7)}"`), toml(list(2)), list(3)],
    ),
  )
  t.same(read.exports[name], list(1, 2), 'a directory mount, too, so that it can be given addresses')
  t.same(Object.keys(read.pinnable), [name])
  t.same(
    read.pinnable[name]?.map(peer => peer.host),
    ['node1', 'node2'],
  )
  const own = variable('a', { variable: name, override: name })
  t.same(
    (await readInput(pod(t, [own], [list(4)]))).pinnable[name]?.map(peer => peer.host),
    ['node4'],
  )
  const seeds = source({ override: 'CMT_P2P_SEEDS', via: 'subPath', role: 'seed' })
  t.same((await readInput(pod(t, [seeds], [toml('', `seeds = "${list(7)}"`)]))).pinnable, {})
})

t.test('a list that a directory mount brings all the same need not fit into the variable', async t => {
  const many = longList()
  const spare = source({ override: 'CMT_P2P_PERSISTENT_PEERS' })
  const read = await readInput(pod(t, [spare], [toml(many)]))
  t.match(read, { list: { ok: true }, exports: {}, pinnable: {} })
  t.same(Object.keys(read.exports), [])
  const needed = source({ name: 'frozen', override: 'CMT_P2P_PERSISTENT_PEERS', via: 'subPath' })
  t.match(await readInput(pod(t, [spare, needed], [toml(many), toml(list(1))])), {
    list: { ok: false, reason: 'list-too-long' },
  })
})

t.test('of a malformed list it is said where, and what is expected; nothing of it is quoted', async t => {
  const listed = { format: 'cometbft-list', via: 'env', variable: 'PEERS', key: 'peers' } as const
  const messageOf = async (kind: KeySource['kind']) => {
    const { list } = await readInput(pod(t, [source({ ...listed, kind })], ['hunter2']))
    return list.ok ? 'ok' : list.message
  }
  for (const kind of ['ConfigMap', 'Secret'] as const)
    t.match(await messageOf(kind), new RegExp(`^${kind} config/peers, entry 1: expected NODEID@HOST:PORT`))
})
