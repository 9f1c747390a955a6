// How long a difference lasts before a restart.
import t from 'tap'
import { peerKey } from '../../../peers/peer.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import { chains } from '../../../sidecar/chains/index.ts'
import type { Assessed } from '../../../sidecar/decide/assess.ts'
import type { Known, Memory } from '../../../sidecar/decide/memory.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import { isAddressMatter, restGate, settledAt, settleGate, triedGate } from '../../../sidecar/decide/settle-time.ts'
import type { Wish } from '../../../sidecar/decide/wish.ts'
import { connection, host, nodeId, peer, plan, reason, source, times, world } from '../fixtures/look.ts'
import { type Case, wishing } from '../fixtures/wish.ts'

t.test('a move that heals by itself within the settle time is left alone', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  t.equal(reason(w.after(5)), 'settling')
  w.connections = [...w.connections, connection(2, '10.0.0.22')]
  t.equal(reason(w.after(4)), 'nothing')
  t.equal(w.memory.need, null)
  t.equal(w.memory.restarts.length, 0)
  w.connections = w.connections.filter(one => one.id !== nodeId(2))
  t.equal(
    reason(w.after(60)),
    'settling',
    'lost again later: the node still has the old address, and the time starts again',
  )
})

t.test(
  'the settle time counts from when the new address first answered, where the controller told of it before DNS',
  async t => {
    const moved = () => {
      const w = world()
      w.after(0)
      w.after(60)
      w.move(2, '10.0.0.22')
      return w
    }
    t.test('the rest of it only', async t => {
      const w = moved()
      w.openSince = { '10.0.0.22:26656': w.now - 4_000 }
      t.equal(reason(w.after(0)), 'settling')
      t.equal(reason(w.after(5)), 'settling')
      t.equal(reason(w.after(1)), 'restart', '10 s after it first answered')
    })
    t.test('none of it is left', async t => {
      const w = moved()
      w.openSince = { '10.0.0.22:26656': w.now - 10_000 }
      t.equal(reason(w.after(0)), 'restart')
    })
    t.test('the last of several counts, and an address that has not been open before counts from now', async t => {
      const w = moved()
      w.move(3, '10.0.0.33')
      w.openSince = { '10.0.0.22:26656': w.now - 60_000 }
      t.equal(reason(w.after(0)), 'settling')
      t.equal(reason(w.after(9)), 'settling')
      t.equal(reason(w.after(1)), 'restart')
    })
    t.test('not from before the process started', async t => {
      const w = moved()
      w.process = { identity: 'b', startedAt: w.now - 1_000 }
      w.openSince = { '10.0.0.22:26656': w.now - 60_000 }
      w.hosts = { ...w.hosts, node2: host('10.0.0.22', { since: w.now - 500 }) }
      t.equal(reason(w.after(0)), 'settling')
    })
    t.test('a change after another starts it again', async t => {
      const w = moved()
      t.equal(reason(w.after(8)), 'settling')
      w.move(3, '10.0.0.33')
      w.openSince = { '10.0.0.22:26656': w.now - 60_000, '10.0.0.33:26656': w.now - 60_000 }
      t.equal(reason(w.after(0)), 'settling')
      t.equal(reason(w.after(9)), 'settling')
      t.equal(reason(w.after(1)), 'restart')
    })
  },
)

