// Telling the running node its peers, before it is restarted, and instead.
import t from 'tap'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import type { Memory } from '../../../sidecar/decide/memory.ts'
import {
  connection,
  healthy,
  host,
  nodeId,
  peer,
  plan,
  reason,
  source,
  start,
  times,
  withBeside,
  world,
} from '../fixtures/look.ts'

const controlled = plan({ turns: 'controller' })

/** A node that can be told, and has lost node2, which has moved. */
function moved(setup: Parameters<typeof world>[0] = {}) {
  const w = world(setup)
  w.canTell = true
  w.after(0)
  w.move(2, '10.0.0.22')
  return w
}

/** The next look takes in how the telling went. */
function answered(
  w: ReturnType<typeof world>,
  told: NonNullable<ReturnType<typeof world>['told']>,
  seconds: number,
): Outcome {
  w.told = told
  const outcome = w.after(seconds)
  w.told = undefined
  return outcome
}

/** Looks every second until the telling is in vain; returns how often it was told. */
function inVain(w: ReturnType<typeof world>): number {
  let tells = 0
  for (let second = 0; second < times.tellSeconds + 5 && w.memory.told.at(-1)?.outcome !== 'in-vain'; second++) {
    const { decision } = w.after(1)
    if (decision.do === 'tell') tells++
    else if (decision.do === 'restart') break
  }
  return tells
}

/** The node has connected to whom it was told, and to everybody else that is listed. */
function connects(w: ReturnType<typeof world>): void {
  w.connections = w.peers.flatMap(one =>
    (w.hosts[one.host]?.addresses ?? []).slice(0, 1).map(address => ({ id: one.id ?? '', address, port: 26656 })),
  )
}

t.test('a peer that moved: told after half a second, verified, no restart', async t => {
  const w = moved()
  t.equal(reason(w.after(1)), 'settling')
  t.equal(reason(w.after(0.4)), 'settling', 'an editor may go on')
  const tell = w.after(0.1)
  t.match(tell.decision, {
    do: 'tell',
    why: 'not connected: node2',
    change: { add: [{ host: 'node2', addresses: ['10.0.0.22'] }], all: [{}, {}, {}], drop: [] },
    until: w.now + times.tellSeconds * 1000,
  })
  t.equal(w.page(tell).phase, 'telling')
  t.equal(reason(w.after(1)), 'told', 'it has a moment to connect')
  connects(w)
  t.equal(reason(w.after(0.5)), 'nothing')
  t.match(w.memory, {
    telling: null,
    told: [{ outcome: 'connected', identity: 'a' }],
    settled: { how: 'told' },
    restarts: [],
    taught: { addresses: { node2: ['10.0.0.22'] } },
  })
  w.connections = w.connections.filter(one => one.id !== nodeId(2))
  for (let n = 0; n < 20; n++)
    t.equal(reason(w.after(60)), 'nothing', 'it knows the address: one that is merely absent is no reason')
})

t.test('it is told every two seconds for two minutes; then it is restarted, at once', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  const since = w.now
  const tells = 1 + inVain(w)
  t.ok(tells >= times.tellSeconds / times.tellEverySeconds - 1, `${tells} times`)
  t.ok(tells <= times.tellSeconds / times.tellEverySeconds)
  t.equal(w.now - since, times.tellSeconds * 1000)
  t.match(w.memory, { told: [{ outcome: 'in-vain' }], restarts: [{ outcome: 'asked' }] }, 'it has settled meanwhile')
  w.restarted('b')
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory, { taught: null, restarts: [{ outcome: 'verified' }] })
})

t.test('a refusal leads to the restart that there would be without telling, and holds for this process', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  t.equal(reason(answered(w, { ok: false, refused: true, detail: 'unsafe is off' }, 0.1)), 'settling')
  t.match(w.memory, { telling: null, told: [{ outcome: 'refused', detail: 'unsafe is off' }], taught: null })
  t.equal(reason(w.after(9.3)), 'settling')
  t.equal(reason(w.after(0.1)), 'restart', 'the settle time of 10 s runs from when it was missed')
  w.restarted('b')
  w.after(1)
  w.move(3, '10.0.0.33')
  w.after(1)
  t.equal(reason(w.after(0.5)), 'tell', 'another process may take it')
  answered(w, { ok: false, refused: true, detail: 'unsafe is off' }, 0.1)
  w.move(1, '10.0.0.11')
  for (let n = 0; n < 20; n++) t.not(reason(w.after(1)), 'tell', 'a refusal is not about the snapshot')
})

