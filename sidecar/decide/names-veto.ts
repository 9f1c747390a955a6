// How long names of others may hold a restart that brings somebody. Pure.
//
// A node that looks names up itself loses, by a restart, the peers whose names fail or are disputed just then. So their
// name servers have a say in every restart, for as long as they like. What it would lose is weighed against what it
// would find: the less is lost for the more, the sooner it goes. A node is never left with fewer peers than it has.

import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import { type Assessed, type AssessedLook, isAnswering } from './assess.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import type { Timing } from './timing.ts'
import type { Wish } from './wish.ts'

/** What a restart at this moment may lose of what the node is connected to, and what it surely finds. */
export type Trade = { readonly loses: readonly Assessed[]; readonly finds: readonly Assessed[] }

export function tradeOf(wish: Wish, look: AssessedLook, times: Timing): Trade {
  const isOpen = (listed: Assessed) => isFailing(listed, look) || isDisputed(listed, look, times)
  const loses = look.assessed.filter(
    listed => mayBeConnected(listed) && listed.addresses.length > 0 && !isPinned(listed, look) && isOpen(listed),
  )
  return { loses, finds: wish.missing.filter(listed => isAnswering(listed, look) && !isOpen(listed)) }
}

/**
 * How long, in ms, names may hold it. Nothing lost: the least time, for a dispute about those that are missing anyway.
 * One lost for each that is found: the whole. In between it grows with what is lost. More lost than found: for ever.
 */
export function patienceMs({ loses, finds }: Trade, times: Timing): number {
  if (finds.length === 0 || loses.length > finds.length) return Number.POSITIVE_INFINITY
  return Math.max(times.leastVetoSeconds, (times.vetoSeconds * loses.length) / finds.length) * 1000
}

/** How long they may still hold it, in ms; 0 where they have for long enough, infinite where they are not outweighed. */
export function vetoLeftMs(trade: Trade, { need }: Memory, times: Timing): number {
  return Math.max(0, patienceMs(trade, times) - (need?.doubtMs ?? 0))
}

/** "a restart now may lose 1 peer (node1) and would find 2 (node2, node3)". */
export function tradeWords({ loses, finds }: Trade): string {
  return `a restart now may lose ${counted(loses)} and would find ${counted(finds)}`
}

/** As many as are spelled out. */
const mostNamed = 3

function counted(peers: readonly Assessed[]): string {
  if (peers.length === 0) return 'none'
  const names = peers.slice(0, mostNamed).map(listed => listed.peer.host)
  return `${peers.length} (${names.join(', ')}${peers.length > mostNamed ? ', ...' : ''})`
}

/**
 * As much as is counted from one look to the next, in ms: looks come every 5 s where somebody is missing, and a sidecar
 * that was away has seen nothing.
 */
const mostCountedMs = 30_000

/**
 * The need, with the time for which names have spoken against it. It adds up: names that take turns in failing are no
 * better than one that fails.
 */
export function withDoubt(need: Memory['need'], wish: Wish, look: AssessedLook, times: Timing): Memory['need'] {
  if (need === null) return null
  const { doubtAt, ...rest } = need
  if (!isInDoubt(wish, look, times)) return rest
  const passedMs = doubtAt === undefined ? 0 : Math.min(Math.max(0, look.now - doubtAt), mostCountedMs)
  return { ...rest, doubtMs: (need.doubtMs ?? 0) + passedMs, doubtAt: look.now }
}

function isInDoubt(wish: Wish, look: AssessedLook, times: Timing): boolean {
  return tradeOf(wish, look, times).loses.length > 0 || lookedUp(wish, look).some(its => isDisputed(its, look, times))
}

/** Those whose names the node would look up, or whose addresses it needs to be given rightly. */
export function lookedUp(wish: Wish, look: AssessedLook): readonly Assessed[] {
  const forHosts = new Set(wish.missing.map(listed => listed.peer.host))
  return look.assessed.filter(
    listed => listed.standing !== 'self' && (forHosts.has(listed.peer.host) || !isPinned(listed, look)),
  )
}

/** Connected; or, where that cannot be seen, nothing says that it is not. */
function mayBeConnected({ standing, restartTeaches }: Assessed): boolean {
  return standing === 'connected' || (standing === 'unseen' && restartTeaches === null)
}

export function isFailing({ peer }: Assessed, { hosts }: Look): boolean {
  return (own(hosts, peer.host)?.failures ?? 0) > 0
}

export function isDisputed({ peer }: Assessed, { hosts, now }: Look, times: Timing): boolean {
  const { disputedAt } = own(hosts, peer.host) ?? {}
  return disputedAt !== undefined && now < disputedAt + times.calmSeconds * 1000
}

/** A start of the node is given its address, so that nothing depends on what a name server says then. */
export function isPinned({ peer }: Assessed, { pins }: Look): boolean {
  return pins !== undefined && own(pins, peerKey(peer)) !== undefined
}
