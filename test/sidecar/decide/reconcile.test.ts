import t, { type Test } from 'tap'
import type { HoldReason } from '../../../peers/reasons.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { stillOpen } from '../../../sidecar/decide/look.ts'
import { tokenOf } from '../../../sidecar/decide/token.ts'
import { connection, healthy, host, nodeId, peer, plan, source, start, withBeside, world } from '../fixtures/look.ts'

const reason = ({ decision }: Outcome): HoldReason | string => (decision.do === 'wait' ? decision.reason : decision.do)

t.test('connected to every listed peer: nothing to do, recorded', async t => {
  const w = world()
  const { decision, memory } = w.after(0)
  t.equal(decision.do, 'nothing')
  t.match(memory.settled, { how: 'connected', hash: /^s1:[0-9a-f]{32}$/ })
  t.strictSame(w.after(30).memory.settled, memory.settled, 'recorded once')
})

t.test('a peer that moved: settle, restart once, verify, settled', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  t.equal(reason(w.after(5)), 'settling')
  t.equal(reason(w.after(9)), 'settling', 'the settle time has not passed')
  const asked = w.after(1)
  t.match(asked.decision, {
    do: 'restart',
    why: 'node2: not connected at its present address',
    intent: { level: 'process', identity: 'a' },
  })
  t.equal(reason(w.after(0.1)), 'restart', 'not taken yet: asked again, by the same id')
  t.equal(w.memory.restarts.length, 1)
  w.restarted('b', false)
  w.status = undefined
  t.equal(reason(w.after(1)), 'verify')
  w.status = healthy
  t.equal(reason(w.after(1)), 'verify', 'it answers but is not connected')
  w.restarted('b')
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory, { intent: null, settled: { how: 'restarted' }, restarts: [{ outcome: 'verified' }] })
  w.connections = []
  w.after(600)
  t.equal(w.memory.restarts.length, 1, 'never twice for the same snapshot')
})

t.test('a peer that moves again while a restart for its sake is verified', async t => {
  /** Node 2 has moved, and the node has been restarted for it and is back without it. */
  const verifying = () => {
    const w = world({ plan: plan({ times: { minIntervalSeconds: 60 } }) })
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.restarted('b')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    t.equal(reason(w.after(1)), 'verify')
    return w
  }
  /** A second after `verifying`: waited for until the minute is over. */
  const endsUnverified = (t: Test, w: ReturnType<typeof world>) => {
    t.equal(reason(w.after(58)), 'verify')
    t.equal(reason(w.after(1)), 'already-restarted')
    t.match(w.memory.restarts, [{ outcome: 'unverified' }])
  }
  t.test('is not waited for: the next restart is for its present address, at once', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    w.openSince = { '10.0.0.23:26656': w.now }
    t.equal(reason(w.after(1)), 'verify')
    t.equal(
      reason(w.after(28)),
      'verify',
      'the node may have got the new address, and has three settle times to connect',
    )
    t.equal(reason(w.after(1)), 'min-interval')
    t.match(w.memory, { intent: null, restarts: [{ outcome: 'overtaken' }] })
    t.equal(reason(w.after(29)), 'restart')
    w.restarted('c')
    t.equal(reason(w.after(1)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }, { outcome: 'verified' }])
  })
  t.test('and is connected in that time: verified', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    w.after(10)
    w.connections = [...w.connections, connection(2, '10.0.0.23')]
    t.equal(reason(w.after(10)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'verified' }])
  })
  t.test('and is connected later: no other restart', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(30)), 'settling')
    w.connections = [...w.connections, connection(2, '10.0.0.23')]
    t.equal(reason(w.after(60)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }])
  })
  t.test('the time counts from when the node is up: only then does it look its names up', async t => {
    const w = verifying()
    w.restarted('c', false)
    w.status = undefined
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(20)), 'verify')
    w.status = healthy
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
    t.equal(reason(w.after(1)), 'verify')
    t.equal(reason(w.after(29)), 'verify')
    t.equal(reason(w.after(1)), 'settling')
  })
  t.test('while another is still awaited, that one is waited for', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.move(3, '10.0.0.32')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.restarted('b', false)
    w.after(1)
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(40)), 'verify')
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.32')]
    t.equal(reason(w.after(1)), 'settling')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }])
  })
  t.test('another answer for a moment is no move', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(1)), 'verify')
    w.move(2, '10.0.0.22')
    endsUnverified(t, w)
  })
  t.test('nor is another address beside the one that was given', async t => {
    const w = verifying()
    w.hosts = { ...w.hosts, node2: host(['10.0.0.22', 'fd00::22'], { since: w.now }) }
    w.after(1)
    endsUnverified(t, w)
  })
  t.test('and moves back: the page does not say that all is well', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(30)), 'settling')
    w.move(2, '10.0.0.22')
    t.equal(reason(w.after(60)), 'restart', 'it may never have been told the address that is right again')
    w.restarted('c')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let n = 0; n < 62; n++) w.after(1)
    t.match(w.after(3600).decision, { reason: 'already-restarted', detail: /^not connected: node2/ }, 'no third time')
    w.connections = [...w.connections, connection(2, '10.0.0.22')]
    t.equal(reason(w.after(60)), 'nothing')
  })
  t.test('again and again: neither a success nor in vain, so the budget alone bounds it', async t => {
    const w = world({ plan: plan({ times: { minIntervalSeconds: 10 } }) })
    w.after(0)
    w.move(2, '10.0.1.0')
    t.equal(reason(w.after(1)), 'settling')
    for (let move = 1; move <= 6; move++) {
      t.equal(reason(w.after(10)), 'restart', `restart ${move}`)
      w.restarted(`p${move}`)
      w.connections = w.connections.filter(one => one.id !== nodeId(2))
      t.equal(reason(w.after(1)), 'verify')
      w.move(2, `10.0.1.${move}`)
      t.equal(reason(w.after(30)), 'settling')
    }
    t.equal(reason(w.after(10)), 'budget')
    t.ok(w.memory.restarts.every(one => one.outcome === 'overtaken'))
  })
  t.test('it does not open the breaker again', async t => {
    const w = world()
    w.after(0)
    const past = (hoursAgo: number, outcome: 'unverified' | 'overtaken') => {
      const at = w.now - hoursAgo * 3600_000
      return { id: `${at}`, hash: `s1:${at}`, level: 'process', at, why: '', outcome, endedAt: at } as const
    }
    w.memory = {
      ...w.memory,
      restarts: [past(9, 'unverified'), past(8, 'unverified'), past(7, 'unverified'), past(1, 'overtaken')],
    }
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
  })
})

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