t.test('an error that is no refusal is tried again', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  t.equal(reason(answered(w, { ok: false, refused: false, detail: 'timed out' }, 1)), 'told')
  t.equal(reason(answered(w, { ok: false, refused: false, detail: 'timed out' }, 1)), 'tell')
  t.same(w.memory.told, [])
})

t.test('a node that does not answer hears nothing: it is told once it does, and then has its full time', async t => {
  const w = moved()
  w.status = undefined
  w.after(1)
  t.match(w.after(0.5).decision, { do: 'wait', reason: 'node-silent', detail: 'refused' })
  t.equal(reason(w.after(600)), 'node-silent')
  t.same(w.memory.told, [])
  w.status = healthy
  t.equal(reason(w.after(1)), 'tell')
  w.status = undefined
  t.equal(reason(w.after(1)), 'node-silent', 'also while it is being told')
  t.equal(reason(w.after(600)), 'node-silent')
  w.status = healthy
  t.match(w.after(2).decision, { do: 'tell', until: w.now + (times.tellSeconds - 2) * 1000 }, 'none of it is used up')
  connects(w)
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory, { told: [{ outcome: 'connected' }], restarts: [] })
})

t.test('an answer that is missed now and then does not make it be told for ever', async t => {
  const w = moved()
  let seconds = 0
  while (w.memory.told.length === 0 && seconds < 600) {
    seconds++
    w.status = seconds % 50 === 0 ? undefined : healthy
    w.after(1)
  }
  t.match(w.memory.told, [{ outcome: 'in-vain' }])
  t.ok(seconds > times.tellSeconds && seconds < times.tellSeconds + 15, `${seconds} s`)
})

t.test('a new process has been told nothing', async t => {
  const frozen = plan({ sources: [source({ via: 'subPath', level: 'none' })] })
  const w = world({ plan: frozen })
  w.canTell = true
  w.after(0)
  w.peers = [...w.peers, peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
  w.after(1)
  t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node4' }] } })
  connects(w)
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory.taught, { addresses: { node4: ['10.0.0.4'] } })
  // It starts again by itself, from a list that is frozen.
  w.now += 600_000
  w.restarted('b')
  w.connections = w.connections.filter(one => one.id !== nodeId(4))
  w.after(1)
  t.equal(w.memory.taught, null)
  t.match(
    w.after(0.5).decision,
    { do: 'tell', change: { add: [{ host: 'node4' }] } },
    'told again, and not restarted for',
  )
  connects(w)
  t.equal(reason(w.after(1)), 'nothing')
  t.same(w.memory.restarts, [])
})

t.test('a process that starts while the last one is being told', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  t.ok(w.memory.telling)
  w.restarted('b')
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory, { telling: null, taught: null, told: [] })
})

