// What the node is given in addresses, and what it looks up itself: what each means for the decision.
import t from 'tap'
import { peerKey } from '../../../peers/peer.ts'
import { listToken, tokenOf } from '../../../sidecar/decide/token.ts'
import { connection, host, nodeId, peer, plan, reason, world } from '../fixtures/look.ts'

const without = (w: ReturnType<typeof world>, n: number) => w.connections.filter(one => one.id !== nodeId(n))

/** Node 2 has moved, and the node has been restarted for it and is back without it. */
function restartedInVain(pinning: boolean) {
  const w = world()
  w.pinning = pinning
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.after(10)
  w.restarted('b')
  w.connections = without(w, 2)
  for (let n = 0; n < 62; n++) w.after(1)
  return w
}

t.test('a restart in vain, of a node that was given the address: the same again would not help', async t => {
  const w = restartedInVain(true)
  t.match(w.memory, {
    restarts: [{ outcome: 'unverified' }],
    startedWith: { pins: { [peerKey(peer(2))]: '10.0.0.22' }, uncertain: [] },
  })
  for (const seconds of [60, 600, 7200]) t.equal(reason(w.after(seconds)), 'already-restarted')
  w.move(2, '10.0.0.23')
  w.after(1)
  t.equal(reason(w.after(10)), 'restart', 'another address is another matter')
})

t.test('of one that looked it up: once more, after the back-off, and no third time', async t => {
  const w = restartedInVain(false)
  t.match(w.memory.startedWith?.uncertain, ['node2'])
  t.equal(reason(w.after(30)), 'back-off')
  t.equal(reason(w.after(180)), 'back-off', 'twice min-interval after it ended')
  t.equal(reason(w.after(60)), 'restart')
  w.restarted('c')
  w.connections = without(w, 2)
  for (let n = 0; n < 62; n++) w.after(1)
  t.equal(w.memory.restarts.at(-1)?.outcome, 'unverified')
  for (const seconds of [60, 600, 7200]) t.equal(reason(w.after(seconds)), 'already-restarted')
  t.equal(w.memory.restarts.length, 2)
})

t.test('nor where the address does not answer', async t => {
  const w = restartedInVain(false)
  w.dead.add('10.0.0.22')
  w.after(1)
  t.equal(reason(w.after(600)), 'unreachable')
})

t.test('a node that starts by itself was given what its token says, so nothing is a guess', async t => {
  const w = world()
  w.pinning = true
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  // It crashes a second after the address was prepared for its next start.
  w.now += 3000
  w.restarted('b')
  const { memory } = w.after(0)
  t.match(memory.startedWith, { uncertain: [], pins: { [peerKey(peer(2))]: '10.0.0.22' } })
  w.connections = without(w, 2)
  t.equal(reason(w.after(60)), 'nothing', 'down, for all that this node could learn')
})

t.test('one that starts while other addresses are written: only what both have is sure', async t => {
  const w = world()
  w.pinning = true
  w.after(0)
  const before = w.memory.prepared?.at(-1)?.token ?? ''
  w.move(2, '10.0.0.22')
  w.after(1)
  w.process = { identity: 'b', startedAt: w.now + 100, snapshotToken: before }
  w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
  w.after(0.2)
  t.same(Object.keys(w.memory.startedWith?.pins ?? {}), [peerKey(peer(1)), peerKey(peer(3))])
  t.same(w.memory.startedWith?.uncertain, ['node2'])
})

t.test('one that started with the addresses of long ago', async t => {
  const w = world()
  w.pinning = true
  w.after(0)
  const before = w.memory.prepared?.at(-1)?.token ?? ''
  w.restarted('b')
  w.after(5)
  w.process = { identity: 'c', startedAt: w.now, snapshotToken: before }
  w.now += 60_000
  w.move(2, '10.0.0.22')
  t.equal(reason(w.after(0)), 'settling', 'what it was given is known, though it was never seen before')
  t.match(w.memory.startedWith?.pins, { [peerKey(peer(2))]: '10.0.0.2' })
})

t.test('a restart that gave a newer address than it was asked for', async t => {
  const w = world()
  w.pinning = true
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  t.equal(reason(w.after(10)), 'restart')
  // The node takes its time to stop, and the peer moves meanwhile; what is given is kept fresh.
  w.process = { identity: 'a', startedAt: w.now - 60_000, request: w.memory.intent?.id ?? '' }
  w.move(2, '10.0.0.23')
  w.after(1)
  w.now += 3000
  w.restarted('b')
  w.after(0)
  t.match(w.memory.startedWith?.pins, { [peerKey(peer(2))]: '10.0.0.23' })
  t.match(w.memory, { intent: null, restarts: [{ outcome: 'verified' }] })
  const { hash } = w.memory.restarts[0] ?? {}
  t.equal(hash, w.memory.prepared?.at(-1)?.hash, 'it is the restart for what was given')
})

