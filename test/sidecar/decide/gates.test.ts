// What holds a restart back.
import t from 'tap'
import { shutGate } from '../../../sidecar/decide/gates.ts'
import type { Memory, Restart } from '../../../sidecar/decide/memory.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import type { Hold } from '../../../sidecar/decide/wish.ts'
import { connection, healthy, host, peer, plan, reason, times, world } from '../fixtures/look.ts'
import { type Case, wishing } from '../fixtures/wish.ts'

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

t.test('each gate alone, in the order in which they are asked', async t => {
  const controller = plan({ turns: 'controller' })
  const shut = ({ wish, look, memory }: Case) => shutGate(wish, look, memory, times)
  const open = wishing()
  t.equal(shut(open), null, 'the control: nothing holds it back')
  const inDoubt = (view: Partial<HostView>, thePlan = plan()) =>
    wishing(thePlan, w => {
      w.hosts = { ...w.hosts, node1: { ...host('10.0.0.1'), ...view } }
    })
  const withLook = (over: Partial<Case['look']>, { wish, look, memory }: Case = open): Case => ({
    wish,
    look: { ...look, ...over },
    memory,
  })
  const inTurn = (asked: Case): Case => withLook({ turn: asked.look.desired.snapshotHash }, asked)
  const withMemory = (over: Partial<Memory>): Case => ({ ...open, memory: { ...open.memory, ...over } })
  const { now } = open.look
  const need = open.memory.need ?? undefined
  const restart = (over: Partial<Restart>): Restart => ({
    id: 'r',
    hash: 's1:other',
    level: 'process',
    at: now - 7_200_000,
    why: '',
    outcome: 'verified',
    ...over,
  })
  const rows: [what: string, asked: Case, holds: Partial<Hold> | null][] = [
    ['hot forbids', wishing(plan({ strategy: 'hot' })), { reason: 'hot-only' }],
    ['a mass removal', withLook({ massRemoval: '2 of 3 peers would be removed' }), { reason: 'mass-removal' }],
    [
      'as many peers as are enough',
      wishing(plan({ minPeers: 2 })),
      { reason: 'enough-peers', detail: 'connected to 2, repeer.dev/min-peers is 2' },
    ],
    ['one fewer than are enough', wishing(plan({ minPeers: 3 })), null],
    [
      'as many as are enough, and nobody sees that',
      { ...wishing(plan({ minPeers: 2 })), wish: { ...open.wish, blind: true } },
      null,
    ],
    ['a connected peer whose name fails', inDoubt({ failures: 1, error: 'ESERVFAIL' }), { reason: 'lookups-fail' }],
    ['its name answers again', inDoubt({ failures: 0 }), null],
    [
      'nobody answers',
      wishing(plan(), w => {
        w.dead.add('10.0.0.22')
      }),
      { reason: 'unreachable', detail: 'node2:26656' },
    ],
    [
      'nobody answers, but through a mesh everybody seems to',
      wishing(plan({ mesh: true }), w => {
        w.dead.add('10.0.0.22')
      }),
      null,
    ],
    ['no need yet', withMemory({ need: null }), { reason: 'settling' }],
    ['contradicted a moment ago', inDoubt({ disputedAt: now - 3_999 }), { reason: 'lookups-disagree', until: now + 1 }],
    ['contradicted 4 s ago', inDoubt({ disputedAt: now - 4_000 }), null],
    [
      'too soon to ask for a turn',
      inDoubt({ disputedAt: now - 999 }, controller),
      { reason: 'lookups-disagree', until: now + 1 },
    ],
    ['a turn is asked for 3 s before', inDoubt({ disputedAt: now - 1_000 }, controller), { reason: 'awaiting-turn' }],
    [
      'and not used before',
      inTurn(inDoubt({ disputedAt: now - 3_999 }, controller)),
      { reason: 'lookups-disagree', until: now + 1 },
    ],
    ['but then', inTurn(inDoubt({ disputedAt: now - 4_000 }, controller)), null],
    [
      'the node does not answer',
      wishing(plan(), w => {
        w.status = undefined
      }),
      { reason: 'node-silent' },
    ],
    [
      'an upgrade of the node is due',
      withLook({ permit: { hold: 'operator-upgrade', detail: '426' } }),
      { reason: 'operator-upgrade', detail: '426' },
    ],
    ['the container beside it has nothing against it', withLook({ permit: null }), null],
    [
      'restarted for exactly this: once more, what a name server said then is in doubt',
      withMemory({ restarts: [restart({ hash: open.look.desired.snapshotHash })] }),
      null,
    ],
    [
      'twice for exactly this, in vain',
      withMemory({
        restarts: [
          restart({ hash: open.look.desired.snapshotHash, outcome: 'unverified' }),
          restart({ hash: open.look.desired.snapshotHash, outcome: 'unverified' }),
        ],
      }),
      { reason: 'already-restarted' },
    ],
    [
      'restarted a moment ago',
      withMemory({ restarts: [restart({ at: now - 119_999 })] }),
      { reason: 'min-interval', until: now + 1 },
    ],
    ['restarted 2 minutes ago', withMemory({ restarts: [restart({ at: now - 120_000 })] }), null],
    [
      'one that was not taken counts for nothing',
      withMemory({ restarts: [restart({ at: now, outcome: 'not-taken' })] }),
      null,
    ],
    [
      'one that was not taken, and stopped the node',
      withMemory({ restarts: [restart({ at: now, outcome: 'not-taken', process: 'b' })] }),
      { reason: 'min-interval' },
    ],
    [
      'six in six hours',
      withMemory({ restarts: six(restart, now, 21_600_000 - 1) }),
      { reason: 'budget', until: now + 1 },
    ],
    ['the first of six is six hours old', withMemory({ restarts: six(restart, now, 21_600_000) }), null],
    ['paused', withLook({ paused: true }), { reason: 'paused' }],
    ['no turn', wishing(controller), { reason: 'awaiting-turn' }],
    ['the turn for this', withLook({ turn: open.look.desired.snapshotHash }, wishing(controller)), null],
    ['the turn for something else', withLook({ turn: 's1:other' }, wishing(controller)), { reason: 'awaiting-turn' }],
    [
      'the files are older than what the controller has seen',
      withLook({ turn: open.look.desired.snapshotHash, peerHash: 'p1:newer' }, wishing(controller)),
      { reason: 'waiting-for-kubelet' },
    ],
    [
      'its own random delay',
      need === undefined
        ? open
        : withMemory({ need: { ...need, since: now - 10_000, firstSince: now - 10_000, delaySeconds: 3 } }),
      { reason: 'awaiting-turn', until: now + 3_000 },
    ],
  ]
  for (const [what, asked, holds] of rows) {
    const hold = shut(asked)
    if (holds === null) t.equal(hold, null, what)
    else t.match(hold, holds, what)
  }
})

