// What a process was given when it started.
import t from 'tap'
import { peerKey } from '../../../peers/peer.ts'
import { knownAfterRestart, knownAtStart, pinsAtStart } from '../../../sidecar/decide/known.ts'
import { sourceKey } from '../../../sidecar/decide/lists.ts'
import { blank, type Memory, type Prepared } from '../../../sidecar/decide/memory.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import { tokenOf } from '../../../sidecar/decide/token.ts'
import { connection, host, nodeId, peer, plan, reason, source, start, times, world } from '../fixtures/look.ts'

t.test('what the node was given decides whether a restart would teach it anything', async t => {
  t.test('one dead connection to a peer at the address that was given', async t => {
    const w = world()
    w.after(0)
    w.connections = w.connections.filter(one => one.id !== nodeId(3))
    t.equal(reason(w.after(60)), 'nothing', 'a restart would give it the same address again')
  })
  t.test('a name that had no answer at the start', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host([], { failures: 1, error: 'ENOTFOUND' }) }
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(0)), 'unreachable')
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start + 20_000 }) }
    t.equal(reason(w.after(20)), 'settling')
    t.equal(reason(w.after(10)), 'restart')
  })
  t.test('an answer that was too young at the start: three settle times, for the node may know it', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start - 61_000 }) }
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(0)), 'settling')
    t.equal(reason(w.after(29)), 'settling')
    t.equal(reason(w.after(1)), 'restart')
  })
  t.test('a young answer at which the node was seen to dial is known', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start - 61_000 }) }
    w.connections = [...w.connections.slice(0, 2), connection(3, '10.0.0.3', { port: 26656 })]
    w.after(0)
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(60)), 'nothing')
  })
  t.test('a process that started by itself was given what there was then', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.now += 60_000
    w.restarted('b', false)
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
    t.equal(reason(w.after(40)), 'nothing', 'its address was 100 s old when the process started')
  })
})

const key = sourceKey(source())
const a = '10.0.0.1'
const moment = (over: Partial<Memory> = {}): Memory => ({ ...blank, ...over })

t.test('what a process that started by itself was given: the lists', async t => {
  const [old, now] = [[peer(1)], [peer(1), peer(2)]]
  const w = world({ peers: now })
  const edited = (agoMs: number): Memory =>
    moment({ desired: { lists: { [key]: now }, since: start - agoMs }, before: { [key]: old } })
  const rows: [what: string, memory: Memory, token: string | undefined, peers: number][] = [
    ['a list that was there 2 s before', edited(2_000), undefined, 2],
    ['one that came a moment later: only what both have', edited(1_999), undefined, 1],
    ['one that came after it', edited(-1), undefined, 1],
    ['whatever its age, where the token says that it was given', edited(0), tokenOf({ [key]: now }), 2],
    ['whatever its age, where the token says that it was not', edited(3_600_000), tokenOf({ [key]: old }), 1],
    ['the only list there has been', moment(), undefined, 2],
  ]
  for (const [what, memory, token, peers] of rows) {
    const process = { startedAt: start, ...(token === undefined ? {} : { snapshotToken: token }) }
    t.equal(knownAtStart(memory, w.look(), process, times).lists[key]?.length, peers, what)
  }
})

t.test('what a process that started by itself was given: the addresses', async t => {
  const rows: [what: string, view: HostView, isGuess: boolean][] = [
    ['half a minute old: cluster DNS caches no longer', host(a, { since: start - 30_000 }), false],
    ['younger', host(a, { since: start - 29_999 }), true],
    ['contradicted within half a minute', host(a, { disputedAt: start - 29_999 }), true],
    ['contradicted before', host(a, { disputedAt: start - 30_000 }), false],
    ['only remembered, since look-ups fail', host(a, { failures: 1 }), true],
  ]
  for (const [what, view, isGuess] of rows) {
    const w = world({ peers: [peer(1)] })
    w.hosts = { node1: view }
    const known = knownAtStart(blank, w.look(), { startedAt: start }, times)
    t.strictSame(known.addresses, { node1: [a] }, what)
    t.strictSame(known.uncertain, isGuess ? ['node1'] : [], what)
  }
})

t.test('what a restart gives, by its level', async t => {
  const subPath = source({ via: 'subPath' })
  const w = world({ plan: plan({ sources: [subPath] }), peers: [peer(1), peer(2)] })
  const its = sourceKey(subPath)
  w.hosts = { node1: host(a), node2: host('10.0.0.2', { failures: 1 }) }
  const memory = moment({ startedWith: { lists: { [its]: [peer(1)] }, addresses: {}, uncertain: [] } })
  const gives = (level: 'process' | 'container') => knownAfterRestart(memory, w.look().desired.lists, w.look(), level)
  t.equal(gives('process').lists[its]?.length, 1, 'a file that needs the container stays as it was')
  t.equal(gives('container').lists[its]?.length, 2)
  t.strictSame(gives('container').addresses, { node1: [a], node2: [] }, 'a name that fails now is not given')
})

t.test('a start that happens while another list is written may be of either', async t => {
  const listed = [peer(1), peer(2)]
  const w = world({ peers: listed })
  const pins = (first: string, second: string) => ({ [peerKey(peer(1))]: first, [peerKey(peer(2))]: second })
  const prepared = (laterMs: number): Prepared[] => [
    { token: 'then', pins: pins('10.0.0.1', '10.0.0.2'), hash: 'h', at: start - 60_000 },
    { token: 'later', pins: pins('10.0.0.1', '10.0.0.22'), hash: 'h', at: start + laterMs },
  ]
  const process = { startedAt: start, snapshotToken: 'then' }
  const sure = (laterMs: number) =>
    Object.keys(pinsAtStart({ prepared: prepared(laterMs) }, w.look(), process, times) ?? {})
  t.equal(sure(2_000).length, 1, 'written within 2 s: only what both have is sure')
  t.equal(sure(2_001).length, 2)
  t.equal(pinsAtStart({}, w.look(), process, times), undefined, 'a token that nobody knows says nothing')
})
