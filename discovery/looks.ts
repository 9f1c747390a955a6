// When a PeerSet is looked at: one look at a time, the earliest time that somebody asked for, and once more where that
// was while a look was under way.
import type { Clock } from '../kubernetes/clock.ts'

export type Looks = {
  /** Looks in `ms` milliseconds at the latest: a hint does not put off another. */
  within(ms: number): void
  /** Begins no more looks; resolves when none is under way. */
  close(): Promise<void>
}

export type LooksOptions = {
  /** One look; resolves with the milliseconds to the next one. Never rejects. */
  readonly look: () => Promise<number>
  /** From the end of a look to the next, where that was asked for meanwhile. */
  readonly coalesceMs: number
  /** Of intervals. */
  readonly clock: Clock
}

export function createLooks({ look, coalesceMs, clock }: LooksOptions): Looks {
  let timer: { readonly at: number; readonly cancel: () => void } | undefined
  let running: Promise<void> | undefined
  let isAgain = false
  let closed = false

  function within(ms: number): void {
    if (closed) return
    const at = clock.now() + ms
    if (timer && timer.at <= at) return
    timer?.cancel()
    timer = { at, cancel: clock.after(ms, begin) }
  }

  function begin(): void {
    timer = undefined
    if (running) isAgain = true
    else running = look().then(end)
  }

  function end(nextMs: number): void {
    running = undefined
    within(isAgain ? coalesceMs : nextMs)
    isAgain = false
  }

  return {
    within,
    close: async () => {
      closed = true
      timer?.cancel()
      await running
    },
  }
}
