// Time as the controller's parts take it, so that tests can drive it.

export type Clock = {
  /** Milliseconds. */
  readonly now: () => number
  /** Calls `act` once after `ms` milliseconds; the result cancels that. */
  readonly after: (ms: number, act: () => void) => () => void
}

/** Milliseconds from some start, which only go forward: for intervals. */
export const steadyClock: Clock = { now: () => performance.now(), after }

/**
 * Milliseconds since the epoch by the machine's clock as it was at the start of the process, and evenly from there: for
 * intervals that begin at times which others have told. A clock that is set meanwhile makes none of them longer or
 * shorter.
 */
export const evenClock: Clock = { now: () => performance.timeOrigin + performance.now(), after }

/** Milliseconds since the epoch: for times that are compared with those of other programs. */
export const wallClock: Clock = { now: () => Date.now(), after }

function after(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms)
  return () => clearTimeout(timer)
}
