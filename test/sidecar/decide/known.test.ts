// What a process was given when it started.
import t from 'tap'
import { type Peer, peerKey } from '../../../peers/peer.ts'
import type { Plan } from '../../../peers/plan.ts'
import {
  knownAfterRestart,
  knownAtStart,
  pinsAtStart,
  sureWhileTelling,
  withDialled,
  withPins,
} from '../../../sidecar/decide/known.ts'
import { sourceKey } from '../../../sidecar/decide/lists.ts'
import { blank, type Known, type Memory, type Prepared } from '../../../sidecar/decide/memory.ts'
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

const b = '10.0.0.2'
const known = (over: Partial<Known> = {}): Known => ({ lists: {}, addresses: {}, uncertain: [], ...over })
const pinsFor = (...entries: readonly (readonly [n: number, address: string])[]) =>
  Object.fromEntries(entries.map(([n, address]) => [peerKey(peer(n)), address]))

t.test('while a node is told: only what it knew and is told alike', async t => {
  const w = world({ peers: [peer(1), peer(2), peer(3)] })
  w.hosts = { node1: host([a, '10.0.1.1']), node2: host(b), node3: host('10.0.0.3') }
  const before = known({
    lists: { [key]: [peer(1), peer(2), peer(4)] },
    addresses: { node1: ['10.0.1.1', a], node2: ['10.0.0.22'], node4: ['10.0.0.4'] },
    uncertain: ['node2'],
  })
  const sure = sureWhileTelling(before, w.look())
  t.same(
    sure.lists[key]?.map(({ host }) => host),
    ['node1', 'node2'],
  )
  t.strictSame(sure.addresses, { node1: ['10.0.1.1', a], node2: [], node4: [] }, 'whatever their order')
  t.strictSame(sure.uncertain, ['node2'])
  t.equal(sure.pins, undefined)
  const fewer = sureWhileTelling({ ...before, addresses: { node1: [a] } }, w.look())
  t.strictSame(fewer.addresses, { node1: [] }, 'one of two is not the same')
  const other = sureWhileTelling({ ...before, addresses: { node1: [a, '10.0.1.9'] } }, w.look())
  t.strictSame(other.addresses, { node1: [] }, 'nor two of which one is another')
})

t.test('while a node is told that was given addresses: those that it is told again', async t => {
  const w = world({ peers: [peer(1), peer(2)] })
  w.hosts = { node1: host(a), node2: host(b) }
  const before = known({ lists: { [key]: [peer(1), peer(2)] }, pins: pinsFor([1, a], [2, '10.0.0.22']) })
  t.strictSame(sureWhileTelling(before, w.look()).pins, pinsFor([1, a]))
  t.equal(sureWhileTelling({ ...before, pins: pinsFor([2, '10.0.0.22']) }, w.look()).pins, undefined, 'none is left')
})

t.test('addresses in place of names: a host is a guess no longer where each of its peers has one', async t => {
  const second = peer(1, { id: nodeId(9), port: 26657 })
  const guess = known({ lists: { [key]: [peer(1), second, peer(2)] }, uncertain: ['node1', 'node2'] })
  t.equal(withPins(guess, undefined), guess)
  const one = withPins(guess, pinsFor([1, a], [2, b]))
  t.strictSame(one.uncertain, ['node1'], 'another peer at that host has none')
  t.strictSame(one.pins, pinsFor([1, a], [2, b]))
  t.strictSame(withPins(guess, { ...pinsFor([1, a]), [peerKey(second)]: a }).uncertain, ['node2'])
})

t.test('whom the node was seen to dial it knows, at the present address', async t => {
  const hosts = { node1: host('10.0.0.11'), node2: host(b) }
  const before = known({
    lists: { [key]: [peer(1), peer(2)] },
    addresses: { node1: [a], node2: [b] },
    uncertain: ['node1', 'node2'],
    pins: pinsFor([1, a], [2, b]),
  })
  t.equal(withDialled(before, [], hosts), before)
  const after = withDialled(before, ['node1'], hosts)
  t.strictSame(after.addresses, { node1: ['10.0.0.11'], node2: [b] })
  t.strictSame(after.uncertain, ['node2'])
  t.strictSame(after.pins, pinsFor([2, b]), 'its pin says nothing any more')
  t.strictSame(withDialled(before, ['node2'], hosts).pins, before.pins, 'a pin that still holds stays')
  const { pins: _, ...named } = before
  t.equal('pins' in withDialled(named, ['node1'], hosts), false)
  const literal = withDialled(before, [a], hosts)
  t.strictSame(literal.addresses, before.addresses, 'an address is no host')
})

