// Lists that nothing in the pod hands to the node: an annotated ConfigMap that no container mounts, a variable that the
// program does not read.
import t from 'tap'
import type { LiteralSource } from '../../../peers/plan.ts'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { sourceKey } from '../../../sidecar/decide/lists.ts'
import { tokenOf } from '../../../sidecar/decide/token.ts'
import { connection, host, nodeId, peer, plan, source, start, times, world } from '../fixtures/look.ts'

const reason = ({ decision }: Outcome): string => (decision.do === 'wait' ? decision.reason : decision.do)
type World = ReturnType<typeof world>

const stellarReach = { by: 'signal', uid: 10000, names: ['stellar-core'] } as const
const unseen = source({
  name: 'stellar-peers',
  key: 'KNOWN_PEERS',
  via: 'init',
  format: 'stellar-list',
  unseen: true,
  level: 'none',
})

/** stellar-core, whose list of two peers no container of its pod sees. Its sockets tell whom it is connected to. */
function stellar(over: Parameters<typeof plan>[0] = {}): World {
  const known = [1, 2].map(n => ({ host: `10.244.0.${n + 2}`, port: 11625, role: 'peer' }) as const)
  const w = world({
    plan: plan({
      profile: 'stellar-core',
      reach: stellarReach,
      sources: [unseen],
      p2pPort: 11625,
      rpcPort: 11626,
      ...over,
    }),
    peers: [...known],
  })
  w.hosts = {}
  w.seenBy = 'sockets'
  w.status = undefined
  w.connections = []
  w.canTell = true
  w.process = { identity: '7/100', startedAt: start }
  return w
}

/** The node takes what it is told, and connects within two seconds. */
function tells(w: World, seconds: number): string[] {
  const story: string[] = []
  for (const until = w.now + seconds * 1000; w.now < until; ) {
    const outcome = w.after(1)
    if (story.at(-1) !== reason(outcome)) story.push(reason(outcome))
    if (outcome.decision.do !== 'tell') continue
    w.told = { ok: true }
    w.after(1)
    w.told = undefined
    w.connections = outcome.decision.change.add.map(one => ({ address: one.host, port: one.port }))
  }
  return story
}

