// At which level a node is restarted.
import t from 'tap'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { host, nodeId, peer, plan, reason, source, start, world } from '../fixtures/look.ts'

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
