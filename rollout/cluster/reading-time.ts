// How much processor time the lists of one namespace may take to be read: 1 MiB of TOML takes half a second, in each of
// the ways in which a plan says that it is to be read, and whoever edits it ten times a second has the controller to
// himself.

export type ReadingTime = {
  /** Reads something, and counts how long that takes. */
  during<T>(read: () => T): T
  /** Whether there is none left. */
  isOver(): boolean
}

export type ReadingTimeOptions = {
  /** How much there is at the start, and at most, in ms. */
  readonly mostMs: number
  /** How much comes back a second, in ms. */
  readonly msPerSecond: number
  /** Milliseconds, from any clock that only goes forward. */
  readonly now: () => number
  /** Milliseconds of processor time that this thread has taken. */
  readonly processorMs: () => number
}

export function createReadingTime({ mostMs, msPerSecond, now, processorMs }: ReadingTimeOptions): ReadingTime {
  let left = mostMs
  let filledAt = now()

  function fill(): void {
    const at = now()
    left = Math.min(mostMs, left + (Math.max(0, at - filledAt) / 1000) * msPerSecond)
    filledAt = at
  }

  return {
    during: read => {
      const start = processorMs()
      try {
        return read()
      } finally {
        fill()
        left -= processorMs() - start
      }
    },
    isOver: () => {
      fill()
      return left <= 0
    },
  }
}

/** Of the thread that asks. A system's clock for it may go in steps of 4 ms, which add up rightly. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