t.test('since when an address has been open', async t => {
  t.same(stillOpen({}, { a: true, b: false }, 5), { a: 5 })
  t.same(
    stillOpen({ a: 5, b: 3, c: 1 }, { a: true, b: false }, 9),
    { a: 5 },
    'what did not answer, or was not asked, begins anew',
  )
})

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

t.test('not staleness', async t => {
  t.test('a NATed address', async t => {
    const w = world()
    w.connections = [connection(1, '10.0.0.1'), connection(2, '192.0.2.77'), connection(3, '10.0.0.3')]
    t.equal(reason(w.after(0)), 'nothing')
  })
  t.test('rotating answers', async t => {
    const w = world()
    w.after(0)
    w.hosts = {
      ...w.hosts,
      node2: host('10.0.0.99', { since: start, rotating: true, former: [{ address: '10.0.0.2', lastSeen: start }] }),
    }
    t.equal(reason(w.after(60)), 'nothing', 'connected at an address of the same rotation')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    t.equal(reason(w.after(60)), 'nothing', 'and not a reason when it is lost')
  })
  t.test('an unreachable new address', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.dead.add('10.0.0.22')
    t.equal(reason(w.after(600)), 'unreachable')
    w.dead.clear()
    t.equal(reason(w.after(1)), 'settling', 'the time runs from when it answers')
  })
  t.test('the node itself in a shared list', async t => {
    const w = world({ peers: [peer(0, { host: 'node0' }), peer(1)] })
    w.hosts = { ...w.hosts, node0: host('10.0.0.10') }
    t.equal(reason(w.after(60)), 'nothing')
    t.equal(w.after(1).assessed.find(one => one.peer.host === 'node0')?.standing, 'self')
  })
  t.test('a connection at an address that the peer had and has no longer is', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.connections = [...w.connections, connection(2, '10.0.0.2')]
    t.equal(reason(w.after(1)), 'settling')
    t.equal(w.after(1).assessed.find(one => one.peer.host === 'node2')?.standing, 'former')
  })
})

t.test('an edited list', async t => {
  const edited = () => {
    const w = world()
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    return w
  }
  t.test('a new peer that is not connected: restart', async t => {
    const w = edited()
    t.equal(reason(w.after(1)), 'settling')
    t.match(w.after(10).decision, { do: 'restart', why: 'node4: new in the list and not connected' })
  })
  t.test('a new peer that dials in by itself: recorded', async t => {
    const w = edited()
    w.after(1)
    w.connections = [...w.connections, connection(4, '10.0.0.4')]
    t.equal(reason(w.after(5)), 'nothing')
  })
  t.test('a removed peer, a seed: connected to all that is listed, recorded', async t => {
    const w = world()
    w.after(0)
    const before = w.memory.settled?.hash
    w.peers = [peer(1), peer(2), peer(9, { role: 'seed' })]
    t.equal(reason(w.after(1)), 'nothing')
    t.not(w.memory.settled?.hash, before, 'another snapshot')
  })
  t.test('a hundred edits in a minute end in the last one, with one restart', async t => {
    const w = edited()
    let restarts = 0
    for (let n = 0; n < 100; n++) {
      w.peers = [peer(1), peer(2), peer(3), peer(4), peer(100 + n)]
      w.hosts = { ...w.hosts, [`node${100 + n}`]: host(`10.0.1.${n}`) }
      if (w.after(0.6).decision.do === 'restart') restarts++
    }
    t.equal(restarts, 0, 'the time starts again with each')
    for (let n = 0; n < 20 && w.memory.intent === null; n++) w.after(1)
    const last = w.memory.intent
    t.ok(last)
    w.restarted('b')
    t.equal(reason(w.after(1)), 'nothing')
    t.equal(w.memory.settled?.hash, last?.hash)
    t.equal(w.memory.restarts.length, 1)
  })
  t.test('a change that arrives during a restart is applied after it', async t => {
    const w = edited()
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.peers = [...w.peers, peer(5)]
    w.hosts = { ...w.hosts, node5: host('10.0.0.5') }
    w.restarted('b')
    w.connections = w.connections.filter(one => one.id !== nodeId(5))
    t.equal(reason(w.after(1)), 'nothing', 'the first is verified without the second')
    t.equal(reason(w.after(1)), 'settling')
    t.equal(reason(w.after(10)), 'min-interval')
    t.equal(reason(w.after(120)), 'restart')
  })
})

