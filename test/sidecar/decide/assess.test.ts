// What a restart would change about each peer, and whose addresses are probed.
import t from 'tap'
import { peerKey } from '../../../peers/peer.ts'
import { assess, dialledHosts, suspects } from '../../../sidecar/decide/assess.ts'
import type { Known } from '../../../sidecar/decide/memory.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import type { Teaches } from '../../../sidecar/decide/teaches.ts'
import { connection, host, peer, start, world } from '../fixtures/look.ts'

const one = peer(1)
const knows = (addresses: readonly string[], over: Partial<Known> = {}): Known => ({
  lists: { any: [one] },
  addresses: { node1: addresses },
  uncertain: [],
  ...over,
})
const pin = (address: string) => ({ [peerKey(one)]: address })

/** A look at a node that is not connected to its one peer. */
function missing(view: HostView = host('10.0.0.1')) {
  const w = world({ peers: [one] })
  w.hosts = { node1: view }
  w.connections = []
  return w
}

t.test('what a restart would teach', async t => {
  type Row = [what: string, view: HostView, known: Known | null, pinned: string | undefined, teaches: Teaches]
  const [a, b] = ['10.0.0.1', '10.0.0.2']
  const rows: Row[] = [
    ['a node of which nothing is known', host(a), null, undefined, 'list'],
    ['a peer that it was not given', host(a), knows([a], { lists: {} }), undefined, 'list'],
    ['the address that it was given', host(a), knows([a]), undefined, null],
    ['another address', host(b), knows([a]), undefined, 'address'],
    ['one address more', host([a, b]), knows([a]), undefined, 'address'],
    ['one address less', host([a]), knows([a, b]), undefined, 'address'],
    ['the same in another order', host([a, b]), knows([b, a]), undefined, null],
    ['no address now', host([]), knows([a]), undefined, 'address'],
    ['none then', host(a), knows([]), undefined, 'address'],
    ['a guess', host(a), knows([a], { uncertain: ['node1'] }), undefined, 'perhaps'],
    ['rotating, and it has had one', host(b, { rotating: true }), knows([a]), undefined, null],
    ['rotating, and it has had none', host(b, { rotating: true }), knows([]), undefined, 'address'],
    ['the address in place of the name', host(b), knows([a], { pins: pin(b) }), b, null],
    ['another in place of the name', host(b), knows([b], { pins: pin(a) }), b, 'address'],
    ['of two the one that it was given', host([a, b]), knows([], { pins: pin(a) }), a, null],
    ['of two the other', host([a, b]), knows([], { pins: pin(a) }), b, 'address'],
    ['an address then, the name now', host(a), knows([], { pins: pin(a) }), undefined, null],
  ]
  for (const [what, view, known, pinned, teaches] of rows) {
    const look = { ...missing(view).look(), ...(pinned === undefined ? {} : { pins: pin(pinned) }) }
    t.equal(assess(look, known)[0]?.restartTeaches, teaches, what)
  }
  const fixed = peer(1, { host: '10.0.0.1' })
  const w = world({ peers: [fixed] })
  const known: Known = { lists: { any: [fixed] }, addresses: {}, uncertain: [] }
  t.equal(assess(w.look(), known)[0]?.restartTeaches, null, 'an address in the list cannot change')
  const doubted = { ...known, uncertain: ['10.0.0.1'] }
  t.equal(assess(w.look(), doubted)[0]?.restartTeaches, 'perhaps', 'and a script may have handed on another list')
})

t.test('whether it answers', async t => {
  const answer = (reachable: Record<string, boolean>) =>
    assess({ ...missing(host(['10.0.0.1', 'fd00::1'])).look(), reachable }, knows([]))[0]?.reachable
  t.equal(answer({}), undefined, 'nobody has asked')
  t.equal(answer({ '10.0.0.1:26656': false }), false)
  t.equal(answer({ '10.0.0.1:26656': false, '[fd00::1]:26656': true }), true, 'one of several')
  t.equal(answer({ '10.0.0.1:1': true }), undefined, 'another port')
})

t.test('whose addresses are probed', async t => {
  const its = [{ address: '10.0.0.1', port: 26656 }]
  const known = knows(['10.0.0.1'])
  t.same(suspects(missing().look(), known, false), [], 'a missing one that a restart would teach nothing')
  t.same(suspects(missing().look(), known, true), its, 'while one is verified, all missing ones')
  t.same(suspects(missing().look(), knows(['10.0.0.9']), false), its, 'one that it would teach')
  const connected = missing()
  connected.connections = [connection(1, '10.0.0.1')]
  t.same(suspects(connected.look(), null, true), [], 'none that is connected')
  const heard = missing(host('10.0.0.1', { heard: ['10.0.0.7'] }))
  t.same(suspects(heard.look(), known, false), [{ address: '10.0.0.7', port: 26656 }], 'what some name servers say')
  const both = { ...missing(host(['10.0.0.1', '10.0.0.2'])).look(), pins: pin('10.0.0.1') }
  const pinned = knows([], { pins: pin('10.0.0.1') })
  t.equal(suspects(both, pinned, false).length, 2, 'of several, which one the node is given')
  const single = { ...missing().look(), pins: pin('10.0.0.1') }
  t.same(suspects(single, pinned, false), [], 'its one address, in place of the name')
  const { pins: _, ...unpinned } = both
  t.same(suspects(unpinned, knows(['10.0.0.1', '10.0.0.2']), false), [], 'of several, all of which its name gives it')
})

t.test('whom the node has dialled at a present address', async t => {
  const dialled = (...connections: ReturnType<typeof connection>[]) => {
    const w = missing(host('10.0.0.1', { former: [{ address: '10.0.0.9', lastSeen: start }] }))
    w.connections = connections
    return dialledHosts(w.look())
  }
  t.same(dialled(connection(1, '10.0.0.1', { port: 26656 })), ['node1'])
  t.same(dialled(connection(1, '10.0.0.1')), [], 'who dials in proves nothing about what the node knows')
  t.same(dialled(connection(1, '10.0.0.9', { port: 26656 })), [], 'nor does an old connection')
  t.same(dialled(connection(1, '192.0.2.1', { port: 26656 })), [], 'nor one at an address of nobody')
})
