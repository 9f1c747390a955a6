// Random numbers that a seed repeats. Pure.

export type Random = {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `below`. */
  below(below: number): number
  /** True in one of `times` cases. */
  oneIn(times: number): boolean
  /** Throws an Error for an empty list. */
  pick<T>(values: readonly T[]): T
}

/** `seed`: a whole number from 0 to 2^32 - 1. Mulberry32: one number of state, more than good enough to draw cases. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    next,
    below,
    oneIn: times => below(times) === 0,
    pick: <T>(values: readonly T[]): T => {
      if (values.length === 0) throw new Error('found nothing to pick from, expected one value at least')
      return values[below(values.length)] as T
    },
  }
}
