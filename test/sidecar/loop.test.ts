// The loop with real timers and no node: what it asks of its parts, and in which order.
import pino from 'pino'
import t from 'tap'
import { formatEndpoints } from '../../peers/endpoints.ts'
import type { Page } from '../../peers/page.ts'
import { sourceKey } from '../../sidecar/decide/given.ts'
import { timing } from '../../sidecar/decide/look.ts'
import { blank, type Memory } from '../../sidecar/decide/memory.ts'
import { type LoopParts, startLoop } from '../../sidecar/loop.ts'
import { createMetrics } from '../../sidecar/metrics.ts'
import type { Input } from '../../sidecar/observe/input.ts'
import { connection, healthy, host, peer, plan } from './fixtures/look.ts'

/** Parts that note what they were asked, over a node whose state the test changes. */
function parts(over: Partial<LoopParts> = {}, settleSeconds = 0) {
  const calls: string[] = []
  const thePlan = plan({ times: { settleSeconds, minIntervalSeconds: 0 } })
  const now = Date.now()
  const node = {
    peers: [peer(1), peer(2)],
    exports: {} as Record<string, string>,
    hosts: { node1: host('10.0.0.1', { since: now - 1e6 }), node2: host('10.0.0.2', { since: now - 1e6 }) },
    connections: [connection(1, '10.0.0.1'), connection(2, '10.0.0.2')],
    identity: 'a',
    massRemoval: false,
  }
  const input = (): Input => ({
    plan: thePlan,
    list: {
      ok: true,
      peers: node.peers,
      problems: [],
      lists: { [sourceKey(thePlan.sources[0] as never)]: node.peers },
    },
    exports: node.exports,
    pinnable: {},
    settings: { doubleSignCheckHeight: 0, stateSync: false, unsafeRpc: false },
    pause: { held: false },
    allowMassRemoval: node.massRemoval,
  })
  const made: LoopParts = {
    readInput: async () => input(),
    lookUp: async () => node.hosts,
    nextLookUp: () => undefined,
    lookAtNode: async () => ({ seenBy: 'net_info', connections: node.connections, status: healthy, listening: true }),
    reachable: async (address, port) => {
      calls.push(`probe ${address}:${port}`)
      return true
    },
    reach: {
      find: async () => ({ process: { identity: node.identity, startedAt: now - 60_000 } }),
      prepare: async (exports, token) => void calls.push(`prepare ${JSON.stringify(exports)} ${token.slice(0, 3)}`),
      restart: async stop => {
        calls.push(`restart ${stop.level}`)
        return { ok: true }
      },
    },
    ownAddresses: () => [],
    save: async memory => void calls.push(`save ${memory.intent ? 'intent' : 'calm'}`),
    metrics: createMetrics(),
    log: pino({ level: 'silent' }),
    now: Date.now,
    random: () => 0,
    timing: { ...timing, selfTurnSeconds: 0 },
    lookSeconds: 30,
    busySeconds: 0.01,
    ...over,
  }
  return { calls, node, made }
}

async function until(what: string, condition: () => boolean, seconds = 5): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

t.test('an intent is on disk before the restart is asked for', async t => {
  const { calls, node, made } = parts()
  const loop = startLoop(made, blank)
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  t.strictSame(calls, ['save calm', 'prepare {} s1:'], 'nothing probed, nothing restarted')
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: Date.now() }) }
  node.connections = [connection(1, '10.0.0.1')]
  loop.hint()
  await until('a restart', () => calls.includes('restart process'))
  t.ok(calls.indexOf('save intent') < calls.indexOf('restart process'), calls.join(', '))
  t.ok(calls.includes('probe 10.0.0.22:26656'))
  node.identity = 'b'
  node.connections = [connection(1, '10.0.0.1'), connection(2, '10.0.0.22')]
  await until('settled again', () => loop.page()?.phase === 'settled')
  t.match(
    await made.metrics.registry.metrics(),
    /repeer_sidecar_restarts_total\{level="process",outcome="verified"\} 1/,
  )
})

