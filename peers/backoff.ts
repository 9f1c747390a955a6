// How long to wait before what has failed is tried again: the one exponential back-off of all rooms. Pure.

export type BackoffTimes = {
  /** The longest wait after the first failure. */
  readonly minMs: number
  /** No wait is longer than this, however many failures there were. */
  readonly maxMs: number
  /** 0 up to 1. */
  readonly random: () => number
}

/**
 * Milliseconds to wait after so many failures in a row (1: the first): `minMs`, doubled at each further one up to
 * `maxMs`, and shortened by a random part of up to a half, so that those who failed together do not come back together.
 */
export function backoffMs(failures: number, { minMs, maxMs, random }: BackoffTimes): number {
  const doublings = Math.max(0, failures - 1)
  return Math.min(minMs * 2 ** Math.min(doublings, mostDoublings), maxMs) * (1 - random() / 2)
}

/** A millisecond becomes 12 days: enough for any `maxMs`, and no overflow after a week of failures. */
const mostDoublings = 30
