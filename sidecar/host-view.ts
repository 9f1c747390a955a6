// What is known of a host after each look-up: pure, from the view before to the view after.
import { normalHost } from '../peers/peer.ts'
import type { HostView } from './observation.ts'

/** As many former addresses as are kept for a host: a peer that moves every hour is known for a day. */
const maxFormer = 32

/** As many addresses as are kept of an answer: a peer has one or two, and a hostile answer over TCP could hold thousands. */
const maxAddresses = 16

/**
 * An address that comes back within this time after it went is taken for a rotating answer, and a set that has not changed for this time is
 * not rotating any more. Rotating name servers give another answer at every expiry, so at least every minute; a pod that returns to an earlier address does so seldom.
 */
export const rotationMs = 10 * 60_000

/** A host that has not been answered yet. */
export function unanswered(now: number): HostView {
  return { addresses: [], since: now, former: [], rotating: false, answeredAt: null, failures: 0 }
}

/** After an answer. `answer`: all addresses of it, in any order and spelling; what is no address is left out. */
export function answered(view: HostView, answer: readonly string[], now: number): HostView {
  const addresses = [...new Set(answer.map(normalHost).filter(address => address !== undefined))].sort().slice(0, maxAddresses)
  const { error: _, ...known } = view
  const same = addresses.length === view.addresses.length && addresses.every(address => view.addresses.includes(address))
  if (same && view.answeredAt !== null) {
    return { ...known, answeredAt: now, failures: 0, rotating: view.rotating && now - view.since < rotationMs }
  }
  const gone = view.addresses
    .filter(address => !addresses.includes(address))
    .map(address => ({ address, lastSeen: view.answeredAt ?? view.since }))
  const returned = view.former.some(({ address, lastSeen }) => addresses.includes(address) && now - lastSeen < rotationMs)
  const stillRotating = view.rotating && now - view.since < rotationMs
  return {
    addresses,
    since: now,
    former: [...view.former.filter(({ address }) => !addresses.includes(address)), ...gone].slice(-maxFormer),
    rotating: returned || stillRotating,
    answeredAt: now,
    failures: 0,
  }
}

/** After a look-up without an answer: what was known stays. `error`: its code, ENOTFOUND, ESERVFAIL, ETIMEOUT, ENODATA. */
export function failed(view: HostView, error: string): HostView {
  return { ...view, failures: view.failures + 1, error }
}
