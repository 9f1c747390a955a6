// Gates about the restarts so far: never twice for one snapshot, back-off, breaker, interval and budget. Pure.
import { type Look, timeText } from './look.ts'
import type { Memory, Restart } from './memory.ts'
import { restartFor } from './restarts.ts'
import { isAddressMatter } from './settle-time.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

export function historyGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const done = memory.restarts.filter(restart => restart.outcome !== 'not-taken')
  const same = restartFor(memory, look.desired.snapshotHash)
  if (same && !isWorthAnother(same, wish, done)) {
    const hosts = wish.missing.map(listed => listed.peer.host)
    return {
      reason: 'already-restarted',
      detail: `not connected: ${hosts.join(', ')}; restarted at ${timeText(same.at, look)}`,
    }
  }
  const sinceVerified = done.slice(done.findLastIndex(restart => restart.outcome === 'verified') + 1)
  const inVain = sinceVerified.filter(restart => restart.outcome !== 'overtaken')
  const failed = inVain.at(-1)
  if (!failed) return null
  const ended = failed.endedAt ?? failed.at
  if (inVain.length >= 3) {
    const until = ended + times.breakerSeconds * 1000
    return look.now < until ? { reason: 'breaker-open', until } : null
  }
  const until = ended + look.plan.times.minIntervalSeconds * 1000 * 2 ** inVain.length
  return look.now < until ? { reason: 'back-off', until } : null
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
  // One that was not taken may have stopped the node all the same: a hold that ran out.
  const counted = memory.restarts.filter(restart => restart.outcome !== 'not-taken' || restart.process !== undefined)
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
