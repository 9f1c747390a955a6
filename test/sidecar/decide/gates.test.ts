// What holds a restart back.
import t from 'tap'
import { connection, healthy, host, peer, plan, reason, world } from '../fixtures/look.ts'

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
