// Random numbers that a seed repeats. Pure.
import { mulberry32 } from '../fixtures/mulberry32.ts'

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

/** `seed`: a whole number from 0 to 2^32 - 1. */
export function randomFrom(seed: number): Random {
  const next = mulberry32(seed)
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
