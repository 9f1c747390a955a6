// The annotations by which the controller lets a pod restart: repeer.dev/turn with its whole grammar, and the words of
// repeer.dev/turn-wait. Whoever writes or reads either does it with what stands here.
//
// turn      = [ ( "spent" | "withdrawn" ) " " ] ID
// ID        = a snapshot's hash (`s1:...`, for which the pod's page asks), or a blind turn (`b1:...`)
//
// A turn names the change for which a pod may restart now, so that it can never be used for another one.
import { createHash } from 'node:crypto'
import { detached } from './detached.ts'

/** `spent`: used, or its time is over. `withdrawn`: not used, since the pod does not want it any more, or cannot. */
export type Retired = 'spent' | 'withdrawn'

const blindPrefix = 'b1:'
const retired = /^(spent|withdrawn) /
const turn = /^((spent|withdrawn) )?[a-z]\d{1,3}:[0-9a-f]{8,128}$/

/**
 * The turn for a pod whose status page the controller cannot read: `b1:` and 32 hex digits, of the two annotations that
 * the controller wrote. The sidecar makes the same from its own files. Otherwise a turn is the snapshot's hash that the
 * page asks for.
 */
export function blindTurn(peerHash: string | undefined, endpoints: string | undefined): string {
  return `${blindPrefix}${createHash('sha256')
    .update(`${peerHash ?? ''}\n${endpoints ?? ''}`)
    .digest('hex')
    .slice(0, 32)}`
}

export function isBlindTurn(id: string): boolean {
  return id.startsWith(blindPrefix)
}

/** Whether a text is a turn, live or retired, of this version or a later one. */
export function isTurn(text: string): boolean {
  return turn.test(text)
}

/** The turn's ID where the sidecar may use it: neither used up nor taken back. */
export function liveTurn(text: string | undefined): string | undefined {
  return text === undefined || text === '' || retired.test(text) ? undefined : text
}

/** The turn's ID, whether or not it still counts. */
export function turnId(text: string): string {
  return text.replace(retired, '')
}

export function isWithdrawn(text: string | undefined): boolean {
  return text?.startsWith('withdrawn ') ?? false
}

/** What is written in place of a turn that counts no more. */
export function retiredTurn(id: string, word: Retired): string {
  return `${word} ${id}`
}

/**
 * Characters of repeer.dev/turn-wait, which are words for people: the controller writes no more of them, and nobody
 * reads more.
 */
const longestWait = 500

/** Why a pod that asks for a turn has none, as it is written. */
export function formatTurnWait(why: string): string {
  return detached(why.trim().slice(0, longestWait).trimEnd())
}

/** The same as it is read; undefined where nothing is said. */
export function parseTurnWait(text: unknown): string | undefined {
  return typeof text === 'string' ? formatTurnWait(text) || undefined : undefined
}
