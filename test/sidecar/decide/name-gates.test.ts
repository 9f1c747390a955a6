// While look-ups fail or disagree.
import t from 'tap'
import { peerKey } from '../../../peers/peer.ts'
import type { Standing } from '../../../sidecar/decide/look.ts'
import { agreementGate, disagreement, lookupGate } from '../../../sidecar/decide/name-gates.ts'
import type { Teaches } from '../../../sidecar/decide/teaches.ts'
import { host, nodeId, peer, plan, reason, times, world } from '../fixtures/look.ts'
import { type Case, wishing } from '../fixtures/wish.ts'

t.test('names that do not resolve: the node would lose what it has', async t => {
  const failing = (names: readonly string[], w: ReturnType<typeof world>) => {
    w.hosts = Object.fromEntries(
      Object.entries(w.hosts).map(([name, view]) => [
        name,
        names.includes(name) ? { ...view, failures: 1, error: 'ETIMEOUT' } : view,
      ]),
    )
  }
  const moved = () => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    return w
  }
  const one = moved()
  failing(['node1'], one)
  t.match(one.after(60).decision, { reason: 'lookups-fail', detail: 'node1' }, 'a peer that it is connected to')
  const itself = moved()
  failing(['node2'], itself)
  t.match(itself.after(60).decision, { reason: 'lookups-fail', detail: 'node2' }, 'the one for whose sake it is')
  const gone = moved()
  gone.connections = gone.connections.filter(({ id }) => id !== nodeId(3))
  failing(['node3'], gone)
  gone.after(1)
  const asked = gone.after(10)
  t.match(
    asked.decision,
    { do: 'restart', intent: { giving: { addresses: { node2: ['10.0.0.22'], node3: [] } } } },
    'one that it lacks anyway',
  )
  failing([], one)
  one.hosts = Object.fromEntries(Object.entries(one.hosts).map(([name, view]) => [name, { ...view, failures: 0 }]))
  one.after(1)
  t.equal(reason(one.after(10)), 'restart')
})

/** A wish for the sake of node2, and what else the look shows; by default node1 and node3 are connected. */
function asked(change: (w: ReturnType<typeof world>) => void = () => {}, over: Partial<Case['look']> = {}): Case {
  const its = wishing(plan(), change)
  return { ...its, look: { ...its.look, ...over } }
}

const failing = (names: Readonly<Record<string, string | undefined>>) => (w: ReturnType<typeof world>) => {
  for (const [name, error] of Object.entries(names))
    w.hosts = { ...w.hosts, [name]: { ...(w.hosts[name] ?? host([])), failures: 1, ...(error ? { error } : {}) } }
}

const lookups = ({ wish, look, memory }: Case) => lookupGate(wish, look, memory, times)

t.test('a name that fails, by who it is that has it', async t => {
  t.equal(lookups(asked()), null)
  t.match(lookups(asked(failing({ node1: 'ESERVFAIL' }))), {
    reason: 'lookups-fail',
    detail: /^node1 \(ESERVFAIL\); a restart now may lose 1 /,
  })
  t.match(lookups(asked(failing({ node1: undefined }))), { detail: /^node1 \(no answer\);/ })
  t.match(lookups(asked(failing({ node1: 'A', node3: 'B' }))), { detail: /^node1 \(A\), node3 \(B\);/ })
  const standing = (of: Standing, teaches: Teaches = null, addresses = ['10.0.0.1']) => {
    const its = asked(failing({ node1: 'ESERVFAIL' }))
    const assessed = its.look.assessed.map(listed =>
      listed.peer.host === 'node1' ? { ...listed, standing: of, restartTeaches: teaches, addresses } : listed,
    )
    return lookups({ ...its, look: { ...its.look, assessed } })
  }
  const rows: [what: string, hold: ReturnType<typeof standing>, holds: boolean][] = [
    ['connected', standing('connected'), true],
    ['connected, and no address is known: it came by itself', standing('connected', null, []), false],
    ['itself', standing('self'), false],
    ['absent: it would not be lost', standing('absent'), false],
    ['not seen, and the node knows it', standing('unseen'), true],
    ['not seen, and a start would teach it', standing('unseen', 'address'), false],
    ['not seen, and no address is known', standing('unseen', null, []), false],
  ]
  for (const [what, hold, holds] of rows) t.equal(hold !== null, holds, what)
})

