// Gates about look-ups: a node that looks names up itself must not be started while they fail or disagree. Pure.
import { own } from '../../peers/own.ts'
import type { Assessed, AssessedLook } from './assess.ts'
import { isDefinite } from './host-view.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import { isDisputed, isFailing, isPinned, lookedUp, tradeOf, tradeWords, vetoLeftMs } from './names-veto.ts'
import { askAheadMs } from './settle-time.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

/**
 * A node that is given names drops those that do not resolve when it starts (CometBFT: seen): it would lose those peers
 * that it has, and not learn of those that it lacks, though their last answer is remembered here. Until what it would
 * find outweighs that: see names-veto.ts.
 */
export function lookupGate(wish: Wish, look: AssessedLook, memory: Memory, times: Timing): Hold | null {
  const failing = look.assessed.filter(
    listed => listed.standing !== 'self' && !isPinned(listed, look) && isFailing(listed, look),
  )
  const trade = tradeOf(wish, look, times)
  const lost = trade.loses.filter(listed => failing.includes(listed))
  if (lost.length > 0) {
    const leftMs = vetoLeftMs(trade, memory, times)
    if (leftMs === 0) return null
    const until = Number.isFinite(leftMs) ? { until: look.now + leftMs } : {}
    return { reason: 'lookups-fail', detail: `${failureWords(lost, look)}; ${tradeWords(trade)}`, ...until }
  }
  const unknown = failing.filter(
    listed => listed.addresses.length > 0 || !isDefinite(own(look.hosts, listed.peer.host)?.error),
  )
  // Those that it would not learn of are not among the missing for whose sake it is.
  if (unknown.length === 0 || wish.missing.length > 0) return null
  return { reason: 'lookups-fail', detail: failureWords(unknown, look) }
}

function failureWords(failing: readonly Assessed[], look: Look): string {
  const names = failing.map(({ peer: { host } }) => `${host} (${own(look.hosts, host)?.error ?? 'no answer'})`)
  return names.slice(0, 5).join(', ')
}

/**
 * Name servers that contradict each other (two with caches of their own, just after a move), or the controller: a node
 * that looks names up itself may be told an old address, of a peer that it has as well as of one that it lacks.
 */
export function agreementGate(wish: Wish, look: AssessedLook, memory: Memory, times: Timing): Hold | null {
  const hold = calmGate(wish, look, memory, times)
  if (hold === null) return null
  const until = hold.until - askAheadMs(look, times.calmAheadSeconds)
  return look.now < until ? { ...hold, until } : null
}

/**
 * The whole of that time, for a turn that has come before it is over. A peer that is given to the node need not be
 * agreed about, unless it is for its sake that the node would be restarted. Ends when all agree, or when what the node
 * would find outweighs it.
 */
export function calmGate(
  wish: Wish,
  look: AssessedLook,
  memory: Memory,
  times: Timing,
): (Hold & { readonly until: number }) | null {
  const open = disagreement(lookedUp(wish, look), look, times)
  if (open === null) return null
  const trade = tradeOf(wish, look, times)
  const end = look.now + vetoLeftMs(trade, memory, times)
  if (open.until <= end) return open
  return look.now < end ? { ...open, detail: `${open.detail}; ${tradeWords(trade)}`, until: end } : null
}

/** Those of these peers about whose names somebody has been contradicted a moment ago. */
export function disagreement(
  assessed: readonly Assessed[],
  look: Look,
  times: Timing,
): (Hold & { readonly until: number }) | null {
  const open = assessed
    .filter(listed => isDisputed(listed, look, times))
    .map(({ peer: { host } }) => ({
      host,
      until: (own(look.hosts, host)?.disputedAt ?? look.now) + times.calmSeconds * 1000,
    }))
  if (open.length === 0) return null
  const names = [...new Set(open.map(dispute => dispute.host))]
  return {
    reason: 'lookups-disagree',
    detail: names.slice(0, 5).join(', '),
    until: Math.max(...open.map(dispute => dispute.until)),
  }
}
