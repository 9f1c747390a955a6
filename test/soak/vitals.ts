// What our own processes hold over time, and the straight line through it. Pure, but for `vitalsOf`.
import { readdirSync } from 'node:fs'
import { memoryOf } from '../bench/processes.ts'
import type { Process } from '../chaos/processes.ts'

/** `rss` in bytes; `files`: open files, sockets, pipes and watches, as /proc/PID/fd has them. */
export type Vitals = { readonly atMs: number; readonly rss: number; readonly files: number }

/** Undefined where the process has just ended. `atMs` by performance.now(). */
export function vitalsOf({ pid }: Pick<Process, 'pid'>): Vitals | undefined {
  try {
    return { atMs: performance.now(), rss: memoryOf(pid).rss, files: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}

/** By hour. `error`: the standard error of the slope, as if samples did not depend on each other. */
export type Trend = { readonly slope: number; readonly error: number }

const hourMs = 3_600_000

/** Least squares. NaN for less than three samples, or where all are of one moment. */
export function trend(samples: readonly (readonly [atMs: number, value: number])[]): Trend {
  const count = samples.length
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / count
  const atMean = mean(samples.map(([at]) => at))
  const valueMean = mean(samples.map(([, value]) => value))
  const spread = samples.reduce((sum, [at]) => sum + (at - atMean) ** 2, 0)
  if (count < 3 || spread === 0) return { slope: Number.NaN, error: Number.NaN }
  const slope = samples.reduce((sum, [at, value]) => sum + (at - atMean) * (value - valueMean), 0) / spread
  const rest = samples.reduce((sum, [at, value]) => sum + (value - valueMean - slope * (at - atMean)) ** 2, 0)
  return { slope: slope * hourMs, error: Math.sqrt(rest / (count - 2) / spread) * hourMs }
}

/** Of one process, from `fromMs` on: the beginning is left out, in which it becomes warm. */
export type Course = {
  readonly minutes: number
  readonly first: number
  readonly last: number
  readonly most: number
  readonly trend: Trend
}

/** Undefined where less than three samples are that late. `first` and `last` are means of a tenth of the samples. */
export function course(samples: readonly Vitals[], fromMs: number, of: (vitals: Vitals) => number): Course | undefined {
  const late = samples.filter(({ atMs }) => atMs >= fromMs)
  const [begin, end] = [late[0], late.at(-1)]
  if (!begin || !end || late.length < 3) return undefined
  const values = late.map(of)
  const tenth = Math.ceil(values.length / 10)
  const mean = (some: readonly number[]) => some.reduce((sum, value) => sum + value, 0) / some.length
  return {
    minutes: (end.atMs - begin.atMs) / 60_000,
    first: mean(values.slice(0, tenth)),
    last: mean(values.slice(-tenth)),
    most: Math.max(...values),
    trend: trend(late.map(vitals => [vitals.atMs, of(vitals)])),
  }
}