t.test('the time to settle', async t => {
  const edited = (thePlan = plan({ turns: 'controller' })) => {
    const w = world({ plan: thePlan })
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    return w
  }
  /** A turn that is asked for is there at once. */
  const settles = (w: ReturnType<typeof world>): number => {
    for (let tenths = 0; ; tenths++) {
      const now = reason(w.after(0.1))
      if (now === 'awaiting-turn') w.turn = w.memory.need?.hash
      else if (now !== 'settling') return tenths / 10
    }
  }
  t.test('a turn is asked for a moment before, and not used before', async t => {
    const w = edited()
    t.equal(reason(w.after(0)), 'settling')
    t.equal(reason(w.after(8.4)), 'settling')
    t.equal(reason(w.after(0.1)), 'awaiting-turn')
    w.turn = w.memory.need?.hash
    t.match(w.after(0.1).decision, { reason: 'settling', until: w.now + 1_400 })
    t.equal(reason(w.after(1.3)), 'settling')
    t.equal(reason(w.after(0.1)), 'restart')
  })
  t.test('half a second for an edited list that the controller has seen, too', async t => {
    const w = edited()
    w.peerHash = peerHash(w.peers)
    t.equal(settles(w), 0.5)
    t.equal(reason(w.after(0)), 'restart')
  })
  t.test('as long as ever where it has seen another, where it says nothing, and where nobody paces', async t => {
    const other = edited()
    other.peerHash = peerHash([peer(1)])
    t.equal(settles(other), 8.5)
    t.equal(reason(other.after(0)), 'waiting-for-kubelet', 'by when a turn would be asked for')
    t.equal(settles(edited()), 10)
    const self = edited(plan({ turns: 'self' }))
    self.peerHash = peerHash(self.peers)
    t.equal(settles(self), 10)
  })
  t.test('as long as ever where an address has changed as well', async t => {
    const w = edited()
    w.peerHash = peerHash(w.peers)
    w.move(2, '10.0.0.22')
    t.equal(settles(w), 10)
  })
  t.test('never longer than the plan says', async t => {
    const w = edited(plan({ turns: 'controller', times: { settleSeconds: 0.2 } }))
    w.peerHash = peerHash(w.peers)
    t.equal(settles(w), 0.2)
  })
  t.test('three minutes behind a ClusterIP, by when the node has healed', async t => {
    const behind = (w: ReturnType<typeof world>, address: string) => {
      w.hosts = { ...w.hosts, node2: { ...host('10.96.0.2'), behind: [address] } }
    }
    const w = world()
    behind(w, '10.0.0.2')
    w.after(0)
    behind(w, '10.0.0.22')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let n = 0; n < 17; n++) t.equal(reason(w.after(10)), 'settling')
    w.connections = [...w.connections, connection(2, '10.96.0.2', { port: 26656 })]
    t.equal(reason(w.after(5)), 'nothing', 'the ClusterIP leads to the new pod')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    behind(w, '10.0.0.23')
    t.equal(settles(w), 180)
    t.equal(reason(w.after(0)), 'restart', 'one that has not healed by then')
    const mixed = world()
    behind(mixed, '10.0.0.2')
    mixed.after(0)
    behind(mixed, '10.0.0.22')
    mixed.connections = mixed.connections.filter(one => one.id !== nodeId(2))
    mixed.move(3, '10.0.0.33')
    t.equal(settles(mixed), 10, 'another peer does not wait for it')
  })
  t.test('a Service that was made anew has another address, by which no node heals', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node2: { ...host('10.96.0.2'), behind: ['10.0.0.2'] } }
    w.after(0)
    w.hosts = { ...w.hosts, node2: { ...host('10.96.0.77', { since: w.now }), behind: ['10.0.0.22'] } }
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    t.equal(settles(w), 10)
  })
  t.test('accepted from the pod behind a ClusterIP is connected, too', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node2: { ...host('10.96.0.2'), behind: ['10.0.0.22'] } }
    w.seenBy = 'sockets'
    w.connections = [{ address: '10.0.0.1' }, { address: '10.0.0.22' }, { address: '10.0.0.3' }]
    t.equal(w.after(0).assessed.find(one => one.peer.host === 'node2')?.standing, 'connected')
  })
})

