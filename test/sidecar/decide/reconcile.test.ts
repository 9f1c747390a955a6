// The decision as a whole: what a node goes through.
import t from 'tap'
import { tokenOf } from '../../../sidecar/decide/token.ts'
import { connection, healthy, host, nodeId, peer, plan, reason, source, start, world } from '../fixtures/look.ts'

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
    t.equal(asked.length, 3, 'the part of one peer, however long it goes on')
    t.match(
      asked.slice(1).map((at, index) => at - (asked[index] ?? 0) >= w.plan.times.minIntervalSeconds * 1000),
      Array(2).fill(true),
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