t.test(
  'stellar-core: told at the first look, verified, told again after its container restarted by itself; no restart',
  async t => {
    const w = stellar()
    t.same(tells(w, 10), ['settling', 'tell', 'nothing'])
    t.match(w.memory, { told: [{ outcome: 'connected' }], settled: { how: 'told' }, restarts: [] })
    for (let hours = 0; hours < 3; hours++) {
      t.same(tells(w, 3600), ['nothing'])
      w.process = { identity: `7/${w.now}`, startedAt: w.now }
      w.connections = []
      t.same(tells(w, 10), ['settling', 'tell', 'nothing'], 'it knows nobody when it starts')
    }
    t.match(w.memory.told, [{}, {}, {}, { outcome: 'connected', identity: /^7\// }])
    t.equal(w.memory.restarts.length, 0)
  },
)

t.test('a peer is added, another goes', async t => {
  const w = stellar()
  tells(w, 10)
  w.peers = [...w.peers.slice(1), { host: '10.244.0.9', port: 11625, role: 'peer' }]
  w.after(1)
  t.match(w.after(1).decision, {
    do: 'tell',
    change: { add: [{ host: '10.244.0.9' }], drop: [{ host: '10.244.0.3' }] },
  })
})

t.test('one that is connected anyway is not told', async t => {
  const w = stellar()
  w.connections = [{ address: '10.244.0.3' }, { address: '10.244.0.4' }]
  t.same(tells(w, 600), ['nothing'])
})

t.test('told in vain, for hours: it is said why no restart follows, and told again every ten minutes', async t => {
  const w = stellar()
  let tellings = 0
  const held = new Set<string>()
  for (let at = 0; at < 7200; at++) {
    const { decision } = w.after(1)
    if (decision.do === 'restart') t.fail('nothing that a restart brings')
    if (decision.do === 'tell') tellings += 1
    if (decision.do === 'wait' && decision.reason !== 'settling') held.add(`${decision.reason}: ${decision.detail}`)
  }
  t.match([...held], [/^needs-rollout: nothing in the pod hands ConfigMap stellar-peers\/KNOWN_PEERS to the node/])
  t.equal(new Set(w.memory.told.map(one => one.outcome)).size, 1)
  const once = times.tellSeconds / times.tellEverySeconds
  const rounds = 7200 / (times.tellSeconds + times.tellAgainSeconds)
  t.ok(Math.abs(tellings - once * rounds) < once, `${tellings} times in two hours`)
  t.equal(w.memory.restarts.length, 0)
})

t.test('a told peer that moves, and is told in vain: a restart would bring it as little', async t => {
  const w = stellar()
  w.peers = [peer(1), peer(2)]
  w.hosts = { node1: host('10.0.0.1'), node2: host('10.0.0.2') }
  w.after(0)
  w.after(1)
  w.connections = [1, 2].map(n => ({ address: `10.0.0.${n}`, port: 26656 }))
  t.equal(reason(w.after(1)), 'nothing')
  w.hosts = {
    ...w.hosts,
    node2: host('10.0.0.22', { since: w.now, former: [{ address: '10.0.0.2', lastSeen: w.now }] }),
  }
  w.connections = [{ address: '10.0.0.1', port: 26656 }]
  const seen = new Set<string>()
  for (let at = 0; at < 1500; at++) seen.add(reason(w.after(1)))
  t.same([...seen], ['settling', 'tell', 'told', 'needs-rollout'])
})

t.test('a variable that the program does not read, literal in the pod spec', async t => {
  const text = '10.244.0.3:11625'
  const variable: LiteralSource = {
    kind: 'Literal',
    name: 'env KNOWN_PEERS',
    format: 'stellar-list',
    role: 'peer',
    text,
    unseen: true,
    level: 'none',
  }
  const w = stellar({ sources: [variable] })
  w.lists = { [sourceKey(variable)]: [{ host: '10.244.0.3', port: 11625, role: 'peer' }] }
  t.same(tells(w, 10), ['settling', 'tell', 'nothing'])
  const silent = stellar({ sources: [variable] })
  silent.canTell = false
  silent.lists = w.lists
  silent.after(0)
  t.match(silent.after(600).decision, {
    do: 'wait',
    reason: 'needs-rollout',
    detail: /^nothing in the pod hands env KNOWN_PEERS/,
  })
})

t.test(
  'a peer that another source hands to the node as well is restarted for; one that is only unseen is told after it',
  async t => {
    const file = source({ name: 'file' }, stellarReach)
    const w = stellar({ sources: [file, unseen] })
    w.canTell = false
    w.peers = [peer(1)]
    w.lists = { [sourceKey(file)]: [peer(1)], [sourceKey(unseen)]: [peer(2)] }
    w.hosts = { node1: host('10.0.0.1'), node2: host('10.0.0.2') }
    w.connections = [{ address: '10.0.0.1', port: 26656 }]
    w.after(0)
    t.match(w.after(30).decision, { do: 'wait', reason: 'needs-rollout' })
    // As an older sidecar remembered it.
    const { startedWith } = w.memory
    w.memory = { ...w.memory, startedWith: startedWith && { ...startedWith, lists: w.lists } }
    w.hosts = {
      ...w.hosts,
      node1: host('10.0.0.11', { since: w.now, former: [{ address: '10.0.0.1', lastSeen: w.now }] }),
    }
    w.connections = []
    const seen: string[] = []
    for (let at = 0; at < 900 && w.memory.intent === null; at += 10) seen.push(reason(w.after(10)))
    t.equal(seen.at(-1), 'restart')
    t.match(w.memory.intent, { forPeers: [/@?node1/] })
    t.same(w.memory.intent?.giving.lists[sourceKey(unseen)], [])
  },
)

t.test('an owner that rolls its pods on an edit brings as little', async t => {
  t.same(tells(stellar({ ownerRolls: true }), 10), ['settling', 'tell', 'nothing'])
})

t.test('under wrap, a variable that outranks the file makes it seen from the next start on', async t => {
  const exported = source({ name: 'delivered', via: 'init', unseen: true, override: 'X_P2P_PERSISTENT_PEERS' })
  t.equal(exported.level, 'process')
  const w = world({ plan: plan({ sources: [exported] }), peers: [peer(1), peer(2)] })
  w.connections = [connection(1, '10.0.0.1')]
  w.process = { identity: 'a/1', startedAt: start }
  w.listening = false
  w.after(0)
  for (let at = 0; at < 100; at++) w.after(1)
  w.listening = true
  let waited = 0
  while (w.memory.intent === null && waited < 100) {
    w.after(1)
    waited += 1
  }
  t.equal(
    waited,
    31,
    'the first start had no variable; but the node may have the list of its own, and has 30 s after it is up to show it',
  )
  w.restarted('a/2')
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory.restarts, [{ outcome: 'verified', level: 'process' }])
  w.process = { identity: 'a/3', startedAt: w.now, snapshotToken: tokenOf({ [sourceKey(exported)]: w.peers }) }
  w.connections = []
  for (let at = 0; at < 600; at += 30)
    t.equal(reason(w.after(30)), 'nothing', 'it crashed, and its supervisor exported the list')
  w.process = { identity: 'b/1', startedAt: w.now }
  w.after(1)
  t.same(w.memory.startedWith?.lists[sourceKey(exported)], [], 'a supervisor that found no exports')
})

t.test(
  'under observe: moved peers and new entries are told; what it was told is forgotten when it does not listen',
  async t => {
    const w = world({ plan: plan({ reach: { by: 'observe', reason: 'operator-tracks-pid' } }) })
    w.process = { hold: 'observe', detail: 'out of sight' }
    w.canTell = true
    w.after(0)
    w.peers = [...w.peers, peer(4)]
    w.hosts = { ...w.hosts, node4: host('10.0.0.4') }
    w.after(1)
    t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node4' }] } }, 'a new entry')
    w.connections = [...w.connections, connection(4, '10.0.0.4', { port: 26656 })]
    t.equal(reason(w.after(1)), 'nothing')
    w.move(2, '10.0.0.22')
    w.after(1)
    t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node2' }] } }, 'a moved peer')
    w.connections = [...w.connections, connection(2, '10.0.0.22', { port: 26656 })]
    t.equal(reason(w.after(1)), 'nothing')
    w.connections = w.connections.filter(one => one.id !== nodeId(4))
    t.equal(reason(w.after(60)), 'nothing', 'it knows it')
    w.listening = false
    w.after(1)
    w.listening = true
    t.match(w.after(0.5).decision, { do: 'tell', change: { add: [{ host: 'node4' }] } }, 'another process may not')
  },
)
