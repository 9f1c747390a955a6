// Does something again and again until closed: at an interval while it succeeds, sooner while it fails.

export type LoopOptions = {
  readonly intervalSeconds: number
  /** The wait after a failure; doubled at each further one, up to the interval. */
  readonly retrySeconds: number
  /** 0 up to 1: spreads each wait by a fifth to either side. */
  readonly random: () => number
  /** Called at each failure: what went wrong, how many times since the start, how long until the next try. */
  readonly failed: (error: unknown, failures: number, retrySeconds: number) => void
}

export type Loop = {
  /** How many times the task has failed since the start. */
  failures(): number
  /** Aborts the task's signal, and resolves when it has ended. */
  close(): Promise<void>
}

/** Runs the task at once, and then time after time; never two at once. */
export function startLoop(task: (signal: AbortSignal) => Promise<unknown>, options: LoopOptions): Loop {
  const closing = new AbortController()
  let failures = 0
  let inARow = 0
  let timer: NodeJS.Timeout | undefined
  let running = run()

  async function run(): Promise<void> {
    let seconds = options.intervalSeconds
    try {
      await task(closing.signal)
      inARow = 0
    } catch (error) {
      if (closing.signal.aborted) return
      seconds = Math.min(options.intervalSeconds, options.retrySeconds * 2 ** inARow)
      failures += 1
      inARow += 1
      options.failed(error, failures, seconds)
    }
    if (closing.signal.aborted) return
    timer = setTimeout(() => (running = run()), seconds * (0.8 + 0.4 * options.random()) * 1000)
  }

  return {
    failures: () => failures,
    close() {
      closing.abort(new Error('closed'))
      clearTimeout(timer)
      return running
    },
  }
}