t.test('what holds telling', async t => {
  t.test('a pause: nothing is told, nothing restarted', async t => {
    const w = moved()
    w.paused = true
    for (let n = 0; n < 30; n++) t.not(w.after(1).decision.do, 'tell')
    t.equal(reason(w.after(1)), 'paused')
    w.oddPause = 'repeer.dev/pause is "yes"'
    t.match(w.after(1).decision, { do: 'wait', reason: 'paused', detail: /"yes"/ }, 'the page says what is odd')
    w.paused = false
    t.equal(reason(w.after(1)), 'tell')
    w.paused = true
    w.after(1)
    t.equal(w.memory.telling, null, 'also one that is under way')
  })
  t.test('a mass removal', async t => {
    const w = world({ peers: [1, 2, 3, 4, 5].map(n => peer(n)) })
    w.canTell = true
    w.hosts = { ...w.hosts, node4: host('10.0.0.4'), node5: host('10.0.0.5'), node6: host('10.0.0.6') }
    connects(w)
    w.after(0)
    w.peers = [peer(5), peer(6)]
    for (let n = 0; n < 30; n++) t.not(w.after(1).decision.do, 'tell')
    t.equal(reason(w.after(1)), 'mass-removal')
    w.allowMassRemoval = true
    t.match(w.after(1).decision, { do: 'tell', change: { add: [{ host: 'node6' }], drop: [{}, {}, {}, {}] } })
  })
  t.test('nobody that is missing answers', async t => {
    const w = moved()
    w.dead.add('10.0.0.22')
    for (let n = 0; n < 30; n++) t.equal(reason(w.after(1)), 'unreachable')
  })
  t.test('connections cannot be seen: nobody could tell whether it helped', async t => {
    const w = moved()
    w.seenBy = 'none'
    for (let n = 0; n < 5; n++) t.not(w.after(1).decision.do, 'tell')
  })
  t.test('there is no interface', async t => {
    const w = moved()
    w.canTell = false
    for (let n = 0; n < 5; n++) t.equal(reason(w.after(1)), 'settling')
  })
  t.test('strategy observe', async t => {
    const w = moved({ plan: plan({ strategy: 'observe', reach: { by: 'observe', reason: 'asked-to-observe' } }) })
    for (let n = 0; n < 30; n++) t.equal(reason(w.after(1)), 'observe')
  })
})

t.test('no turn is needed, and no budget', async t => {
  const w = moved({ plan: controlled })
  const used = (at: number) =>
    ({ id: `${at}`, hash: `s1:${at}`, level: 'process', at, why: '', outcome: 'verified', endedAt: at }) as const
  w.memory = { ...w.memory, restarts: [1, 2, 3, 4, 5, 6].map(n => used(w.now - n * 600_000)) }
  w.after(1)
  t.equal(reason(w.after(0.5)), 'tell')
})

t.test('strategy hot tells, never restarts, and tries again every ten minutes', async t => {
  const w = moved({ plan: plan({ strategy: 'hot' }) })
  w.after(1)
  w.after(0.5)
  inVain(w)
  t.equal(reason(w.after(0)), 'hot-only')
  const ended = w.now
  let again = 0
  for (let second = 0; second < 700 && again === 0; second++) {
    const { decision } = w.after(1)
    t.not(decision.do, 'restart')
    if (decision.do === 'tell') again = w.now
  }
  t.ok(
    again - ended >= times.tellAgainSeconds * 1000 && again - ended < (times.tellAgainSeconds + 5) * 1000,
    `${again - ended}`,
  )
  const refused = moved({ plan: plan({ strategy: 'hot' }) })
  refused.after(1)
  refused.after(0.5)
  answered(refused, { ok: false, refused: true, detail: 'no' }, 1)
  for (let n = 0; n < 20; n++) t.equal(reason(refused.after(60)), 'hot-only')
})

t.test('no way to restart, but one to tell', async t => {
  const w = moved({ plan: plan({ reach: { by: 'observe', reason: 'restart-policy' } }) })
  w.after(1)
  t.equal(reason(w.after(0.5)), 'tell')
  inVain(w)
  t.equal(reason(w.after(1)), 'observe')
})

t.test('where a restart is dear or impossible, the node is told of moved and of new peers first', async t => {
  for (const reach of [withBeside(), { by: 'observe', reason: 'operator-tracks-pid' }] as const) {
    const w = moved({ plan: plan({ reach }) })
    w.permit = { hold: 'operator-upgrade', detail: 'it answers 426' }
    w.after(1)
    t.match(
      w.after(0.5).decision,
      { do: 'tell', change: { add: [{ host: 'node2', addresses: ['10.0.0.22'] }] } },
      `${reach.by}: moved`,
    )
    const grown = world({ plan: plan({ reach }) })
    grown.canTell = true
    grown.after(0)
    grown.peers = [...grown.peers, peer(4)]
    grown.hosts = { ...grown.hosts, node4: host('10.0.0.4') }
    grown.after(1)
    const { decision } = grown.after(0.5)
    t.equal(decision.do, 'tell', `${reach.by}: new`)
    t.ok('change' in decision && decision.change.add.some(one => one.id === nodeId(4)))
  }
})