t.test('changes that keep coming put a restart off for a minute, and no longer', async t => {
  const rows: [what: string, settleSeconds: number, lastMs: number, firstMs: number, untilMs: number | null][] = [
    ['one change, a moment ago', 10, 9_999, 9_999, 1],
    ['one change, 10 s ago', 10, 10_000, 10_000, null],
    ['the last of many', 10, 2_000, 50_000, 8_000],
    ['the last of many, the first 59 s ago', 10, 2_000, 59_999, 1],
    ['the last of many, the first a minute ago', 10, 0, 60_000, null],
    ['a settle time above a minute is the bound itself', 90, 2_000, 60_000, 30_000],
    ['and it is over then, too', 90, 2_000, 90_000, null],
  ]
  for (const [what, settleSeconds, lastMs, firstMs, untilMs] of rows) {
    const { wish, look, memory } = wishing(plan({ times: { settleSeconds } }))
    const need = { hash: 'h', since: look.now - lastMs, firstSince: look.now - firstMs, delaySeconds: 0 }
    const hold = settleGate(wish, look, { ...memory, need }, times)
    if (untilMs === null) t.equal(hold, null, what)
    else t.strictSame(hold, { reason: 'settling', until: look.now + untilMs }, what)
  }
})

t.test('an edit each few seconds for ever: restarted a minute after the first', async t => {
  const w = world()
  w.after(0)
  const edited = w.now
  let seconds = 0
  for (; w.memory.intent === null && seconds < 120; seconds += 3) {
    w.peers = [peer(1), peer(2), peer(3), peer(100 + seconds)]
    w.hosts = { ...w.hosts, [`node${100 + seconds}`]: host('10.0.9.9') }
    w.after(3)
  }
  t.equal(((w.memory.intent?.at ?? 0) - edited) / 1000, 63, 'it was first seen after 3 s')
})

t.test('a node that follows names by itself has the time to', async t => {
  const rows: [profile: 'stellar-core' | 'geth' | 'besu', healsMs: number][] = [
    ['stellar-core', 600_000],
    ['geth', 90_000],
    ['besu', 10_000],
  ]
  for (const [profile, healsMs] of rows) {
    const { wish, look, memory } = wishing(plan({ profile }))
    const after = (ms: number) => {
      const since = look.now - ms
      return settleGate(
        wish,
        look,
        { ...memory, need: { hash: 'h', since, firstSince: since, delaySeconds: 0 } },
        times,
      )
    }
    t.match(after(healsMs - 1), { until: look.now + 1 }, `${profile}: a moment before`)
    t.equal(after(healsMs), null, `${profile}: then`)
  }
})

const teaching = (its: Case, ...teaches: readonly Assessed['restartTeaches'][]): Wish => {
  const [listed] = its.wish.missing
  if (!listed) throw new Error('nobody is missing')
  return {
    ...its.wish,
    missing: teaches.map((restartTeaches, n) => ({ ...listed, peer: peer(2 + 5 * n), restartTeaches })),
  }
}

t.test('what is settled when, by what a restart would teach', async t => {
  const its = wishing()
  const need = { hash: 'h', since: its.look.now, firstSince: its.look.now, delaySeconds: 0 }
  const settles = (...teaches: readonly Assessed['restartTeaches'][]) =>
    (settledAt(teaching(its, ...teaches), its.look, need, times) - its.look.now) / 1000
  t.equal(settles('address'), 10)
  t.equal(settles('perhaps'), 30, 'three settle times: the node may know it')
  t.equal(settles('perhaps', 'perhaps'), 30)
  t.equal(settles('perhaps', 'address'), 10, 'one of them it does not know')
  t.equal(isAddressMatter({ restartTeaches: 'list' } as Assessed), false)
})

t.test('a chain that looks names up itself is given its time, where only addresses have changed', async t => {
  const its = wishing(plan({ profile: 'geth' }))
  const { healSeconds = 0 } = chains.geth
  t.ok(healSeconds > 0)
  const gate = (missingMs: number, ...teaches: readonly Assessed['restartTeaches'][]) => {
    const firstSince = its.look.now - missingMs
    const need = { hash: 'h', since: firstSince, firstSince, delaySeconds: 0 }
    return settleGate(teaching(its, ...teaches), its.look, { ...its.memory, need }, times)?.reason
  }
  t.equal(gate(healSeconds * 1000 - 1, 'address'), 'healing')
  t.equal(gate(healSeconds * 1000, 'address'), undefined)
  t.equal(gate(healSeconds * 1000 - 1, 'address', 'list'), undefined, 'no node follows an edited list')
  const future = { hash: 'h', since: its.look.now, firstSince: its.look.now + 1, delaySeconds: 0 }
  const cometbft = wishing()
  t.equal(
    settleGate(cometbft.wish, cometbft.look, { ...cometbft.memory, need: future }, times)?.reason,
    'settling',
    'one that does not never heals',
  )
})

