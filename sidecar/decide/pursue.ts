// A restart is under way: ask again, wait for the new process, verify it, and close it. Pure.
import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import { type Assessed, type AssessedLook, isMissing } from './assess.ts'
import { type Step, wait } from './decision.ts'
import type { Look } from './look.ts'
import type { Intent, Memory, Restart } from './memory.ts'
import { isUp } from './node-gate.ts'
import type { NodeProcess } from './observation.ts'
import { ended } from './restarts.ts'
import { twoTriesSeconds } from './settle-time.ts'
import { settle } from './settled.ts'
import { longestStartMs, type Timing } from './timing.ts'

/** `decision: null`: it is under way no longer, and what to do now is decided anew. */
export type Pursued = Step | { readonly memory: Memory; readonly decision: null }

/** A restart is under way: ask again, wait for the new process, or verify it. */
export function pursue(memory: Memory, intent: Intent, look: AssessedLook, times: Timing): Pursued {
  const process = look.process.found ? look.process : null
  const goOn: Step | null =
    process && isUnfinishedBeside(look, process, memory, times)
      ? {
          memory,
          decision: { do: 'restart', intent, why: 'asked before, and not finished: the container beside the node' },
        }
      : null
  if (intent.backAt === undefined) {
    const until = intent.at + (look.plan.times.graceSeconds + times.takeSeconds) * 1000
    if (look.now >= until && process?.identity === intent.identity) {
      return close(memory, intent, 'not-taken', look)
    }
    if (goOn) return goOn
    // Holding the node is half of restarting all containers; the other half is the sidecar's own exit, which asking
    // again brings about.
    const unfinished = process?.request !== intent.id || intent.level === 'all-containers'
    if (process?.identity === intent.identity && unfinished && look.list.ok && !look.paused) {
      return { memory, decision: { do: 'restart', intent, why: 'asked before, not yet taken' } }
    }
    return { memory, decision: { do: 'verify', until } }
  }
  const { until, again } = verdictBy(memory, intent.backAt, look, times)
  const outcome = process ? outcomeOf(memory, intent, look, times) : null
  if (outcome === 'verified') return close(memory, intent, 'verified', look)
  if (outcome === 'overtaken') return { memory: ended(memory, intent, 'overtaken', look.now), decision: null }
  if (look.now < until) return goOn ?? { memory, decision: { do: 'verify', until, ...(again ? { again } : {}) } }
  const missed = missedOf(memory, intent, look)
  const closed = close(memory, intent, 'unverified', look)
  return { ...closed, memory: { ...closed.memory, restarts: closed.memory.restarts.map(withMissed(intent, missed)) } }
}

/** The causes of which nobody is connected, though somebody answers. */
function missedOf({ restarts }: Memory, intent: Intent, look: AssessedLook): string[] {
  const { causes = [] } = restarts.find(restart => restart.id === intent.id) ?? {}
  const awaited = new Set(look.assessed.filter(isAwaited).map(listed => peerKey(listed.peer)))
  const connected = new Set(
    look.assessed.filter(({ standing }) => standing === 'connected').map(listed => peerKey(listed.peer)),
  )
  return causes
    .filter(({ peers }) => peers.some(key => awaited.has(key)) && !peers.some(key => connected.has(key)))
    .map(({ of }) => of)
}

function withMissed(intent: Intent, missed: readonly string[]): (restart: Restart) => Restart {
  return restart => (restart.id === intent.id && restart.causes !== undefined ? { ...restart, missed } : restart)
}

/**
 * Until when the restarted node has the time to be connected. One that takes minutes to open its database gets twice
 * what its last start took. Where it ends meanwhile, and its kubelet starts it again (a liveness probe that fails, a
 * crash), the next process has the time anew, up to ten minutes in all: it says nothing about the restart that it is
 * gone.
 */
function verdictBy(
  { process, lastStartSeconds = 0 }: Memory,
  backAt: number,
  look: Look,
  times: Timing,
): { until: number; again?: 'gone' | 'started' } {
  const patienceMs = Math.max(times.verifySeconds, 2 * lastStartSeconds) * 1000
  const longest = backAt + Math.max(patienceMs, longestStartMs)
  const isGone = !look.process.found && ['supervisor-absent', 'process-not-found'].includes(look.process.hold)
  if (isGone) return { until: longest, again: 'gone' }
  const startedAt = process?.startedAt ?? 0
  // The two are read a moment apart.
  if (startedAt <= backAt + 1000) return { until: backAt + patienceMs }
  return { until: Math.min(startedAt + patienceMs, longest), again: 'started' }
}

/**
 * A restart with a container beside the node is the sidecar's own work beyond the request: it goes on with it where the
 * node is held, whatever has happened since, as it is down; and once more where the node has started and waits for
 * nobody.
 */
function isUnfinishedBeside(look: Look, { phase, beside }: NodeProcess, memory: Memory, times: Timing): boolean {
  if (look.plan.reach.by !== 'wrap' || look.plan.reach.beside === undefined) return false
  if (phase === 'stopping' || phase === 'held') return true
  return beside?.stuck === true && !isUp(look, memory, times) && !look.paused
}

/**
 * The node is up, and each peer for whose sake it was is connected or does not answer; where connections cannot be
 * seen, listening is all. `overtaken` where none but such as have moved since are missing: the node learned another
 * address, and the next restart is for the present one. Else null.
 */
function outcomeOf(memory: Memory, intent: Intent, look: AssessedLook, times: Timing): 'verified' | 'overtaken' | null {
  if (look.node.listening !== false && look.node.seenBy === 'none') return 'verified'
  if (!isUp(look, memory, times)) return null
  const awaited = look.assessed.filter(listed => intent.forPeers.includes(peerKey(listed.peer)) && isAwaited(listed))
  if (awaited.length === 0) return 'verified'
  return awaited.every(listed => hasMovedSince(listed, memory, intent, look)) ? 'overtaken' : null
}

function isAwaited({ standing, reachable, addresses }: Assessed): boolean {
  return isMissing(standing) && reachable !== false && addresses.length > 0
}

/**
 * It has none of the addresses any more that the node was given. The node may have got the new one all the same, and
 * has the time to show it.
 */
function hasMovedSince(
  { peer, addresses, restartTeaches }: Assessed,
  memory: Memory,
  intent: Intent,
  look: Look,
): boolean {
  const pin = own(intent.giving.pins, peerKey(peer))
  const then = pin === undefined ? (own(intent.giving.addresses, peer.host) ?? []) : [pin]
  if (restartTeaches !== 'address' || addresses.some(address => then.includes(address))) return false
  const since = Math.max(memory.process?.upAt ?? look.now, own(look.hosts, peer.host)?.since ?? look.now)
  return look.now >= since + twoTriesSeconds(look) * 1000
}

function close(memory: Memory, intent: Intent, outcome: Restart['outcome'], look: AssessedLook): Step {
  const closed = ended(memory, intent, outcome, look.now)
  if (outcome === 'verified') return settle(closed, intent.hash, look, 'restarted')
  return wait(closed, {
    reason: outcome === 'unverified' ? 'already-restarted' : 'not-taken',
    detail: `restart ${intent.id}`,
  })
}
