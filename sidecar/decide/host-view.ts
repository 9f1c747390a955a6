// What is known of a host after each look-up: pure, from the view before to the view after.
import { normalHost } from '../../peers/peer.ts'
import type { HostView } from './observation.ts'

/** As many former addresses as are kept for a host: a peer that moves every hour is known for a day. */
const maxFormer = 32

/**
 * As many addresses as are kept of an answer: a peer has one or two, and a hostile answer over TCP could hold
 * thousands.
 */
const maxAddresses = 16

/**
 * An address that comes back within this time after it went is taken for a rotating answer, and a set that has not
 * changed for this time is not rotating any more. Rotating name servers give another answer at every expiry, so at
 * least every minute; a pod that returns to an earlier address does so seldom.
 */
export const rotationMs = 10 * 60_000

/** A host that has not been answered yet. */
export function unanswered(now: number): HostView {
  return { addresses: [], since: now, former: [], rotating: false, answeredAt: null, failures: 0 }
}

/** After an answer. `answer`: all addresses of it, in any order and spelling; what is neither address nor name is left out. */
export function answered(view: HostView, answer: readonly string[], now: number): HostView {
  const addresses = normal(answer)
  const { error: _, inHostsFile: __, heard: ___, ...known } = view
  if (isSame(view.addresses, addresses) && view.answeredAt !== null) {
    return { ...known, answeredAt: now, failures: 0, rotating: view.rotating && now - view.since < rotationMs }
  }
  const returned = view.former.some(
    ({ address, lastSeen }) => addresses.includes(address) && now - lastSeen < rotationMs,
  )
  const stillRotating = view.rotating && now - view.since < rotationMs
  return { ...moved(known, addresses, now), rotating: returned || stillRotating, answeredAt: now, failures: 0 }
}

/** Whether two answers are the same, in any order and spelling. */
export function isSame(some: readonly string[], others: readonly string[]): boolean {
  const [a, b] = [normal(some), normal(others)]
  return a.length === b.length && a.every(address => b.includes(address))
}

/**
 * After the word of somebody who does not ask DNS, and whom nothing contradicts: an address that comes back is a move
 * like any other.
 */
export function told(view: HostView, addresses: readonly string[], now: number): HostView {
  const present = normal(addresses)
  return { ...(isSame(view.addresses, present) ? view : moved(view, present, now)), rotating: false }
}

/**
 * Longer than the caches of cluster DNS (30 s) and what was seen of name servers that disagree (65 s): after it, it is
 * the way of this name, in ms.
 */
const longestDisputeMs = 120_000

/** A dispute that has rested for so long is over, in ms; until then its host is asked about several times. */
export const disputeRestMs = 10_000

/**
 * Whether more than one question has to be asked: the answer is another, somebody says otherwise (`contested`), or
 * answers differed a moment ago. The first answer of all changes nothing, and of a name that rotates nobody expects
 * that all say the same.
 */
export function needsMore(view: HostView, answer: readonly string[], contested: boolean, now: number): boolean {
  if (view.answeredAt === null || view.rotating) return false
  return contested || !isSame(view.addresses, answer) || !hasRested(view, now)
}

/** What is known, and since when answers have been differing. */
export type Weighed = { readonly view: HostView; readonly disputedSince?: number }

/**
 * After an answer and those to the questions asked beside it (null for none). Where they differ, or all say again what
 * was true until a moment ago, what was known stays, for two minutes at most; then they are taken to rotate.
 */
export function weighed(
  { view, disputedSince }: Weighed,
  answer: readonly string[],
  others: readonly (readonly string[] | null)[],
  now: number,
): Weighed {
  const agreed = others.every(other => other !== null && isSame(answer, other))
  if (agreed && !isThrowback(view, answer, now)) {
    const next = answered(view, answer, now)
    return disputedSince === undefined || hasRested(view, now) ? { view: next } : { view: next, disputedSince }
  }
  if (now - (disputedSince ?? now) >= longestDisputeMs)
    return { view: { ...answered(view, answer, now), rotating: true } }
  const { error: _, ...known } = view
  const heard = normal([answer, ...others].flatMap(addresses => addresses ?? [])).filter(
    address => !view.addresses.includes(address),
  )
  return {
    view: { ...known, answeredAt: now, failures: 0, disputedAt: now, heard },
    disputedSince: disputedSince ?? now,
  }
}

/** A server that has not heard of a move yet; several questions may all have come to it. */
function isThrowback(view: HostView, answer: readonly string[], now: number): boolean {
  const isSettled = now - view.since >= longestDisputeMs || isSame(view.addresses, answer)
  if (view.rotating || view.inHostsFile || isSettled) return false
  const last = new Set(
    view.former
      .filter(({ lastSeen }) => lastSeen <= view.since && now - lastSeen < 2 * longestDisputeMs)
      .map(({ address }) => address),
  )
  return answer.length > 0 && normal(answer).every(address => last.has(address))
}

function hasRested({ disputedAt }: HostView, now: number): boolean {
  return disputedAt === undefined || Math.abs(now - disputedAt) >= disputeRestMs
}

function normal(answer: readonly string[]): string[] {
  return [...new Set(answer.map(normalHost).filter(address => address !== undefined))].sort().slice(0, maxAddresses)
}

function moved(view: HostView, addresses: readonly string[], now: number): HostView {
  const gone = view.addresses
    .filter(address => !addresses.includes(address))
    .map(address => ({ address, lastSeen: view.answeredAt ?? view.since }))
  const former = [...view.former.filter(({ address }) => !addresses.includes(address)), ...gone].slice(-maxFormer)
  return { ...view, addresses, since: now, former }
}

/**
 * After a look-up without an answer: what was known stays. `error`: its code, ENOTFOUND, ESERVFAIL, ETIMEOUT, ENODATA.
 *
 * A server that fails while another has just answered disagrees with it, and so does one that fails amid a dispute: a
 * node that starts at the next good answer may ask the other. That there is no such name is what all say of a pod that
 * is being replaced.
 */
export function failed(view: HostView, error: string, now: number): HostView {
  const justAnswered = view.answeredAt !== null && now - view.answeredAt < disputeRestMs && !isDefinite(error)
  const disputed = justAnswered || (view.disputedAt !== undefined && !hasRested(view, now))
  return { ...view, failures: view.failures + 1, error, ...(disputed ? { disputedAt: now } : {}) }
}

/** A name server knows that there is no such name, or nothing behind it: that is no failure of look-ups. */
export function isDefinite(error: string | undefined): boolean {
  return error === 'ENOTFOUND' || error === 'ENODATA'
}