t.test('another list while it is being told', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  for (let n = 0; n < 60; n++) w.after(1)
  w.peers = [...w.peers, peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
  t.equal(reason(w.after(1)), 'settling')
  t.match(w.after(0.5).decision, {
    do: 'tell',
    change: { add: [{ host: 'node2' }, { host: 'node4' }] },
    until: w.now + times.tellSeconds * 1000,
  })
  t.same(w.memory.told, [], 'the first was not in vain')
})

t.test(
  'an edit that is taken back while the node is being told: it may have forgotten whom the edit left out',
  async t => {
    const w = world()
    w.canTell = true
    w.after(0)
    w.peers = [peer(1), peer(2), peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node4' }], drop: [{ host: 'node3' }] } })
    t.match(w.after(2).decision, { do: 'tell', change: { drop: [{ host: 'node3' }] } }, 'each time all that is needed')
    w.peers = [peer(1), peer(2), peer(3)]
    t.equal(reason(w.after(0.1)), 'nothing', 'connected to all of them')
    t.same(w.memory.told, [], 'and not because it was told')
    t.equal(w.memory.telling, null)
    w.connections = w.connections.filter(one => one.id !== nodeId(3))
    w.after(1)
    t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node3' }] } })
  },
)

t.test('an address that comes back while the node is being told another', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  w.hosts = { ...w.hosts, node2: host('10.0.0.2', { since: w.now }) }
  w.after(1)
  t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node2', addresses: ['10.0.0.2'] }] } })
})

t.test('a refusal takes back nothing of what was known before', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.peers = [peer(1), peer(2), peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
  w.after(1)
  w.after(0.5)
  answered(w, { ok: false, refused: true, detail: 'unsafe is off' }, 0.5)
  w.peers = [peer(1), peer(2), peer(3)]
  w.connections = w.connections.filter(one => one.id !== nodeId(3))
  for (let n = 0; n < 10; n++) t.equal(reason(w.after(30)), 'nothing', 'it was given node3 at its start')
})

t.test('the sidecar dies while the node is being told', async t => {
  const w = moved()
  w.after(1)
  w.after(0.5)
  const { telling } = w.memory
  w.memory = JSON.parse(JSON.stringify(w.memory)) as Memory
  t.equal(reason(w.after(5)), 'tell')
  t.equal(w.memory.telling?.since, telling?.since, 'the time goes on')
  connects(w)
  w.after(1)
  w.memory = JSON.parse(JSON.stringify(w.memory)) as Memory
  w.connections = w.connections.filter(one => one.id !== nodeId(2))
  t.equal(reason(w.after(60)), 'nothing', 'what it was told is remembered')
})

t.test('where a Service has an address of its own, that one is told', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.hosts = { ...w.hosts, node2: { ...host('10.96.0.2', { since: w.now }), behind: ['10.0.0.22'] } }
  w.connections = w.connections.filter(one => one.id !== nodeId(2))
  w.after(1)
  t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node2', addresses: ['10.96.0.2'] }] } })
  w.connections = [...w.connections, connection(2, '10.96.0.2', { port: 26656 })]
  t.equal(reason(w.after(1)), 'nothing')
})

t.test('connected at another address than any of today: that proves nothing about the new one', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.peers = [peer(1), peer(2), peer(3), peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.44') }
  w.after(1)
  w.after(0.5)
  // Its old connection, from before it was listed: nobody knows that the address was its own.
  w.connections = [...w.connections, connection(4, '10.0.0.4')]
  t.equal(reason(w.after(1)), 'nothing')
  w.connections = w.connections.filter(one => one.id !== nodeId(4))
  w.after(1)
  t.equal(reason(w.after(0.5)), 'tell')
  connects(w)
  t.equal(reason(w.after(1)), 'nothing')
  w.connections = w.connections.filter(one => one.id !== nodeId(4))
  t.equal(reason(w.after(60)), 'nothing', 'now it knows')
})

t.test('only the newest ends are kept', async t => {
  const w = moved()
  for (let n = 30; n < 45; n++) {
    w.move(2, `10.0.0.${n}`)
    w.after(1)
    w.after(0.5)
    connects(w)
    w.after(0.5)
  }
  t.equal(w.memory.told.length, 10)
  t.equal(w.memory.restarts.length, 0)
  t.ok(w.now > start)
})
