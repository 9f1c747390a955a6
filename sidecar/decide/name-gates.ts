// Gates about look-ups: a node that looks names up itself must not be started while they fail or disagree. Pure.
import { own } from '../../peers/own.ts'
import { type Peer, peerKey } from '../../peers/peer.ts'
import type { Assessed, AssessedLook } from './assess.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import { askAheadMs } from './settle-time.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

/**
 * A node that is given names drops those that do not resolve when it starts (CometBFT: seen): it would lose those peers
 * that it has, and not learn of those that it lacks, though their last answer is remembered here.
 */
export function lookupGate(wish: Wish, look: AssessedLook): Hold | null {
  const failing = look.assessed.filter(
    listed =>
      listed.standing !== 'self' &&
      !isPinned(listed.peer, look) &&
      (own(look.hosts, listed.peer.host)?.failures ?? 0) > 0,
  )
  const lost = failing.filter(
    listed =>
      listed.addresses.length > 0 &&
      (listed.standing === 'connected' || (listed.standing === 'unseen' && listed.restartTeaches === null)),
  )
  const unknown = failing.filter(
    listed => listed.addresses.length > 0 || !isDefinite(own(look.hosts, listed.peer.host)?.error),
  )
  // Those that it would not learn of are not among the missing for whose sake it is.
  if (lost.length === 0 && (unknown.length === 0 || wish.missing.length > 0)) return null
  const names = (lost.length > 0 ? lost : unknown).map(
    ({ peer: { host } }) => `${host} (${own(look.hosts, host)?.error ?? 'no answer'})`,
  )
  return { reason: 'lookups-fail', detail: names.slice(0, 5).join(', ') }
}

/** A name server knows that there is no such name, or nothing behind it: that is no failure of look-ups. */
function isDefinite(error: string | undefined): boolean {
  return error === 'ENOTFOUND' || error === 'ENODATA'
}

/**
 * Name servers that contradict each other (two with caches of their own, just after a move), or the controller: a node
 * that looks names up itself may be told an old address, of a peer that it has as well as of one that it lacks.
 */
export function agreementGate(wish: Wish, look: AssessedLook, _memory: Memory, times: Timing): Hold | null {
  const hold = disagreement(lookedUp(wish, look), look, times)
  if (hold === null) return null
  const until = hold.until - askAheadMs(look, times)
  return look.now < until ? { ...hold, until } : null
}

/** The rest of that time, for a turn that has come before it is over. */
export function calmGate(wish: Wish, look: AssessedLook, _memory: Memory, times: Timing): Hold | null {
  return disagreement(lookedUp(wish, look), look, times)
}

/** One that is given to the node need not be agreed about, unless it is for its sake that the node would be restarted. */
function lookedUp(wish: Wish, look: AssessedLook): readonly Assessed[] {
  const forHosts = new Set(wish.missing.map(listed => listed.peer.host))
  return look.assessed.filter(
    ({ peer, standing }) => standing !== 'self' && (forHosts.has(peer.host) || !isPinned(peer, look)),
  )
}

/** Those of these peers about whose names somebody has been contradicted a moment ago. */
export function disagreement(
  assessed: readonly Assessed[],
  look: Look,
  times: Timing,
): (Hold & { readonly until: number }) | null {
  const open = assessed.flatMap(({ peer }) => {
    const { disputedAt } = own(look.hosts, peer.host) ?? {}
    const until = (disputedAt ?? 0) + times.calmSeconds * 1000
    return disputedAt !== undefined && look.now < until ? [{ host: peer.host, until }] : []
  })
  if (open.length === 0) return null
  const names = [...new Set(open.map(dispute => dispute.host))]
  return {
    reason: 'lookups-disagree',
    detail: names.slice(0, 5).join(', '),
    until: Math.max(...open.map(dispute => dispute.until)),
  }
}

/** A start of the node is given its address, so that nothing depends on what a name server says then. */
function isPinned(peer: Peer, look: Look): boolean {
  return own(look.pins, peerKey(peer)) !== undefined
}