t.test('bad lists: the node keeps what it has, addresses are not followed either', async t => {
  for (const bad of ['list-malformed', 'list-empty', 'list-missing'] as const) {
    const w = world()
    w.after(0)
    w.bad = { reason: bad, message: 'why' }
    w.move(2, '10.0.0.22')
    t.match(w.after(600).decision, { do: 'wait', reason: bad, detail: 'why' })
    w.bad = undefined
    t.equal(reason(w.after(1)), 'settling', 'a good list again')
  }
})

t.test('a list that was empty from the start is no trouble; once it names somebody, it is followed', async t => {
  const w = world({ peers: [peer(1)] })
  w.bad = { reason: 'list-empty', message: 'no peer in it' }
  w.connections = []
  t.equal(reason(w.after(0)), 'nothing')
  w.bad = undefined
  t.equal(reason(w.after(1)), 'settling')
  t.match(w.after(10).decision, { do: 'restart', why: /new in the list/ })
})

t.test('levels', async t => {
  const levelAfterEdit = (via: 'directory' | 'subPath' | 'env' | 'init', over: object = {}, planOver: object = {}) => {
    const reach = (planOver as { reach?: never }).reach ?? { by: 'wrap' as const }
    const w = world({
      plan: plan({
        sources: [source({ via, ...(via === 'env' ? { variable: 'PEERS' } : {}), ...over }, reach)],
        ...planOver,
      }),
    })
    // A sidecar starts before its node, so that the node's first look is at a young one.
    w.process = { identity: 'a', startedAt: start - 5000 }
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    const { decision } = w.after(10)
    return decision.do === 'restart' ? decision.intent.level : reason({ decision } as Outcome)
  }
  const signal = { reach: { by: 'signal', uid: 1000, names: ['gaiad'] } }
  t.equal(levelAfterEdit('directory'), 'process')
  t.equal(levelAfterEdit('env'), 'process')
  t.equal(levelAfterEdit('subPath'), 'container')
  t.equal(levelAfterEdit('subPath', { override: 'CMT_P2P_PERSISTENT_PEERS' }), 'process')
  t.equal(levelAfterEdit('init'), 'all-containers')
  t.equal(levelAfterEdit('directory', {}, signal), 'container')
  t.equal(levelAfterEdit('init', { level: 'none' }), 'needs-rollout')
  t.equal(
    levelAfterEdit('directory', { level: 'none' }, { reach: { by: 'observe', reason: 'restart-policy' } }),
    'observe',
  )

  const short = world({ plan: plan({ times: { livenessSeconds: 30 } }) })
  short.process = { identity: 'a', startedAt: start - 5_000 }
  short.listening = false
  short.after(0)
  short.listening = true
  short.after(15)
  t.equal(short.memory.lastStartSeconds, 20)
  short.move(2, '10.0.0.22')
  short.after(1)
  t.match(
    short.after(10).decision,
    { do: 'restart', intent: { level: 'container' } },
    'a liveness probe of 30 s would not wait twice 20 s',
  )

  const mixed = world({ plan: plan({ sources: [source({ via: 'subPath' })] }) })
  mixed.after(0)
  mixed.move(2, '10.0.0.22')
  mixed.after(1)
  t.match(
    mixed.after(10).decision,
    { do: 'restart', intent: { level: 'process' } },
    'addresses need less than the list',
  )
})

