// Does something again and again until closed: at an interval while it succeeds, sooner while it fails.
import { backoffMs } from '../peers/backoff.ts'

export type LoopOptions = {
  readonly intervalSeconds: number
  /** The wait after a failure; doubled at each further one, up to the interval. */
  readonly retrySeconds: number
  /** 0 up to 1: spreads the interval by a fifth to either side, and shortens a wait after a failure by up to a half. */
  readonly random: () => number
  /** From one start to the next, where it is asked for sooner than it is due. Default: 1. */
  readonly leastSeconds?: number
  /** Called at each failure: what went wrong, how many times since the start, how long until the next try. */
  readonly failed: (error: unknown, failures: number, retrySeconds: number) => void
}

export type Loop = {
  /** How many times the task has failed since the start. */
  failures(): number
  /** Runs the task soon, since there is something new: at once where the last run began long enough ago. */
  soon(): void
  /** Aborts the task's signal, and resolves when it has ended. */
  close(): Promise<void>
}

/** Runs the task at once, and then time after time; never two at once. */
export function startLoop(task: (signal: AbortSignal) => Promise<unknown>, options: LoopOptions): Loop {
  const closing = new AbortController()
  let failures = 0
  let inARow = 0
  let timer: NodeJS.Timeout | undefined
  let startedAt = 0
  let isRunning = false
  let isAsked = false
  let running = run()

  async function run(): Promise<void> {
    let waitMs = options.intervalSeconds * (0.8 + 0.4 * options.random()) * 1000
    startedAt = performance.now()
    isRunning = true
    isAsked = false
    try {
      await task(closing.signal)
      inARow = 0
    } catch (error) {
      if (closing.signal.aborted) return
      failures += 1
      inARow += 1
      const { intervalSeconds, retrySeconds, random } = options
      waitMs = backoffMs(inARow, { minMs: retrySeconds * 1000, maxMs: intervalSeconds * 1000, random })
      options.failed(error, failures, waitMs / 1000)
    }
    isRunning = false
    if (closing.signal.aborted) return
    if (isAsked) soon()
    else schedule(waitMs)
  }

  function schedule(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => (running = run()), ms)
  }

  function soon(): void {
    if (closing.signal.aborted) return
    isAsked = true
    if (!isRunning) schedule(Math.max(0, startedAt + (options.leastSeconds ?? 1) * 1000 - performance.now()))
  }

  return {
    failures: () => failures,
    soon,
    close() {
      closing.abort(new Error('closed'))
      clearTimeout(timer)
      return running
    },
  }
}
