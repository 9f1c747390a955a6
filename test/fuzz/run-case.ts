// Runs one case and says what came of it.
import { randomFrom } from './random.ts'
import type { Opened } from './target.ts'

/**
 * Milliseconds of processor time for one answer. The thread's own: other processes, garbage that other threads collect
 * and compilers beside it do not count.
 */
export const mostMs = 50
/** A slow case is run so often again, and the least time counts: a warm-up or a collection hits one run, not all. */
const again = 4

export type Outcome = { readonly ms: number; readonly failure?: string }

/** Never rejects. */
export async function runCase(opened: Opened, seed: number): Promise<Outcome> {
  try {
    let ms = await timed(opened, seed)
    for (let left = again; ms > mostMs && left > 0; left--) ms = Math.min(ms, await timed(opened, seed))
    return ms > mostMs
      ? { ms, failure: `took ${ms.toFixed(0)} ms of processor time, expected at most ${mostMs}` }
      : { ms }
  } catch (error) {
    return { ms: 0, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** A case anew each time: what one run has kept (parsed texts by their object) must not help the next. */
async function timed(opened: Opened, seed: number): Promise<number> {
  const { run, check } = opened.make(randomFrom(seed))
  const before = process.threadCpuUsage()
  const returned = run()
  const answer = returned instanceof Promise ? await returned : returned
  const { user, system } = process.threadCpuUsage(before)
  check?.(answer)
  return (user + system) / 1000
}
