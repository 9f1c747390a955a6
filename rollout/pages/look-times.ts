// When a pod's page is looked at again. Pure.
import { backoffMs } from '../../peers/backoff.ts'
import { isSilentForNow, type Seen } from './seen-page.ts'

/** Between the starts of two looks at one pod, however often it is hinted at, in ms. */
export const minMs = 100
/** A busy pod whose page cannot be read is looked at at the busy pace this many times, then less and less often. */
const quickTries = 5
/** Until a page counts as unreachable, the longest wait for the next look, in ms: it holds up its group. */
const longestTryMs = 2_000

export type LookState = {
  readonly busy: boolean
  /** Looks in a row that failed. */
  readonly failures: number
  readonly seen: Seen | undefined
}

/**
 * From the start of one look to the next, in ms. A pod that is not busy: `idleMs`, shortened or lengthened by a random
 * part of up to a quarter, so that pods that were first seen together are not asked together for ever.
 * @param random from 0 up to 1
 */
export function lookIntervalMs(
  { busy, failures, seen }: LookState,
  { busyMs, idleMs }: { readonly busyMs: number; readonly idleMs: number },
  random: number,
): number {
  if (!busy) return idleMs * (0.75 + random / 2)
  const longest = Math.max(isSilentForNow(seen) ? Math.min(idleMs, longestTryMs) : idleMs, busyMs)
  if (failures <= quickTries) return busyMs
  return backoffMs(failures - quickTries, { minMs: 2 * busyMs, maxMs: longest, random: () => random })
}