t.test('a process restart does not deliver what needs more: it is still a difference afterwards', async t => {
  const w = world({ plan: plan({ sources: [source({ via: 'subPath', level: 'none' })] }) })
  w.after(0)
  w.peers = [...w.peers, peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
  w.move(2, '10.0.0.22')
  w.after(1)
  t.match(w.after(10).decision, { do: 'restart', intent: { level: 'process' } })
  w.restarted('b')
  w.connections = w.connections.filter(one => one.id !== nodeId(4))
  w.after(1)
  t.match(w.memory.restarts.at(-1), { outcome: 'verified' }, 'for the sake of the address, not of the list')
  t.equal(reason(w.after(1)), 'needs-rollout')
})

t.test('every refusal', async t => {
  const moved = (setup: (w: ReturnType<typeof world>) => void, thePlan = plan()) => {
    const w = world({ plan: thePlan })
    setup(w)
    w.after(0)
    w.after(20)
    w.move(2, '10.0.0.22')
    for (let n = 0; n < 9; n++) w.after(5)
    return w
  }
  const refused = (setup: (w: ReturnType<typeof world>) => void, thePlan = plan()) =>
    reason(moved(setup, thePlan).after(5))
  t.equal(moved(() => undefined).memory.restarts.length, 1, 'the control: nothing refused, restarted')
  t.equal(
    refused(w => {
      w.status = undefined
    }),
    'node-silent',
  )
  t.equal(
    refused(w => {
      w.settings = { doubleSignCheckHeight: 0, stateSync: true }
      w.status = { ...healthy, height: 0 }
    }),
    'state-syncing',
  )
  t.equal(
    refused(w => {
      w.settings = { doubleSignCheckHeight: 5, stateSync: false }
      w.status = { ...healthy, validator: true }
    }),
    'double-sign-check',
  )
  t.equal(
    refused(w => {
      w.status = { ...healthy, validator: true, upgradePending: true }
    }),
    'upgrade-pending',
  )
  t.equal(
    refused(w => {
      w.paused = true
    }),
    'paused',
  )
  t.equal(
    refused(() => undefined, plan({ strategy: 'hot' })),
    'hot-only',
  )
  t.equal(
    refused(() => undefined, plan({ minPeers: 2 })),
    'enough-peers',
  )
  t.equal(
    refused(() => undefined, plan({ turns: 'controller' })),
    'awaiting-turn',
  )
  t.equal(
    refused(() => undefined, plan({ reach: { by: 'observe', reason: 'asked-to-observe' } })),
    'observe',
  )
  t.equal(
    refused(() => undefined, plan({ profile: 'stellar-core', rpcPort: 11626 })),
    'healing',
  )
  t.equal(
    refused(w => {
      w.process = { hold: 'process-ambiguous', detail: 'a, b' }
    }),
    'process-ambiguous',
  )

  t.test('catching up: with its height rising it is left alone, standing still it is not', async t => {
    const w = world()
    w.status = { ...healthy, catchingUp: true, height: 10 }
    w.after(0)
    w.move(2, '10.0.0.22')
    let height = 10
    for (let n = 0; n < 12; n++) {
      w.status = { ...healthy, catchingUp: true, height: ++height }
      t.not(w.after(5).decision.do, 'restart')
    }
    t.equal(reason(w.after(0.1)), 'catching-up')
    for (let n = 0; n < 14 && w.memory.intent === null; n++) w.after(5)
    t.ok(w.memory.intent, 'its height has stood still for a minute')
  })
  t.test('owner-rolls: a list edit is left to the owner, addresses are followed', async t => {
    const w = world({ plan: plan({ ownerRolls: true }) })
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    t.equal(reason(w.after(20)), 'owner-rolls')
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(11)), 'restart')
  })
  t.test('mass removal', async t => {
    const w = world({ peers: [1, 2, 3, 4, 5].map(n => peer(n)) })
    w.hosts = { ...w.hosts, node4: host('10.0.0.4'), node5: host('10.0.0.5'), node6: host('10.0.0.6') }
    w.connections = [...w.connections, connection(4, '10.0.0.4'), connection(5, '10.0.0.5')]
    w.after(0)
    w.peers = [peer(5), peer(6)]
    t.match(w.after(60).decision, { reason: 'mass-removal', detail: '4 of 5 peers would be removed' })
    w.allowMassRemoval = true
    w.after(1)
    t.equal(reason(w.after(11)), 'restart')
  })
  t.test('a literal list', async t => {
    const w = world({
      plan: plan({
        sources: [{ kind: 'Literal', name: 'args[2]', format: 'cometbft-list', role: 'peer', text: '', level: 'none' }],
        reach: { by: 'observe', reason: 'restart-policy' },
      }),
    })
    w.after(0)
    w.move(2, '10.0.0.22')
    t.equal(reason(w.after(20)), 'observe')
  })
})

t.test('budget, back-off and breaker', async t => {
  const flap = (w: ReturnType<typeof world>, hours: number, helps: boolean) => {
    let address = 10
    const seen = new Set<string>()
    for (let second = 0; second < hours * 3600; second += 15) {
      // While a restart is verified, another move would overtake it.
      if (second % 150 === 0 && !w.memory.intent) w.move(2, `10.1.${address >> 8}.${address++ & 255}`)
      const outcome = w.after(15)
      seen.add(reason(outcome))
      if (outcome.decision.do === 'restart') w.restarted(`p${w.now}`, helps)
      if (!helps) w.connections = w.connections.filter(one => one.id !== nodeId(2))
    }
    return seen
  }
  t.test('a flapping peer cannot use up more than the budget in any window', async t => {
    const w = world()
    w.after(0)
    const at: number[] = []
    let restarts = 0
    const counted = () => {
      if (w.memory.restarts.length !== restarts) at.push(w.memory.restarts.at(-1)?.at ?? 0)
      restarts = w.memory.restarts.length
    }
    let address = 10
    for (let second = 0; second < 13 * 3600; second += 15) {
      if (second % 150 === 0) w.move(2, `10.1.${address >> 8}.${address++ & 255}`)
      const outcome = w.after(15)
      if (outcome.decision.do === 'restart') {
        at.push(w.now)
        w.restarted(`p${w.now}`)
      }
    }
    counted()
    const asked = [...new Set(at)].sort((a, b) => a - b)
    t.ok(asked.length > 6)
    for (const [index, time] of asked.entries()) {
      const sixth = asked[index + 6]
      if (sixth !== undefined) t.ok(sixth - time >= 6 * 3600_000, 'the seventh is six hours after the first')
      const next = asked[index + 1]
      if (next !== undefined) t.ok(next - time >= 120_000, 'repeer.dev/min-interval')
    }
  })
  t.test('restarts that do not help: back-off, then the breaker', async t => {
    const w = world()
    w.after(0)
    const seen = flap(w, 5, false)
    t.ok(seen.has('back-off'))
    t.ok(seen.has('breaker-open'))
    t.equal(w.memory.restarts.length, 3)
    t.ok(w.memory.restarts.every(one => one.outcome === 'unverified'))
  })
})