t.test('what a start was given that the token tells', async t => {
  const w = world({ peers: [peer(1)] })
  w.hosts = { node1: host(a) }
  w.pinning = true
  const look = w.look()
  const { pins = {} } = look
  const of = (token: string | undefined, memory: Pick<Memory, 'prepared'> = {}, its: typeof look = look) =>
    pinsAtStart(memory, its, { startedAt: start, ...(token === undefined ? {} : { snapshotToken: token }) }, times)
  const today = tokenOf(look.desired.lists, pins)
  t.strictSame(of(today), pins, 'what was prepared is forgotten, and it was the same as today’s')
  t.equal(of('other'), undefined)
  t.equal(of(undefined), undefined)
  t.equal(of(tokenOf(look.desired.lists)), undefined, 'names alone')
  const { pins: _, ...without } = look
  t.equal(of(tokenOf(look.desired.lists), {}, without), undefined, 'no addresses are given today')
  w.bad = { reason: 'list-malformed', message: 'm' }
  t.equal(of(today, {}, w.look()), undefined, 'the list of today cannot be read')
  const entry = (token: string, address: string, at: number): Prepared => ({
    token,
    pins: pinsFor([1, address]),
    hash: 'h',
    at,
  })
  const twice = [entry('t', a, start - 9_000), entry('u', b, start - 8_000), entry('t', '10.0.0.3', start - 7_000)]
  t.strictSame(of('t', { prepared: twice }), pinsFor([1, '10.0.0.3']), 'the last of that token')
})

t.test('a start that the supervisor gave what is exported', async t => {
  const exported = source({ via: 'env', variable: 'PEERS', override: 'PEERS', format: 'cometbft-list' })
  const its = sourceKey(exported)
  const unseen = { ...exported, unseen: true as const }
  const rows: [what: string, learned: string | undefined, token: string | undefined, peers: number, guess: boolean][] =
    [
      ['it did not', undefined, undefined, 0, true],
      ['it did', undefined, tokenOf({ [its]: [peer(1)] }), 1, false],
      ['by the variable that was learned', 'LEARNED', tokenOf({ [its]: [peer(1)] }, {}, 'LEARNED'), 1, false],
      ['before that was learned', 'LEARNED', tokenOf({ [its]: [peer(1)] }), 0, true],
    ]
  for (const [what, learned, token, peers] of rows) {
    const w = world({ plan: plan({ sources: [unseen] }), peers: [peer(1)] })
    w.hosts = { node1: host(a) }
    const memory = moment(learned === undefined ? {} : { learned: { variable: learned } as never })
    const process = { startedAt: start, ...(token === undefined ? {} : { snapshotToken: token }) }
    t.equal(knownAtStart(memory, w.look(), process, times).lists[its]?.length, peers, what)
  }
  for (const [what, , token, , guess] of rows.slice(0, 2)) {
    const w = world({ plan: plan({ sources: [{ ...exported, override: 'OTHER' }] }), peers: [peer(1)] })
    w.hosts = { node1: host(a) }
    const process = { startedAt: start, ...(token === undefined ? {} : { snapshotToken: token }) }
    const uncertain = knownAtStart(moment(), w.look(), process, times).uncertain
    t.strictSame(uncertain, guess ? ['node1'] : [], `outranked by another variable: ${what}`)
  }
})

t.test('sources that a restart of the process does not deliver stay as a start was given them', async t => {
  const [file, pod] = [source({ via: 'subPath' }), source({ name: 'pod', via: 'env', variable: 'V' })]
  for (const level of ['all-containers', 'none'] as const) {
    const w = world({ plan: plan({ sources: [file, { ...pod, level }] }), peers: [peer(1)] })
    const [one, two] = [sourceKey(file), sourceKey(pod)]
    w.hosts = { node1: host(a), node2: host(b) }
    w.lists = { [one]: [peer(1)], [two]: [peer(2)] }
    const startedWith = known({ lists: { [one]: [], [two]: [peer(3)] } })
    const lists = knownAtStart(moment({ startedWith }), w.look(), { startedAt: start }, times).lists
    t.same([lists[one]?.length, lists[two]?.[0]?.host], [1, 'node3'], level)
    t.same(knownAtStart(moment(), w.look(), { startedAt: start }, times).lists[two]?.[0]?.host, 'node2', 'none known')
  }
})

t.test('what a restart gives where nothing is known of the last start, and of a list that nothing sees', async t => {
  const subPath = source({ via: 'subPath' })
  const its = sourceKey(subPath)
  const gives = (
    sources: Plan['sources'],
    memory = moment(),
    present: Record<string, Peer[]> = { [its]: [peer(1)] },
  ) => {
    const w = world({ plan: plan({ sources }), peers: [peer(1)] })
    w.hosts = { node1: host(a) }
    return knownAfterRestart(memory, present, w.look(), 'process').lists[its]
  }
  t.equal(gives([subPath])?.length, 1, 'as the files have it')
  t.strictSame(gives([subPath], moment(), {}), [], 'nothing is known')
  t.strictSame(gives([{ ...subPath, unseen: true }]), [], 'nothing in the pod hands it over')
  const w = world({ peers: [peer(1), peer(2)] })
  w.hosts = { node1: host(a, { failures: 1 }), node2: host(b, { failures: 1 }) }
  const look = { ...w.look(), pins: pinsFor([1, a]) }
  const after = knownAfterRestart(moment(), look.desired.lists, look, 'process')
  t.strictSame(after.addresses, { node1: [a], node2: [] }, 'what is given as an address is not looked up')
  t.strictSame(after.pins, pinsFor([1, a]))
})