t.test('at most five names are told of', async t => {
  const its = asked()
  const [first] = its.look.assessed
  if (!first) throw new Error('no peer')
  const many = Array.from({ length: 6 }, (_, n) => ({
    ...first,
    standing: 'connected' as const,
    addresses: ['10.9.9.9'],
    peer: { ...first.peer, host: `many${n}` },
  }))
  const hosts = Object.fromEntries(
    many.map(({ peer }) => [peer.host, host('10.9.9.9', { failures: 1, error: 'E', disputedAt: its.look.now })]),
  )
  const look = { ...its.look, assessed: many, hosts }
  t.equal(
    lookupGate(its.wish, look, its.memory, times)?.detail?.split(';')[0],
    [0, 1, 2, 3, 4].map(n => `many${n} (E)`).join(', '),
  )
  t.equal(disagreement(many, look, times)?.detail, [0, 1, 2, 3, 4].map(n => `many${n}`).join(', '))
})

t.test('where nobody is missing, and names fail whose answers would have been wanted', async t => {
  const nobody = (error: string | undefined, addresses: readonly string[]) => {
    const its = asked(failing({ node2: error }))
    const assessed = its.look.assessed.map(listed => (listed.peer.host === 'node2' ? { ...listed, addresses } : listed))
    return lookups({ ...its, wish: { ...its.wish, missing: [] }, look: { ...its.look, assessed } }) !== null
  }
  t.equal(nobody('ESERVFAIL', []), true)
  t.equal(nobody(undefined, []), true)
  t.equal(nobody('ENOTFOUND', []), false, 'there is no such name')
  t.equal(nobody('ENODATA', []), false, 'nothing is behind it')
  t.equal(nobody('ENOTFOUND', ['10.0.0.2']), true, 'there was a moment ago')
  t.equal(lookups({ ...asked(), wish: { ...asked().wish, missing: [] } }), null, 'no name fails')
})

t.test('names that a node does not look up fail without harm', async t => {
  const its = asked(failing({ node1: 'ESERVFAIL' }))
  t.equal(lookupGate(its.wish, { ...its.look, pins: { [peerKey(peer(1))]: '10.0.0.1' } }, its.memory, times), null)
  t.not(
    lookupGate(its.wish, { ...its.look, pins: { [peerKey(peer(3))]: '10.0.0.3' } }, its.memory, times),
    null,
    'another has one',
  )
})

const disputed = (ago: Readonly<Record<string, number>>) => (w: ReturnType<typeof world>) => {
  for (const [name, ms] of Object.entries(ago))
    w.hosts = { ...w.hosts, [name]: { ...(w.hosts[name] ?? host([])), disputedAt: w.now - ms } }
}

t.test('whose dispute counts, and until when', async t => {
  const agreement = ({ wish, look, memory }: Case) => agreementGate(wish, look, memory, times)
  t.equal(agreement(asked()), null)
  const both = asked(disputed({ node1: 3000, node2: 1000 }))
  t.strictSame(agreement(both), {
    reason: 'lookups-disagree',
    detail: 'node1, node2',
    until: both.look.now + 3000,
  })
  const all = { [peerKey(peer(1))]: '10.0.0.1', [peerKey(peer(2))]: '10.0.0.22', [peerKey(peer(3))]: '10.0.0.3' }
  t.equal(agreement(asked(disputed({ node1: 0 }), { pins: all })), null, 'it is given to the node')
  t.match(agreement(asked(disputed({ node2: 0 }), { pins: all })), { detail: 'node2' }, 'it is for its sake')
  const self = asked(disputed({ node1: 0 }))
  const assessed = self.look.assessed.map(listed =>
    listed.peer.host === 'node1' ? { ...listed, standing: 'self' as const } : listed,
  )
  t.equal(agreement({ ...self, look: { ...self.look, assessed } }), null, 'the node itself')
  const twice = [...both.look.assessed, ...both.look.assessed]
  t.match(disagreement(twice, both.look, times), { detail: 'node1, node2' }, 'each name once')
})