t.test('exports are prepared when they change, but not for a list that would remove most peers', async t => {
  const { calls, node, made } = parts()
  node.peers = [1, 2, 3, 4].map(n => peer(n))
  node.hosts = Object.fromEntries(
    node.peers.map((one, index) => [one.host, host(`10.0.0.${index + 1}`, { since: 1 })]),
  ) as typeof node.hosts
  node.connections = node.peers.map((_, index) => connection(index + 1, `10.0.0.${index + 1}`))
  node.exports = { PEERS: 'four' }
  const loop = startLoop(made, blank)
  t.teardown(() => loop.close())
  await until('prepared', () => calls.some(call => call.startsWith('prepare {"PEERS":"four"}')))
  node.peers = [peer(9)]
  node.hosts = { ...node.hosts, node9: host('10.0.0.9', { since: 1 }) } as typeof node.hosts
  node.exports = { PEERS: 'one' }
  loop.hint()
  await until('refused', () => loop.page()?.reason === 'mass-removal')
  t.notOk(calls.some(call => call.includes('"one"')))
  node.massRemoval = true
  loop.hint()
  await until('prepared', () => calls.some(call => call.includes('"one"')))
})

t.test('a failing look leaves the node alone, is counted, and makes the page unwell when it lasts', async t => {
  let now = Date.now()
  let broken = false
  const { calls, made } = parts({ now: () => now })
  const readInput = made.readInput
  const loop = startLoop(
    { ...made, readInput: async () => (broken ? Promise.reject(new Error('disk gone')) : readInput()) },
    blank,
  )
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  broken = true
  loop.hint()
  t.equal(loop.unwell(), null)
  now += 200_000
  await until('unwell', () => /disk gone/.test(loop.unwell() ?? ''))
  t.match(await made.metrics.registry.metrics(), /repeer_sidecar_look_failures_total [1-9]/)
  t.notOk(calls.some(call => call.startsWith('restart')))
})

t.test('a hint during a look is not lost; close waits for the look', async t => {
  let looks = 0
  let release = () => {}
  const { made } = parts()
  const readInput = made.readInput
  const loop = startLoop(
    {
      ...made,
      readInput: async () => {
        looks++
        await new Promise<void>(resolve => {
          release = resolve
        })
        return readInput()
      },
    },
    blank,
  )
  await until('the first look', () => looks === 1)
  loop.hint()
  loop.hint()
  release()
  await until('a second look', () => looks === 2)
  let closed = false
  const closing = loop.close().then(() => {
    closed = true
  })
  t.equal(closed, false)
  release()
  await closing
  t.equal(looks, 2, 'two hints, one look')
})

t.test('it starts from what was remembered', async t => {
  const { calls, made } = parts()
  let saved: Memory = blank
  const save = async (memory: Memory) => {
    saved = memory
  }
  const first = startLoop({ ...made, save }, blank)
  await until('settled', () => first.page()?.phase === 'settled')
  await first.close()
  const pages: (Page | null)[] = []
  const second = startLoop({ ...made, save }, saved)
  t.teardown(() => second.close())
  await until('settled', () => second.page()?.phase === 'settled')
  pages.push(second.page())
  t.equal(pages[0]?.applied, saved.settled?.hash)
  t.notOk(calls.some(call => call.startsWith('restart')))
})

t.test('names are asked about anew once the node has started: do they still resolve?', async t => {
  const { node, made } = parts()
  const doubted: (readonly string[])[] = []
  const startedAt = Date.now() - 1000
  const old = { answeredAt: startedAt - 10_000 }
  node.hosts = { node1: { ...node.hosts.node1, ...old }, node2: { ...node.hosts.node2, ...old } }
  const loop = startLoop(
    {
      ...made,
      reach: { ...made.reach, find: async () => ({ process: { identity: 'a', startedAt } }) },
      lookUp: async (_hosts, doubts) => {
        doubted.push(doubts)
        return node.hosts
      },
    },
    blank,
  )
  t.teardown(() => loop.close())
  await until('the first look', () => loop.page() !== null)
  loop.hint()
  await until('another look', () => doubted.length > 1)
  t.same(doubted[1], ['node1', 'node2'])
  node.hosts = { ...node.hosts, node2: { ...node.hosts.node2, answeredAt: Date.now() } }
  const looks = doubted.length
  loop.hint()
  await until('two more', () => {
    if (doubted.length === looks + 1) loop.hint()
    return doubted.length > looks + 1
  })
  t.same(doubted.at(-1), ['node1'], 'until they have been answered')
})

t.test('an address that does not answer yet is tried often for a minute, then seldom', async t => {
  let now = Date.now()
  const { calls, node, made } = parts({ now: () => now, reachable: async () => false })
  const loop = startLoop(made, blank)
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: now }) }
  node.connections = [connection(1, '10.0.0.1')]
  loop.hint()
  const hasLooked = async () => {
    const at = new Date(now).toISOString()
    await until('a look at this time', () => loop.page()?.lookedAt === at, 2)
  }
  await until('unreachable', () => loop.page()?.reason === 'unreachable')
  now += 59_000
  await hasLooked()
  now += 2_000
  await hasLooked()
  const looks = calls.length
  await new Promise(resolve => setTimeout(resolve, 200))
  t.equal(calls.length, looks, 'twenty times the short interval later not one more')
})