t.test('when the wait is over is told, and what it waits for', async t => {
  const its = wishing(plan({ turns: 'controller' }))
  const { now } = its.look
  const memory = { ...its.memory, need: { hash: 'h', since: now, firstSince: now, delaySeconds: 0 } }
  t.strictSame(settleGate(its.wish, its.look, memory, times), { reason: 'settling', until: now + 8_500 })
  t.strictSame(restGate(its.wish, its.look, memory, times), { reason: 'settling', until: now + 10_000 })
})

t.test('what the node may know already it tries once it is up', async t => {
  const unseen = { ...source(), unseen: true as const }
  const tried = (
    teaches: readonly Assessed['restartTeaches'][],
    process: Memory['process'],
    thePlan = plan({ sources: [unseen] }),
  ) => {
    const its = wishing(thePlan)
    return triedGate(teaching(its, ...teaches), its.look, { ...its.memory, process })
  }
  const { now } = wishing().look
  const up = (upAt: number, startedAt = 0): Memory['process'] => ({ identity: 'a', startedAt, upAt })
  const notUp = (startedAt: number): Memory['process'] => ({ identity: 'a', startedAt })
  const settling = (until: number) => ({ reason: 'settling', until })
  t.strictSame(tried(['perhaps'], up(now - 29_999)), settling(now + 1))
  t.equal(tried(['perhaps'], up(now - 30_000)), null)
  t.strictSame(tried(['perhaps'], notUp(now)), settling(now + 30_000), 'it is not up yet')
  t.equal(tried(['perhaps'], notUp(now - 630_000)), null, 'ten minutes after its start it listens elsewhere')
  t.strictSame(tried(['perhaps'], notUp(now - 629_999)), settling(now + 1))
  t.equal(tried(['perhaps'], null), null, 'nothing is known of it')
  t.strictSame(tried(['list'], up(now)), settling(now + 30_000), 'a list that nothing in the pod hands to it')
  t.equal(tried(['list'], up(now), plan()), null, 'one that it was not given')
  t.equal(tried(['address'], up(now)), null)
  t.equal(tried(['perhaps', 'address'], up(now)), null, 'one of them it does not know')
  t.equal(tried([], up(now)), null)
  t.equal(tried(['perhaps'], up(now), plan({ profile: 'generic', sources: [unseen] })), null, 'it tries nobody again')
})

t.test('behind a Service whose own address the node has', async t => {
  const settles = (view: HostView, over: Partial<Known> = {}) => {
    const its = wishing(plan(), w => {
      w.hosts = { ...w.hosts, node2: view }
    })
    const need = { hash: 'h', since: its.look.now, firstSince: its.look.now, delaySeconds: 0 }
    return (
      (settledAt({ ...its.wish, known: { ...its.wish.known, ...over } }, its.look, need, times) - its.look.now) / 1000
    )
  }
  const stable = host('10.96.0.2', { behind: ['10.0.0.22'] })
  const known = { addresses: { node2: ['10.96.0.2'] } }
  t.equal(settles(stable, known), 180)
  t.equal(settles(host('10.96.0.2'), known), 10, 'nobody says that it is one')
  t.equal(settles(stable, { addresses: { node2: ['10.96.0.9'] } }), 10, 'made anew, with another address')
  t.equal(settles(stable, { addresses: {} }), 10)
  const pin = (address: string) => ({ ...known, pins: { [peerKey(peer(2))]: address } })
  t.equal(settles(stable, pin('10.96.0.2')), 180)
  t.equal(settles(stable, pin('10.0.0.2')), 10, 'what counts is what it was given')
})