t.test('of several addresses it restartTeaches of another only where the one that it has is gone', async t => {
  const w = world()
  w.pinning = true
  w.hosts = { ...w.hosts, node2: host(['10.0.0.2', '10.0.0.20']) }
  w.after(0)
  w.restarted('b')
  w.after(1)
  w.connections = without(w, 2)
  t.equal(reason(w.after(60)), 'nothing', 'it has one that answers')
  w.dead.add('10.0.0.2')
  w.after(1)
  t.equal(reason(w.after(10)), 'restart', 'and the other answers')
})

t.test('look-ups that fail do not hold what is given in addresses', async t => {
  for (const [pinning, expected] of [
    [true, 'restart'],
    [false, 'lookups-fail'],
  ] as const) {
    const w = world()
    w.pinning = pinning
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    w.hosts = Object.fromEntries(
      Object.entries(w.hosts).map(([name, view]) => [name, { ...view, failures: 1, error: 'ESERVFAIL' }]),
    )
    const outcome = w.after(10)
    t.equal(reason(outcome), expected)
    if (!pinning) t.match(outcome.decision, { detail: /\(ESERVFAIL\)/ })
  }
})

t.test('a name that never had an answer: look-ups fail, and that is said', async t => {
  const w = world()
  w.hosts = { ...w.hosts, node2: host([], { failures: 3, error: 'ESERVFAIL', answeredAt: null }) }
  w.connections = without(w, 2)
  t.match(w.after(0).decision, { reason: 'lookups-fail', detail: 'node2 (ESERVFAIL)' })
})

t.test('name servers that disagree', async t => {
  t.test('hold a restart until nobody has contradicted anybody for four seconds', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    const dispute = () => {
      w.hosts = { ...w.hosts, node2: { ...(w.hosts.node2 ?? host('')), disputedAt: w.now } }
    }
    dispute()
    w.after(1)
    for (let n = 0; n < 14; n++) {
      dispute()
      w.after(1)
    }
    const held = w.after(0)
    t.match(held.decision, { reason: 'lookups-disagree', detail: 'node2' })
    t.equal('until' in held.decision && held.decision.until, w.now + 3000)
    t.equal(reason(w.after(2.9)), 'lookups-disagree')
    t.equal(reason(w.after(0.1)), 'restart')
  })
  t.test('about a peer that the node has: a node that looks it up would lose it', async t => {
    for (const [pinning, expected] of [
      [false, 'lookups-disagree'],
      [true, 'restart'],
    ] as const) {
      const w = world()
      w.pinning = pinning
      w.after(0)
      w.move(2, '10.0.0.22')
      w.after(1)
      w.hosts = { ...w.hosts, node3: host('10.0.0.3', { disputedAt: w.now + 10_000 }) }
      t.equal(reason(w.after(10)), expected)
    }
  })
  t.test('what a node was told while they did is in doubt', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node2: host('10.0.0.2', { disputedAt: w.now - 61_000 }) }
    w.connections = without(w, 2)
    w.after(0)
    t.same(w.memory.startedWith?.uncertain, ['node2'])
  })
})

t.test('the token names lists and addresses; what reads the lists alone reads them still', async t => {
  const lists = { 'ConfigMap a/b directory': [peer(1)] }
  const pins = { b: '10.0.0.2', a: '10.0.0.1' }
  t.equal(tokenOf(lists, {}), tokenOf(lists))
  t.equal(tokenOf(lists, pins), tokenOf(lists, { a: '10.0.0.1', b: '10.0.0.2' }))
  t.not(tokenOf(lists, pins), tokenOf(lists, { ...pins, a: '10.0.0.9' }))
  t.equal(listToken(tokenOf(lists, pins)), tokenOf(lists))
  t.match(tokenOf(lists, pins), /^[\x21-\x7e]{1,256}$/)
})

t.test('the snapshot that is wanted does not depend on whether addresses are given', async t => {
  const [one, other] = [world({ plan: plan() }), world({ plan: plan() })]
  one.pinning = true
  t.equal(one.after(0).memory.settled?.hash, other.after(0).memory.settled?.hash)
})

t.test(
  'a peer of two addresses that answer by turns is followed each time, though the snapshot is the same',
  async t => {
    const w = world({ plan: plan({ times: { minIntervalSeconds: 60 } }) })
    w.pinning = true
    const [one, other] = ['10.0.0.2', '10.0.0.22']
    w.hosts = { ...w.hosts, node2: host([one, other]) }
    w.after(0)
    w.restarted('b')
    w.after(10)
    let from = one
    for (const identity of ['c', 'd', 'e']) {
      w.dead = new Set([from])
      w.connections = w.connections.filter(({ address }) => address !== from)
      from = from === one ? other : one
      w.after(600)
      t.equal(w.after(10).decision.do, 'restart', identity)
      w.restarted(identity)
      w.connections = [connection(1, '10.0.0.1'), connection(2, from), connection(3, '10.0.0.3')]
      t.equal(w.after(10).decision.do, 'nothing', `${identity} is connected`)
    }
    t.equal(new Set(w.memory.restarts.map(({ hash }) => hash)).size, 1)
  },
)