t.test('an address that the controller tells before DNS is tried at once, and known to be open since', async t => {
  let now = Date.now()
  let endpoints: string | undefined
  const { calls, node, made } = parts({ now: () => now }, 8)
  const settles = {
    ...made,
    readInput: async () => ({ ...(await made.readInput()), ...(endpoints === undefined ? {} : { endpoints }) }),
  }
  const loop = startLoop(settles, blank)
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  endpoints = formatEndpoints({ node2: { addresses: ['10.0.0.22'], stable: false } })
  node.connections = [connection(1, '10.0.0.1')]
  loop.hint()
  await until('tried', () => calls.includes('probe 10.0.0.22:26656'))
  t.notOk(
    calls.some(call => call.startsWith('restart')),
    'DNS is what the node would ask',
  )
  now += 8_000
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: now }) }
  loop.hint()
  await until('a restart', () => calls.includes('restart process'))
})

t.test('without a controller, DNS that has long said otherwise is followed', async t => {
  let now = Date.now()
  const { calls, node, made } = parts({ now: () => now })
  const endpoints = formatEndpoints({ node2: { addresses: ['10.0.0.2'], stable: false } })
  const loop = startLoop({ ...made, readInput: async () => ({ ...(await made.readInput()), endpoints }) }, blank)
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  node.connections = [connection(1, '10.0.0.1')]
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: now }) }
  now += 119_000
  loop.hint()
  await until('looked again', () => loop.page()?.lookedAt === new Date(now).toISOString())
  t.match(loop.page()?.peers[1]?.addresses, ['10.0.0.2'], 'its last word')
  t.notOk(calls.some(call => call.startsWith('restart')))
  now += 1_000
  loop.hint()
  await until('a restart', () => calls.includes('restart process'))
})

t.test(
  'a state that cannot be written: the page says so and goes on, nothing is restarted, and health follows',
  async t => {
    let now = Date.now()
    let full = false
    const { calls, node, made } = parts({ now: () => now })
    const save = async (memory: Memory) =>
      full ? Promise.reject(new Error('ENOSPC: no space left')) : made.save(memory)
    const loop = startLoop({ ...made, save }, blank)
    t.teardown(() => loop.close())
    await until('settled', () => loop.page()?.phase === 'settled')
    full = true
    node.connections = [connection(1, '10.0.0.1')]
    node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: now }) }
    loop.hint()
    await until('said', () => loop.page()?.reason === 'state-unwritable')
    t.match(loop.page(), { phase: 'waiting', connected: 1, detail: /ENOSPC/ })
    now += 100_000
    loop.hint()
    await until('looked again', () => loop.page()?.lookedAt === new Date(now).toISOString())
    t.equal(loop.unwell(), null, 'not yet')
    now += 21_000
    loop.hint()
    await until('unwell', () => /ENOSPC/.test(loop.unwell() ?? ''))
    t.notOk(calls.some(call => call.startsWith('restart')))
    full = false
    loop.hint()
    await until('a restart', () => calls.includes('restart process'))
    t.equal(loop.unwell(), null)
  },
)

t.test('what a start is given follows the addresses, under a token of its own', async t => {
  const name = 'CMT_P2P_PERSISTENT_PEERS'
  const given: [Record<string, string>, string][] = []
  const { node, made } = parts()
  const list = node.peers
  const loop = startLoop(
    {
      ...made,
      readInput: async () => ({
        ...(await made.readInput()),
        exports: { [name]: 'by name' },
        pinnable: { [name]: list },
      }),
      reach: { ...made.reach, prepare: async (exports, token) => void given.push([{ ...exports }, token]) },
    },
    blank,
  )
  t.teardown(() => loop.close())
  await until('prepared', () => given.length === 1)
  t.match(given[0]?.[0][name], /@10\.0\.0\.1:26656,.*@10\.0\.0\.2:26656$/)
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: Date.now() }) }
  loop.hint()
  await until('prepared anew', () => given.length === 2)
  t.match(given[1]?.[0][name], /@10\.0\.0\.22:26656$/, 'though the node is still connected at the old one')
  t.not(given[0]?.[1], given[1]?.[1])
})