t.test('a container beside the node', async t => {
  const beside = (over: Parameters<typeof plan>[0] = {}) => {
    const w = world({ plan: plan({ reach: withBeside(), ...over }) })
    w.permit = null
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    return w
  }
  const due = { hold: 'operator-upgrade', detail: 'it answers 426' } as const

  t.test('does not permit it: the node is left, for this reason, until it does', async t => {
    const w = beside()
    w.permit = due
    t.match(w.after(10).decision, { do: 'wait', reason: 'operator-upgrade', detail: 'it answers 426' })
    t.equal(reason(w.after(86_400)), 'operator-upgrade', 'however long')
    w.permit = { hold: 'process-ambiguous', detail: 'two' }
    t.equal(reason(w.after(1)), 'process-ambiguous')
    w.permit = null
    t.equal(reason(w.after(1)), 'restart')
  })
  t.test('has no say in telling the node', async t => {
    const w = beside()
    w.canTell = true
    w.permit = due
    t.equal(reason(w.after(1)), 'tell')
  })
  t.test('has 10 minutes of rest after the end of a restart, whatever min-interval says', async t => {
    const again = (w: ReturnType<typeof world>) => {
      t.equal(reason(w.after(10)), 'restart')
      w.restarted('b')
      t.equal(reason(w.after(20)), 'nothing')
      w.move(3, '10.0.0.33')
      w.after(1)
      return w.memory.restarts.at(-1)?.endedAt ?? 0
    }
    const w = beside({ times: { minIntervalSeconds: 0 } })
    const ended = again(w)
    const hold = w.after(598).decision
    t.match(hold, { do: 'wait', reason: 'min-interval', until: ended + 600_000, detail: /node-utils.*kubelet/ })
    t.equal(w.now, ended + 599_000, 'a second before')
    t.equal(reason(w.after(1)), 'restart', 'and at it')
    const longer = beside({ times: { minIntervalSeconds: 900 } })
    again(longer)
    t.equal(reason(longer.after(600)), 'min-interval', 'a longer min-interval counts')
    const without = beside({ reach: { by: 'wrap' }, times: { minIntervalSeconds: 0 } })
    again(without)
    t.equal(reason(without.after(10)), 'restart', 'elsewhere there is no such rest')
  })
  t.test(
    'while the node is held for it, the restart goes on, whoever asks, and whatever the list says now',
    async t => {
      const w = beside()
      t.equal(reason(w.after(10)), 'restart')
      const id = w.memory.intent?.id ?? ''
      for (const phase of ['stopping', 'held']) {
        w.process = { identity: 'a', startedAt: start - 60_000, phase, request: id }
        t.match(w.after(1).decision, { do: 'restart', intent: { id } }, phase)
      }
      w.paused = true
      w.bad = { reason: 'list-malformed', message: 'x' }
      t.match(w.after(1).decision, { do: 'restart', intent: { id } }, 'a node that is down is not left down')
      t.equal(w.memory.restarts.length, 1, 'all that is one restart')
    },
  )
  t.test(
    'the node has started and waits for one that reads no more: both once more, unless the node is up',
    async t => {
      const w = beside()
      w.after(10)
      const stuck = { note: 'older than the last stop', stuck: true }
      w.restarted('b', false)
      w.process = { identity: 'b', startedAt: w.now, phase: 'running', beside: stuck }
      t.equal(reason(w.after(1)), 'verify', 'it answers')
      w.status = undefined
      t.match(w.after(1).decision, { do: 'restart', why: /not finished/ })
      w.paused = true
      t.equal(reason(w.after(1)), 'verify', 'paused')
      w.paused = false
      w.process = { identity: 'b', startedAt: w.now, phase: 'running', beside: { ...stuck, stuck: false } }
      t.equal(reason(w.after(1)), 'verify', 'the kubelet starts it again')
    },
  )
  t.test('a FIFO that blocks for hours, and a node that does not stop: neither is pursued for ever', async t => {
    const [blocked, stopping] = [beside(), beside()]
    for (const w of [blocked, stopping]) t.equal(reason(w.after(10)), 'restart')
    blocked.restarted('b', false)
    blocked.status = undefined
    blocked.listening = false
    blocked.process = {
      identity: 'b',
      startedAt: blocked.now,
      phase: 'running',
      beside: { note: 'older', stuck: true },
    }
    stopping.process = {
      identity: 'a',
      startedAt: start - 60_000,
      phase: 'stopping',
      request: stopping.memory.intent?.id ?? '',
    }
    stopping.status = undefined
    for (const [w, outcome] of [
      [blocked, 'unverified'],
      [stopping, 'not-taken'],
    ] as const) {
      const asked = w.memory.intent?.at ?? 0
      const seen: string[] = []
      while (w.now < asked + 6 * 3600_000) seen.push(reason(w.after(w.now < asked + 120_000 ? 1 : 30)))
      t.match(w.memory, { intent: null, restarts: [{ outcome }] })
      t.equal(w.memory.restarts.length, 1, 'no other restart of a node that says nothing')
      t.ok(seen.lastIndexOf('restart') < 62, `asked for at most a minute: ${seen.lastIndexOf('restart')}`)
    }
  })
})

