// Which hosts a process may have been told otherwise about than the sidecar. Pure.
import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import type { Plan } from '../../peers/plan.ts'
import { isExported, type Lists, peersOf, sourceKey } from './lists.ts'
import type { Known, Memory } from './memory.ts'
import type { HostView } from './observation.ts'
import type { Timing } from './timing.ts'

/**
 * What is heard of a name so long after a start may be what the process heard, in ms; after it, names are asked about
 * as seldom as ever.
 */
const startDoubtMs = 60_000

/**
 * Names that have not been answered since the process started, and do not resolve: the process has probably got no
 * answer either. And those about which name servers were found to disagree at that time: it may have got the other
 * answer.
 */
export function doubtAnswers(
  known: Known,
  process: Memory['process'],
  hosts: Readonly<Record<string, HostView>>,
): Known {
  if (!process) return known
  const pinned = new Set(
    peersOf(known.lists).flatMap(peer => (own(known.pins, peerKey(peer)) === undefined ? [] : [peer.host])),
  )
  const doubted = Object.keys(known.addresses).filter(
    host => !pinned.has(host) && !known.uncertain.includes(host) && isDoubtful(process.startedAt, own(hosts, host)),
  )
  return doubted.length === 0 ? known : { ...known, uncertain: [...known.uncertain, ...doubted] }
}

function isDoubtful(at: number, view: HostView | undefined): boolean {
  if (view === undefined) return false
  // Answered once and not the next time is one of several servers that fails.
  const isUnanswered = view.failures > 0 && (view.answeredAt === null || view.answeredAt < at + startDoubtMs)
  return isUnanswered || (view.disputedAt !== undefined && view.disputedAt >= at && view.disputedAt < at + startDoubtMs)
}

/**
 * Whether DNS was last heard before the process started, a moment ago: does it still answer, as it has to for the
 * process?
 */
export function isFromBefore(view: HostView | undefined, process: Memory['process'], now: number): boolean {
  return process !== null && now - process.startedAt < startDoubtMs && (view?.answeredAt ?? 0) < process.startedAt
}

/** Whether a process that looked the host up at `startedAt` may have been told otherwise than the sidecar. */
export function isUncertain(view: HostView | undefined, startedAt: number, times: Timing): boolean {
  // While look-ups fail, the last answer is only remembered here; the node, starting then, got none.
  if (view === undefined || view.failures > 0) return true
  return Math.max(view.since, view.disputedAt ?? view.since) > startedAt - times.dnsCacheSeconds * 1000
}

/**
 * With doubt about the peers of variables that something else outranks, of which a process started without: a script
 * may have handed it their list, or what it had written down of an earlier one. Whom it is connected to settles that.
 */
export function inDoubt(known: Known, plan: Plan, lists: Lists): Known {
  const copied = plan.sources.filter(
    source =>
      source.kind !== 'Literal' &&
      /^env/.test(source.via) &&
      isExported(source) &&
      source.override !== source.variable &&
      !source.unseen,
  )
  const hosts = copied.flatMap(source => (own(lists, sourceKey(source)) ?? []).map(peer => peer.host))
  return hosts.length === 0 ? known : { ...known, uncertain: [...new Set([...known.uncertain, ...hosts])] }
}