/** The first so long ago, the last an hour ago. */
function six(restart: (over: Partial<Restart>) => Restart, now: number, firstMs: number): Restart[] {
  return [firstMs, ...[5, 4, 3, 2, 1].map(hours => hours * 3_600_000)].map(ago => restart({ at: now - ago }))
}

t.test('who is unreachable: five are named, and which have no address', async t => {
  const { wish, look, memory } = wishing(plan())
  const [listed] = wish.missing
  if (!listed) throw new Error('the wish misses nobody')
  const missing = (count: number, addresses = ['10.0.0.9']) =>
    Array.from({ length: count }, (_, n) => ({
      ...listed,
      peer: { ...listed.peer, host: `gone${n}` },
      addresses,
      reachable: false,
    }))
  const detail = (gone: typeof wish.missing) => shutGate({ ...wish, missing: gone }, look, memory, times)?.detail
  t.equal(detail(missing(1)), 'gone0:26656')
  t.equal(detail(missing(2)), 'gone0:26656, gone1:26656')
  t.equal(detail(missing(1, [])), 'gone0:26656 (no address)')
  t.equal(detail(missing(6)), 'gone0:26656, gone1:26656, gone2:26656, gone3:26656, gone4:26656')
})

t.test('the first that is shut gives the reason', async t => {
  const all = wishing(plan({ strategy: 'hot', minPeers: 1, turns: 'controller' }))
  const look = { ...all.look, massRemoval: 'all', paused: true }
  t.equal(shutGate(all.wish, look, all.memory, times)?.reason, 'hot-only')
  const auto = { ...look, plan: { ...look.plan, strategy: 'auto' as const } }
  t.equal(shutGate(all.wish, auto, all.memory, times)?.reason, 'mass-removal')
  t.equal(shutGate(all.wish, { ...auto, massRemoval: null }, all.memory, times)?.reason, 'enough-peers')
})