t.test('turns: only the turn for exactly the wanted snapshot lets a node restart', async t => {
  const w = world({ plan: plan({ turns: 'controller' }) })
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.turn = 's1:00000000000000000000000000000000'
  t.equal(reason(w.after(86_400)), 'awaiting-turn', 'however long')
  w.turn = w.memory.need?.hash
  t.equal(reason(w.after(1)), 'restart')
})

t.test('nothing can be seen: the snapshot alone decides', async t => {
  const w = world()
  w.seenBy = 'none'
  w.connections = []
  t.equal(reason(w.after(0)), 'nothing')
  w.move(2, '10.0.0.22')
  t.equal(reason(w.after(1)), 'settling')
  t.equal(reason(w.after(10)), 'restart')
  w.restarted('b', false)
  t.equal(reason(w.after(1)), 'nothing', 'listening is all that can be verified')
})

t.test('by sockets, a peer is its address', async t => {
  const w = world({ peers: [peer(1), peer(2)].map(({ id: _, ...one }) => one), plan: plan({ profile: 'generic' }) })
  w.seenBy = 'sockets'
  w.connections = [{ address: '10.0.0.1', port: 26656 }, { address: '10.0.0.2' }]
  t.equal(reason(w.after(0)), 'nothing')
  w.connections = [{ address: '10.0.0.1', port: 443 }, { address: '10.0.0.2' }]
  t.equal(
    w.after(1).assessed.find(one => one.peer.host === 'node1')?.standing,
    'absent',
    'dialled at another port: another program',
  )
})

t.test('a sidecar that dies at each step of a restart goes on where it was', async t => {
  const revive = (w: ReturnType<typeof world>) => {
    w.memory = JSON.parse(JSON.stringify(w.memory))
  }
  for (const death of [
    'before it asked',
    'after it asked',
    'after it was taken',
    'while the node is down',
    'while it verifies',
    'after it verified',
  ]) {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    const id = w.memory.intent?.id
    if (death === 'before it asked') {
      revive(w)
      const again = w.after(3)
      t.match(again.decision, { do: 'restart', intent: { id } }, 'asked again by the same id')
    }
    if (death === 'after it asked') revive(w)
    if (death === 'after it was taken') {
      w.process = { identity: 'a', startedAt: start - 60_000, request: id ?? '' }
      revive(w)
      t.equal(reason(w.after(1)), 'verify', 'not asked again')
    }
    if (death === 'while the node is down') {
      w.process = { hold: 'supervisor-absent', detail: 'down' }
      w.status = undefined
      w.after(1)
      revive(w)
      t.equal(reason(w.after(1)), 'verify')
      w.status = healthy
    }
    w.restarted('b', false)
    t.equal(reason(w.after(1)), 'verify')
    if (death === 'while it verifies') revive(w)
    w.restarted('b')
    t.equal(reason(w.after(1)), 'nothing')
    if (death === 'after it verified') revive(w)
    w.connections = []
    for (let n = 0; n < 20; n++) w.after(60)
    t.equal(w.memory.restarts.length, 1, `${death}: one restart for one snapshot`)
  }
})

t.test('a request that is never taken is given up, and does not count', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.after(10)
  t.equal(reason(w.after(61)), 'not-taken')
  t.match(w.memory, { intent: null, restarts: [{ outcome: 'not-taken' }] })
  w.after(1)
  t.equal(reason(w.after(11)), 'restart', 'asked anew')
})

