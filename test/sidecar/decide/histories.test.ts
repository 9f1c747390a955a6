// Random histories of a node, its peers and its sidecar: whatever happens, the budget holds, nothing restarts without
// need, and no change is lost.
import fc from 'fast-check'
import t from 'tap'
import { own } from '../../../peers/own.ts'
import { type Peer, peerKey } from '../../../peers/peer.ts'
import { inheritedHosts } from '../../fixtures/inherited.ts'
import { host, nodeId, peer, plan, times, world } from '../fixtures/look.ts'

type World = ReturnType<typeof world>
type Event =
  | { do: 'move' | 'die' | 'live' | 'dial-in' | 'lose'; n: number }
  | { do: 'crash' | 'sidecar-dies' | 'pass' | 'busy' | 'garble' }
  | { do: 'list'; members: readonly number[] }

const n = fc.integer({ min: 1, max: 4 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('move', 'die', 'live', 'dial-in', 'lose'), n }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('crash', 'sidecar-dies', 'pass', 'busy', 'garble') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      members: fc.uniqueArray(n, { minLength: 2, maxLength: 4 }),
    }),
  },
)

/**
 * A node that connects, at its start, to every listed peer that is alive, at the address it has then, and later only
 * hears who dials it.
 */
function model(w: World, nameOf: (k: number) => string) {
  const alive = new Set([1, 2, 3, 4])
  let address = 10
  let id = 0
  const number = (one: Peer) => Number(one.id)
  const addressOf = (k: number) => own(w.hosts, nameOf(k))?.addresses[0] ?? ''
  const startNode = () => {
    w.process = { identity: `p${++id}`, startedAt: w.now }
    w.connections = w.peers
      .filter(one => alive.has(number(one)))
      .map(one => ({ id: one.id ?? '', address: addressOf(number(one)), port: 26656 }))
  }
  return {
    startNode,
    missing: () =>
      w.peers.filter(one => alive.has(number(one)) && !w.connections.some(connection => connection.id === one.id)),
    apply(what: Event): void {
      switch (what.do) {
        case 'move':
          w.move(what.n, `10.2.${address >> 8}.${address++ & 255}`)
          if (!alive.has(what.n)) w.dead.add(addressOf(what.n))
          return
        case 'die':
          alive.delete(what.n)
          w.dead.add(addressOf(what.n))
          w.connections = w.connections.filter(one => one.id !== nodeId(what.n))
          return
        case 'live':
          alive.add(what.n)
          w.dead.delete(addressOf(what.n))
          return
        case 'dial-in':
          if (alive.has(what.n) && !w.connections.some(one => one.id === nodeId(what.n))) {
            w.connections = [...w.connections, { id: nodeId(what.n), address: addressOf(what.n) }]
          }
          return
        case 'lose':
          w.connections = w.connections.filter(one => one.id !== nodeId(what.n))
          return
        case 'crash':
          startNode()
          return
        case 'list':
          w.peers = what.members.map(k => peer(k, { host: nameOf(k) }))
          return
        case 'garble':
          w.bad = w.bad ? undefined : { reason: 'list-malformed', message: 'entry 1' }
          return
        case 'sidecar-dies':
          w.memory = JSON.parse(JSON.stringify(w.memory))
          return
        default:
      }
    },
  }
}

const namings: readonly { names: string; nameOf: (k: number) => string; runs: number; leastRestarts: number }[] = [
  { names: 'ordinary names', nameOf: k => `node${k}`, runs: 60, leastRestarts: 30 },
  // A plain object has something under each of these already.
  { names: 'names of JavaScript', nameOf: k => inheritedHosts[k - 1] ?? '', runs: 20, leastRestarts: 10 },
]

for (const { names, nameOf, runs, leastRestarts } of namings) {
  t.test(`thousands of looks in random histories: ${names}`, async t => {
    let looks = 0
    let restartsSeen = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.integer({ min: 1, max: 400 })), { minLength: 5, maxLength: 40 }),
        history => {
          const w = world({ plan: plan(), names: nameOf })
          w.allowMassRemoval = true
          w.hosts = { ...w.hosts, [nameOf(4)]: host('10.0.0.4') }
          const node = model(w, nameOf)
          const restarts: { at: number; hash: string }[] = []
          const look = (seconds: number) => {
            const missingBefore = node.missing().map(peerKey)
            const { decision } = w.after(seconds)
            looks++
            if (decision.do !== 'restart') return
            if (missingBefore.length === 0) throw new Error('a restart without need')
            if (w.bad) throw new Error('a restart with a malformed list')
            restarts.push({ at: w.now, hash: decision.intent.hash })
            node.startNode()
          }
          look(0)
          for (const [what, seconds] of history) {
            node.apply(what)
            for (let left = seconds; left > 0; left -= 30) look(Math.min(left, 30))
          }
          restartsSeen += restarts.length
          for (const [index, one] of restarts.entries()) {
            const next = restarts[index + 1]
            if (next && next.hash === one.hash) throw new Error('twice for one snapshot')
            if (next && next.at - one.at < 120_000) throw new Error('more often than min-interval')
            const seventh = restarts[index + times.budget]
            if (seventh && seventh.at - one.at < times.budgetSeconds * 1000) throw new Error('more than the budget')
          }
          // All quiet: once the budget has room again, every living peer that a restart can bring is connected.
          w.bad = undefined
          for (let k = 0; k < 8 * 12; k++) look(300)
          const lost = node.missing().filter(one => w.memory.startedWith && !isGiven(w, one))
          if (lost.length > 0) throw new Error(`a change was lost: ${lost.map(peerKey)}`)
        },
      ),
      { numRuns: runs, seed: 20260101 },
    )
    t.ok(looks > runs * 160, `${looks} looks`)
    t.ok(restartsSeen > leastRestarts, `${restartsSeen} restarts: the histories do need some`)
  })
}

/** Whether the node was given this peer at its present address when it started: then starting again would not help. */
function isGiven(w: World, one: Peer): boolean {
  const { startedWith } = w.memory
  const listed = Object.values(startedWith?.lists ?? {}).some(peers =>
    peers.some(listed => peerKey(listed) === peerKey(one)),
  )
  return listed && own(startedWith?.addresses, one.host)?.join() === own(w.hosts, one.host)?.addresses.join()
}
