// How long to wait until the next look: often while something is under way or time may end it, else until the next DNS
// answer expires, at the latest after the set time. Pure.
import type { Assessed } from './assess.ts'
import type { Memory } from './memory.ts'
import type { Status } from './status.ts'

/** What came of the last look. */
export type After = {
  readonly memory: Memory
  readonly status: Status
  readonly assessed: readonly Assessed[]
  /** Of a validator: the newest block that was seen to hold its signature. */
  readonly signedHeight?: number
}

export type Pace = {
  /** In ms since the epoch, as all moments here. */
  readonly now: number
  /** The longest time between two looks. */
  readonly lookSeconds: number
  /** The time between two looks while something is under way. */
  readonly busySeconds: number
  /** When the next DNS answer expires. */
  readonly lookUpDueAt?: number | undefined
  /** Since when the controller tells an address that DNS does not answer yet; absent where they agree. */
  readonly behindSince?: number | undefined
  /** 0 to 1: idle looks of many pods do not come at one time. */
  readonly random: number
}

/** Between two looks, however soon a wait is over, in ms. */
const leastPauseMs = 50

/** A wait that ends so soon is looked at often, in ms. */
const soonMs = 5_000

/** Between two looks while somebody is missing, or after one that failed: nothing hints that a peer is back. */
const waitingSeconds = 5

/** DNS answers within seconds what the controller has seen already; one that does not within this time is odd, in ms. */
const longestBehindMs = 60_000

/**
 * How long name servers that disagree or fail are followed each second, in ms: those that do so for longer (seen: 65 s)
 * have other troubles.
 */
const longestDisputeMs = 180_000

/**
 * A pod that has just got its address opens its port within seconds, most within the first few: looks come fast at
 * first, then often, then as ever.
 */
const arrivingSeconds = 0.3
const fastArrivalMs = 10_000
const longestArrivalMs = 60_000

/**
 * How long after a restart its node is looked at often, where it is not yet as before: others of its group wait for it.
 * In ms.
 */
const recoveringMs = 60_000

/** In ms; `after`: null where the look failed. */
export function nextLook(after: After | null, pace: Pace): number {
  const { lookSeconds, busySeconds, now } = pace
  const shortly = Math.min(waitingSeconds, lookSeconds)
  if (after === null) return shortly * 1000
  const { memory, status } = after
  if (isArriving(status, now, fastArrivalMs)) return Math.min(busySeconds, arrivingSeconds) * 1000
  const untilMs = status.until === undefined ? Number.POSITIVE_INFINITY : status.until - now
  if (isBusy(memory, status, pace) || untilMs < soonMs)
    return Math.min(busySeconds * 1000, Math.max(untilMs, leastPauseMs))
  if (isRecovering(after, now)) return busySeconds * 1000
  const isWaiting = after.assessed.some(({ standing }) => standing !== 'connected' && standing !== 'self')
  const idleMs = (isWaiting ? shortly : lookSeconds) * 1000 * jitter(pace.random)
  const dueMs = (pace.lookUpDueAt ?? Number.POSITIVE_INFINITY) - now
  return Math.max(busySeconds * 1000, Math.min(dueMs, idleMs))
}

/** A tenth less to a tenth more. */
function jitter(random: number): number {
  return 0.9 + 0.2 * random
}

function isBusy(memory: Memory, status: Status, { now, behindSince }: Pace): boolean {
  return (
    memory.intent !== null ||
    memory.telling !== null ||
    memory.starting !== undefined ||
    status.phase === 'starting' ||
    status.reason === 'settling' ||
    isArriving(status, now, longestArrivalMs) ||
    (behindSince !== undefined && now < behindSince + longestBehindMs) ||
    (isAboutNames(status) && now < status.since + longestDisputeMs)
  )
}

/** Calm is four seconds in which it was seen to be calm: not two looks, five seconds apart. */
function isAboutNames({ reason }: Status): boolean {
  return reason === 'lookups-disagree' || reason === 'lookups-fail'
}

function isArriving({ reason, since }: Status, now: number, forMs: number): boolean {
  return reason === 'unreachable' && now - since < forMs
}

function isRecovering({ memory, assessed, signedHeight }: After, now: number): boolean {
  const last = memory.restarts.at(-1)
  if (last?.endedAt === undefined || now - last.endedAt >= recoveringMs) return false
  const connected = assessed.filter(({ standing }) => standing === 'connected').length
  return connected < (last.connectedBefore ?? 0) || (signedHeight !== undefined && signedHeight <= (last.height ?? 0))
}