t.test('found in review: histories that once went wrong', async t => {
  t.test('a node that started while look-ups failed got no answers, though the sidecar remembers some', async t => {
    const w = world()
    w.hosts = Object.fromEntries(
      Object.entries(w.hosts).map(([name, view]) => [name, { ...view, failures: 2, error: 'ESERVFAIL' }]),
    )
    w.connections = []
    t.equal(reason(w.after(0)), 'lookups-fail', 'a restart now would not help either')
    w.hosts = { node1: host('10.0.0.1'), node2: host('10.0.0.2'), node3: host('10.0.0.3') }
    w.after(1)
    t.equal(reason(w.after(30)), 'restart', 'not isolated for ever')
  })
  t.test('an edit between asking and starting was given already: no second restart', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.restarted('b')
    w.connections = w.connections.filter(one => one.id !== nodeId(4))
    const key = Object.keys(w.memory.desired?.lists ?? {})[0] ?? ''
    w.process = { identity: 'b', startedAt: w.now, snapshotToken: tokenOf({ [key]: w.peers }) }
    t.equal(reason(w.after(1)), 'nothing')
    t.equal(reason(w.after(300)), 'nothing', 'node4 was in the list that the process was given')
  })
  t.test('what is missing but cannot be brought does not open the gate for what does not answer', async t => {
    const w = world({ plan: plan({ sources: [source({ via: 'subPath', level: 'none' })] }) })
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.move(2, '10.0.0.22')
    w.dead.add('10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(60)), 'unreachable')
  })
  t.test('a restart in vain is still said hours later, and taken back when the peer connects after all', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    w.after(10)
    w.restarted('b')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let n = 0; n < 70; n++) w.after(1)
    w.hosts = { ...w.hosts, node2: { ...(w.hosts.node2 ?? host('10.0.0.22')), failures: 0 } }
    t.equal(reason(w.after(7200)), 'restart', 'what the node was told by a name server is in doubt, so once more')
    w.restarted('c')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let n = 0; n < 70; n++) w.after(1)
    t.match(w.after(7200).decision, { reason: 'already-restarted', detail: /node2/ })
    w.connections = [...w.connections, connection(2, '10.0.0.22')]
    t.equal(reason(w.after(1)), 'nothing')
    t.equal(w.memory.restarts.at(-1)?.outcome, 'verified')
  })
  t.test('a node that takes minutes to start gets them before its restart counts as in vain', async t => {
    const w = world()
    w.memory = { ...w.memory, lastStartSeconds: 150 }
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    w.after(10)
    w.restarted('b', false)
    w.status = undefined
    t.equal(reason(w.after(1)), 'verify')
    t.equal(reason(w.after(200)), 'verify')
    w.status = healthy
    w.restarted('b')
    t.equal(reason(w.after(1)), 'nothing')
  })
  t.test('pause holds a restart that was asked for and not taken', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    w.after(10)
    w.paused = true
    t.equal(reason(w.after(1)), 'verify', 'not asked again')
    w.paused = false
    t.equal(reason(w.after(1)), 'restart')
  })
  t.test('a hold that ran out has delivered nothing', async t => {
    const w = world({ plan: plan({ sources: [source({ via: 'init' })] }) })
    w.process = { identity: '1.00/1', startedAt: start - 60_000 }
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    t.match(w.after(10).decision, { do: 'restart', intent: { level: 'all-containers' } })
    w.process = { identity: '1.00/2', startedAt: w.now }
    w.after(60)
    t.match(w.memory, { intent: null, restarts: [{ outcome: 'not-taken' }] })
    t.equal(reason(w.after(1)), 'settling', 'still wanted')
  })
  t.test('a hold that ran out has stopped the node: it counts for min-interval and budget', async t => {
    const w = world({ plan: plan({ sources: [source({ via: 'init' })] }) })
    w.process = { identity: '1.00/1', startedAt: start - 60_000 }
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    const asked: number[] = []
    for (let seconds = 0; seconds < 5 * 3600; seconds += 5) {
      if (reason(w.after(5)) !== 'restart') continue
      asked.push(w.now)
      w.process = { identity: `1.00/${asked.length + 1}`, startedAt: w.now }
    }
    t.equal(asked.length, 6, 'however long it goes on')
    t.match(
      asked.slice(1).map((at, index) => at - (asked[index] ?? 0) >= w.plan.times.minIntervalSeconds * 1000),
      Array(5).fill(true),
    )
    t.equal(reason(w.after(1)), 'budget')
  })
  t.test('a node without a status API is left alone until it has listened once', async t => {
    const { rpcPort: _, ...quiet } = plan({ profile: 'besu' })
    const w = world({ plan: quiet })
    w.seenBy = 'sockets'
    w.status = undefined
    w.listening = false
    w.connections = []
    w.process = { identity: 'a', startedAt: start }
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start }) }
    w.after(0)
    t.match(w.after(40).decision, { reason: 'node-silent', detail: /26656 does not listen yet/ })
    w.listening = true
    t.equal(reason(w.after(1)), 'restart', 'it listens, and is connected to nobody')
  })
  t.test('a literal address that nobody has any more', async t => {
    const literal = {
      kind: 'Literal',
      name: 'args[2]',
      format: 'cometbft-list',
      role: 'peer',
      text: '',
      level: 'none',
    } as const
    const w = world({ plan: plan({ sources: [literal] }), peers: [peer(1, { host: '10.9.9.9' }), peer(2)] })
    w.connections = [connection(2, '10.0.0.2')]
    t.match(w.after(0).decision, { reason: 'list-fixed', detail: /10\.9\.9\.9:26656/ })
    w.connections = [...w.connections, connection(1, '10.9.9.9')]
    t.equal(reason(w.after(1)), 'nothing')
  })
  t.test('no start gives a list that removes most peers, whatever else holds', async t => {
    const w = world()
    t.equal(w.after(0).mayGive, true)
    w.peers = [peer(1)]
    t.equal(w.after(1).mayGive, false)
    t.equal(reason(w.after(1)), 'nothing', 'connected to all that is left')
    w.allowMassRemoval = true
    t.equal(w.after(1).mayGive, true)
    w.allowMassRemoval = false
    w.peers = [peer(1), peer(8), peer(9)]
    t.equal(w.after(1).mayGive, true, 'others in their place: an ordinary edit')
  })
})

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

t.test('the files of the pod are older than its annotation: no turn is asked for', async t => {
  const w = world({ plan: plan({ turns: 'controller' }) })
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.peerHash = peerHash([peer(1)])
  w.turn = w.memory.need?.hash
  t.match(w.after(20).decision, {
    reason: 'waiting-for-kubelet',
    detail: new RegExp(`${peerHash(w.peers)}.*${w.peerHash}`),
  })
  w.peerHash = peerHash(w.peers)
  t.equal(reason(w.after(1)), 'restart')
})

