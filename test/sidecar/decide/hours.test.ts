// Hours of one pod's life, look by look: what an operator's own pods brought repeer to a stop by.
import t from 'tap'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { connection, host, nodeId, peer, plan, source, times, world } from '../fixtures/look.ts'

const reason = ({ decision }: Outcome): string => (decision.do === 'wait' ? decision.reason : decision.do)
type World = ReturnType<typeof world>

/**
 * Looks for so many seconds; each decision once, in its order. A restart brings a process that knows the list, and
 * connects.
 */
function story(w: World, seconds: number, step = 10): string[] {
  const seen: string[] = []
  for (const until = w.now + seconds * 1000; w.now < until; ) {
    const outcome = w.after(step)
    if (!seen.includes(reason(outcome))) seen.push(reason(outcome))
    if (outcome.decision.do === 'restart') w.restarted(`p${w.now}`)
  }
  return seen
}

/** A peer joins the list. */
function edited(w: World): void {
  w.peers = [...w.peers, peer(4)]
  w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
}

const cosmopilot = source({ via: 'subPath', override: 'NIBID_P2P_PERSISTENT_PEERS' })

t.test('an edited list, 24 hours: left to an owner that rolls its pods, applied where it does not', async t => {
  for (const ownerRolls of [true, false]) {
    const w = world({ plan: plan({ ownerRolls, sources: [cosmopilot] }) })
    w.after(0)
    edited(w)
    const seen = story(w, 24 * 3600, 30)
    t.same(seen, ownerRolls ? ['owner-rolls'] : ['settling', 'restart', 'nothing'])
    t.equal(w.memory.restarts.length, ownerRolls ? 0 : 1)
    w.move(2, '10.0.0.22')
    t.same(story(w, 3600), ['settling', 'restart', 'nothing'], 'addresses are followed either way')
  }
})

t.test('the same where the node is only told: an owner that rolls brings it itself', async t => {
  for (const ownerRolls of [true, false]) {
    const w = world({ plan: plan({ ownerRolls, reach: { by: 'observe', reason: 'operator-tracks-pid' } }) })
    w.canTell = true
    w.after(0)
    edited(w)
    const first = story(w, 60, 1)
    t.same(first, ownerRolls ? ['owner-rolls'] : ['settling', 'tell', 'told'])
    w.connections = [...w.connections, connection(4, '10.0.0.4', { port: 26656 })]
    t.equal(reason(w.after(1)), 'nothing')
  }
})

t.test('told in vain: two minutes, then the restart; and no third way, for hours', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.move(2, '10.0.0.22')
  const from = w.now
  t.same(story(w, times.tellSeconds + 10, 1), ['settling', 'tell', 'told', 'restart', 'nothing'])
  t.ok((w.memory.restarts[0]?.at ?? 0) - from >= times.tellSeconds * 1000)
  // This one helps neither: the peer answers, and refuses the node.
  w.move(3, '10.0.0.33')
  let restarts = 0
  const seen = new Set<string>()
  for (let at = 0; at < 6 * 3600; at += 2) {
    const outcome = w.after(2)
    seen.add(reason(outcome))
    if (outcome.decision.do !== 'restart') continue
    restarts += 1
    w.restarted(`p${w.now}`)
    w.connections = w.connections.filter(one => one.id !== nodeId(3))
  }
  t.equal(restarts, 1)
  t.ok(seen.has('already-restarted'), [...seen].join())
})

t.test(
  'an RPC that answered, and stopped: three hours of silence cost nothing, and are made up for at its first answer',
  async t => {
    const w = world()
    w.after(0)
    const status = w.status
    w.status = undefined
    w.seenBy = 'sockets'
    w.connections = [1, 3].map(n => ({ address: `10.0.0.${n}`, port: 26656 }))
    w.hosts = { ...w.hosts, node2: host('10.0.0.22', { since: w.now }) }
    t.same(story(w, 3 * 3600, 30), ['settling', 'node-silent'])
    w.status = status
    w.seenBy = 'net_info'
    w.connections = [1, 3].map(n => connection(n, `10.0.0.${n}`))
    t.same(story(w, 30), ['restart', 'nothing'])
  },
)
