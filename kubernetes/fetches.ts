// Fetches single objects that have become needed, a few at a time, and again after errors with a growing delay.
import { setTimeout as delay, setImmediate as nextRound } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ApiError } from './api-error.ts'
import { createFairLimit } from './fair-limit.ts'
import { type ListWatchTimes, retryMs } from './list-watch.ts'

export type Fetch<T> = {
  /** Whose it is; tenants take turns. */
  readonly tenant: string
  /** What is fetched, for the log: "ConfigMap a/node". */
  readonly what: string
  /** Asked before it is loaded, and again before it is done with. */
  readonly isNeeded: () => boolean
  readonly load: () => Promise<T>
  readonly done: (value: T) => void
}

export type Fetches = {
  add<T>(fetch: Fetch<T>): void
  /** What could not be fetched the last time, with the reason. */
  failing(): readonly string[]
  close(): Promise<void>
}

/**
 * Under way at a time, from being asked for to being done with: a ConfigMap has up to 1 MiB, and comes faster than its
 * lists are read. Of 200 that needed 60 ms each 68 were held at a time without this (seen).
 */
const atOnce = 8

export function createFetches(
  times: Pick<ListWatchTimes, 'minRetrySeconds' | 'maxRetrySeconds' | 'random'>,
  log: Pick<Logger, 'warn'>,
): Fetches {
  const stop = new AbortController()
  const running = new Set<Promise<void>>()
  const failing = new Map<object, string>()
  const limit = createFairLimit(atOnce)
  let turn = Promise.resolve()

  /**
   * What comes at the same time is taken one after the other, and everything else in between: 1 MiB of peer lists takes
   * some 60 ms to be read.
   */
  function nextTurn(): Promise<void> {
    turn = turn.then(() => nextRound())
    return turn
  }

  async function run<T>(fetch: Fetch<T>): Promise<void> {
    const isWanted = () => !stop.signal.aborted && fetch.isNeeded()
    const once = async () => {
      if (!isWanted()) return
      const value = await fetch.load()
      await nextTurn()
      if (isWanted()) fetch.done(value)
    }
    for (let failures = 0; isWanted(); failures++) {
      try {
        await limit(fetch.tenant, once)
        break
      } catch (error) {
        if (!isWanted()) break
        const { message } = error as Error
        if (failures === 0) log.warn({ what: fetch.what, err: error }, 'fetch failed; retrying')
        failing.set(fetch, `${fetch.what}: ${message}`)
        await delay(retryMs(failures + 1, times), undefined, { signal: stop.signal }).catch(() => undefined)
      }
    }
    failing.delete(fetch)
  }

  return {
    add: fetch => {
      const fetching = run(fetch)
      running.add(fetching)
      void fetching.then(() => running.delete(fetching))
    },
    failing: () => [...failing.values()],
    close: async () => {
      stop.abort()
      await Promise.all(running)
    },
  }
}

/** What `load` answers, or `otherwise` where the API server says that there is no such object. */
export async function unlessAbsent<T>(load: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await load
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return otherwise
    throw error
  }
}
