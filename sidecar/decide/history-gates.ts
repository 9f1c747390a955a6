// Gates about the restarts so far, for whose sake they were or not: never twice for one snapshot, interval and budget.
// Back-off, breaker and each cause's part of the budget are in cause-gate.ts. Pure.
import { type Look, timeText } from './look.ts'
import type { Memory, Restart } from './memory.ts'
import { countedRestarts, restartFor } from './restarts.ts'
import { isAddressMatter } from './settle-time.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

export function historyGate(wish: Wish, look: Look, memory: Memory): Hold | null {
  const done = memory.restarts.filter(restart => restart.outcome !== 'not-taken')
  const same = restartFor(memory, look.desired.snapshotHash)
  if (same && !isWorthAnother(same, wish, done)) {
    const hosts = wish.missing.map(listed => listed.peer.host)
    return {
      reason: 'already-restarted',
      detail: `not connected: ${hosts.join(', ')}; restarted at ${timeText(same.at, look)}`,
    }
  }
  return null
}

/**
 * It is not known what the node was told when it looked the names up, and somebody who answers is missing: the same
 * again may help, once. One that had helped may help again: of a peer's two addresses another may answer now. Budget
 * and back-off hold.
 */
function isWorthAnother(last: Restart, { missing }: Wish, done: readonly Restart[]): boolean {
  const before = done.at(-2)
  if (last.outcome === 'asked' || (before?.hash === last.hash && before.outcome !== 'verified')) return false
  return missing.some(listed => listed.reachable && isAddressMatter(listed))
}

export function budgetGate(_wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const counted = countedRestarts(memory)
  // Where the memory was lost, the last restart may have been right before.
  const lost = memory.lostAt ?? 0
  const restart = counted.at(-1)
  const last = Math.max(restart?.at ?? 0, lost)
  const next = last > 0 ? last + look.plan.times.minIntervalSeconds * 1000 : 0
  if (look.now < next) return { reason: 'min-interval', until: next }
  const rest = besideRest(Math.max(restart?.endedAt ?? restart?.at ?? 0, lost), look, times)
  if (rest) return rest
  const inWindow = counted.filter(restart => restart.at > look.now - times.budgetSeconds * 1000)
  const oldest = inWindow.at(-times.budget)
  return oldest ? { reason: 'budget', until: oldest.at + times.budgetSeconds * 1000 } : null
}

/** Counts from the end of the last restart, 0 where there was none: the one beside had started by then. */
function besideRest(endedAt: number, { now, plan: { reach } }: Look, times: Timing): Hold | null {
  if (reach.by !== 'wrap' || reach.beside === undefined || endedAt === 0) return null
  const until = endedAt + times.besideRestSeconds * 1000
  const detail = `container ${reach.beside.container} starts anew with the node, which the kubelet puts off where it comes within 10 minutes`
  return now < until ? { reason: 'min-interval', detail, until } : null
}