t.test('a turn for a pod whose page nobody can read', async t => {
  const blind = `b1:${'b'.repeat(32)}`
  const moved = () => {
    const w = world({ plan: plan({ turns: 'controller', times: { minIntervalSeconds: 0 } }) })
    w.blindTurn = blind
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    return w
  }
  t.test('good for one restart', async t => {
    const w = moved()
    w.turn = `b1:${'c'.repeat(32)}`
    t.equal(reason(w.after(20)), 'awaiting-turn', 'for another state of the annotations')
    w.turn = blind
    t.equal(reason(w.after(1)), 'restart')
    w.restarted('b')
    t.equal(reason(w.after(1)), 'nothing')
    w.move(2, '10.0.0.23')
    w.after(1)
    t.equal(reason(w.after(20)), 'awaiting-turn')
    w.memory = JSON.parse(JSON.stringify(w.memory))
    t.equal(reason(w.after(20)), 'awaiting-turn', 'the next sidecar knows it, too')
    w.turn = `spent ${blind}`
    t.equal(reason(w.after(20)), 'awaiting-turn')
    w.turn = blind
    t.equal(reason(w.after(1)), 'restart', 'the same, granted anew')
  })
  t.test('not used up by a restart that was not taken', async t => {
    const w = moved()
    w.turn = blind
    t.equal(reason(w.after(20)), 'restart')
    t.equal(reason(w.after(61)), 'not-taken')
    w.after(1)
    t.equal(reason(w.after(20)), 'restart')
  })
  t.test('a long wait says that perhaps nobody grants turns', async t => {
    const w = moved()
    t.notOk('detail' in w.after(20).decision)
    t.match(w.after(60).decision, { detail: /no controller has looked since/ })
  })
})

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

t.test('found by the histories of a group', async t => {
  const restarted = () => {
    const w = world()
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    return w
  }
  const without4 = (w: ReturnType<typeof world>) => {
    w.connections = w.connections.filter(one => one.id !== nodeId(4))
  }
  t.test(
    'names ceased to resolve as the node started: it may not have got them, so once more, and no third time',
    async t => {
      const w = restarted()
      w.restarted('b')
      without4(w)
      w.hosts = Object.fromEntries(
        Object.entries(w.hosts).map(([name, view]) => [
          name,
          { ...view, answeredAt: w.now - 1000, failures: 1, error: 'ETIMEOUT' },
        ]),
      )
      w.after(5)
      w.hosts = Object.fromEntries(
        Object.entries(w.hosts).map(([name, view]) => [name, { ...view, answeredAt: w.now, failures: 0 }]),
      )
      t.same(w.memory.startedWith?.uncertain, ['node4'], 'the others were seen to be dialled')
      for (let n = 0; n < 62; n++) w.after(1)
      t.equal(reason(w.after(31)), 'back-off')
      for (let n = 0; n < 6; n++) t.equal(reason(w.after(30)), 'back-off')
      t.equal(reason(w.after(30)), 'restart')
      w.restarted('c')
      without4(w)
      for (let n = 0; n < 80; n++) w.after(1)
      for (let n = 0; n < 20; n++) t.equal(reason(w.after(30)), 'already-restarted')
      t.equal(w.memory.restarts.length, 2)
      w.now += 600_000
      w.restarted('d')
      without4(w)
      w.hosts = { ...w.hosts, node4: host('10.0.0.4', { since: w.now - 10_000, answeredAt: w.now }) }
      w.after(1)
      t.equal(reason(w.after(30)), 'restart', 'a process that has started by itself is another matter')
    },
  )
  t.test('a restart that gave a newer list was for that one', async t => {
    const w = restarted()
    const key = Object.keys(w.memory.desired?.lists ?? {})[0] ?? ''
    const first = w.peers
    w.peers = [peer(1), peer(2), peer(3)]
    w.restarted('b')
    w.process = { identity: 'b', startedAt: w.now, snapshotToken: tokenOf({ [key]: w.peers }) }
    t.equal(reason(w.after(1)), 'nothing')
    t.equal(w.memory.restarts.at(-1)?.hash, w.memory.settled?.hash)
    w.peers = first
    w.now += 120_000
    w.after(1)
    t.equal(reason(w.after(10)), 'restart', 'the first is wanted again, and was never given')
  })
  t.test('two edits between asking and the first look after it', async t => {
    const w = restarted()
    const key = Object.keys(w.memory.desired?.lists ?? {})[0] ?? ''
    w.peers = [peer(1), peer(2)]
    w.after(1)
    w.restarted('b')
    w.process = { identity: 'b', startedAt: w.now, snapshotToken: tokenOf({ [key]: w.peers }) }
    w.peers = [peer(1), peer(2), peer(3)]
    w.after(1)
    t.match(w.memory.startedWith?.lists, { [key]: [{ host: 'node1' }, { host: 'node2' }] }, 'it was started in between')
    t.equal(w.memory.startedWith?.lists[key]?.length, 2)
  })
  t.test('names that answer nothing after the start, of a node that started by itself', async t => {
    const w = world()
    w.after(0)
    w.now += 60_000
    w.restarted('b', false)
    w.connections = [connection(1, '10.0.0.1'), connection(2, '10.0.0.2')]
    w.hosts = Object.fromEntries(
      Object.entries(w.hosts).map(([name, view]) => [name, { ...view, answeredAt: w.now - 5000 }]),
    )
    t.equal(reason(w.after(1)), 'nothing')
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { answeredAt: w.now - 5000, failures: 1, error: 'ETIMEOUT' }) }
    w.after(5)
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { answeredAt: w.now }) }
    w.after(1)
    t.equal(reason(w.after(30)), 'restart')
  })
})
