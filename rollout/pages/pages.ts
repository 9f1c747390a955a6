// Reads the status pages of injected pods: those of pods that are busy every second, the others now and then, and never
// too many at once.
import { isIPv6 } from 'node:net'
import { type Clock, wallClock } from '../../kubernetes/clock.ts'
import { tokenBucket } from '../../kubernetes/token-bucket.ts'
import type { Page } from '../../peers/page.ts'
import { parsePage } from '../../peers/page-check.ts'
import { statusPort } from '../../peers/pod.ts'
import { type FetchPage, fetchPage } from './fetch-page.ts'
import { lasting } from './page-events.ts'

/** What is kept of a page: the list of peers is long, and the controller has no use for it. */
export type SeenPage = Omit<Page, 'peers' | 'lookups'>

/** What was last seen of a pod's page; `at` and `since` in milliseconds since the epoch. */
export type Seen =
  | { readonly page: SeenPage; readonly at: number }
  | {
      /** Why, as a sentence. */
      readonly unreachable: string
      /** When the first of the looks in a row that failed was taken. */
      readonly since: number
      readonly at: number
      /** The last page of this pod that could be read. */
      readonly last?: { readonly page: SeenPage; readonly at: number }
    }

/**
 * With another `ip` or `uid` it is another pod, of which nothing has been seen. Without an `ip` it is not looked at.
 * `ready`: whether the pod is; a page that could not be read before it was for the first time says nothing, since the
 * sidecar may not have been started.
 */
export type PagePod = {
  readonly key: string
  readonly ip: string | undefined
  readonly uid?: string
  readonly ready?: boolean
}

export type Pages = {
  /**
   * Follows these pods and no others from now on; new ones are looked at as soon as there is room. `busy` is asked here
   * and after each look.
   */
  follow(pods: Iterable<PagePod>, busy: (key: string) => boolean): void
  /** Undefined before the first look. */
  of(key: string): Seen | undefined
  /** Looks at this pod at once, also where a look is under way. */
  hint(key: string): void
  /**
   * Calls `act` when a page says something else than before, when it cannot be read any more, and when it can again.
   */
  onChange(act: (key: string) => void): void
  /** Ends all looks. */
  close(): Promise<void>
}

export type PagesOptions = {
  readonly fetch?: FetchPage
  /** 32. */
  readonly atOnce?: number
  /**
   * How many looks may begin a second, over all pods: 200. Where more pods are busy than that is enough for, each is
   * looked at less often.
   */
  readonly perSecond?: number
  /** 2 s. */
  readonly timeoutMs?: number
  /** 1 s. */
  readonly busyMs?: number
  /** 30 s; shortened or lengthened by a random part of up to a quarter. */
  readonly idleMs?: number
  readonly port?: number
  /** Its `now` is shown in what is seen: milliseconds since the epoch. */
  readonly clock?: Clock
  readonly random?: () => number
}

/** A page of a node with 1,000 peers has 300 KB. */
const maxBytes = 1024 * 1024
/** Between the starts of two looks at one pod, however often it is hinted at. */
const minMs = 100
/** A busy pod whose page cannot be read is looked at every second this many times, then less and less often. */
const quickTries = 5
/**
 * A page counts as unreachable when looks have failed over this long: a sidecar that starts again is back within
 * seconds.
 */
export const unreachableMs = 30_000
/** Until then, the longest wait for the next look: a page that is not known holds up its group. */
const longestTryMs = 2_000

type Entry = {
  readonly pod: PagePod
  /** Has been so since it was first followed. */
  ready: boolean
  seen: Seen | undefined
  /** What the last page said. */
  said: string | undefined
  failures: number
  startedAt: number
  nextAt: number
  cancel: (() => void) | undefined
  looking: AbortController | undefined
  again: boolean
}

export function createPages(options: PagesOptions = {}): Pages {
  const {
    fetch = fetchPage,
    atOnce = 32,
    perSecond = 200,
    timeoutMs = 2_000,
    busyMs = 1_000,
    idleMs = 30_000,
  } = options
  const { port = statusPort.number, clock = wallClock, random = Math.random } = options
  const entries = new Map<string, Entry>()
  const listeners: ((key: string) => void)[] = []
  const running = new Set<Promise<void>>()
  /** Waiting for room: hinted at, all others, and those that could not be read the last time. */
  const queues = { hinted: new Set<Entry>(), ready: new Set<Entry>(), failed: new Set<Entry>() }
  const bucket = tokenBucket({ perSecond, burst: Math.max(1, perSecond / 5), now: clock.now })
  let cancelPump: (() => void) | undefined
  let failedRunning = 0
  let isBusy: (key: string) => boolean = () => false
  let closed = false

  function enqueue(entry: Entry, hinted = false): void {
    entry.cancel?.()
    entry.cancel = undefined
    const queue = entry.failures > 0 ? queues.failed : hinted ? queues.hinted : queues.ready
    if (queue === queues.hinted) queues.ready.delete(entry)
    if (!queues.hinted.has(entry)) queue.add(entry)
    pump()
  }

  function pump(): void {
    cancelPump?.()
    cancelPump = undefined
    while (!closed && running.size < atOnce) {
      // A look that fails takes until the timeout. Those that would probably fail never take all the room.
      const queue = [
        queues.hinted,
        queues.ready,
        ...(failedRunning < Math.ceil(atOnce / 2) ? [queues.failed] : []),
      ].find(one => one.size > 0)
      const [entry] = queue ?? []
      if (!queue || !entry) return
      if (!bucket.take()) {
        cancelPump = clock.after(bucket.waitMs(), pump)
        return
      }
      queue.delete(entry)
      const counts = entry.failures > 0 ? 1 : 0
      failedRunning += counts
      const run = look(entry).finally(() => {
        running.delete(run)
        failedRunning -= counts
        pump()
      })
      running.add(run)
    }
  }

  async function look(entry: Entry): Promise<void> {
    const { key, ip = '' } = entry.pod
    const stop = new AbortController()
    entry.looking = stop
    entry.startedAt = clock.now()
    const url = `http://${isIPv6(ip) ? `[${ip}]` : ip}:${port}/status`
    const result = await fetch(url, { timeoutMs, maxBytes, signal: stop.signal })
      .then(parsePage)
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    entry.looking = undefined
    if (stop.signal.aborted) return
    const changed = result instanceof Error ? failed(entry, result.message) : read(entry, result)
    if (changed) for (const act of listeners) act(key)
    if (entries.get(key) !== entry || closed) return
    const again = entry.again
    entry.again = false
    if (again) schedule(entry, entry.startedAt + minMs, true)
    else schedule(entry, entry.startedAt + intervalMs(entry))
  }

  function read(entry: Entry, { peers: _, lookups: __, ...page }: Page): boolean {
    const said = saidBy(page)
    const changed = said !== entry.said || entry.failures > 0
    entry.seen = { page, at: clock.now() }
    entry.said = said
    entry.failures = 0
    return changed
  }

  function failed(entry: Entry, unreachable: string): boolean {
    const { seen } = entry
    const at = clock.now()
    const last = seen === undefined ? undefined : 'page' in seen ? seen : seen.last
    const since = seen !== undefined && 'since' in seen ? seen.since : at
    entry.seen = { unreachable, since, at, ...(last ? { last } : {}) }
    entry.failures += 1
    return entry.failures === 1
  }

  function intervalMs({ pod, failures, seen }: Entry): number {
    if (!isBusy(pod.key)) return idleMs * (0.75 + random() / 2)
    const isYoung = seen !== undefined && 'since' in seen && seen.at - seen.since < unreachableMs
    const longest = Math.max(isYoung ? Math.min(idleMs, longestTryMs) : idleMs, busyMs)
    return Math.min(busyMs * 2 ** Math.min(Math.max(0, failures - quickTries), 10), longest)
  }

  /**
   * Init containers can take minutes, in which the page could not be read: now it can, and how long that took means
   * nothing.
   */
  function becameReady(entry: Entry): void {
    entry.ready = true
    if (entry.failures === 0) return
    const { seen } = entry
    entry.failures = 0
    entry.seen = seen && 'since' in seen ? seen.last : seen
    if (entry.looking) entry.again = true
    else if (entry.cancel) enqueue(entry)
  }

  function schedule(entry: Entry, at: number, hinted = false): void {
    entry.cancel?.()
    entry.nextAt = at
    entry.cancel = clock.after(Math.max(0, at - clock.now()), () => enqueue(entry, hinted))
  }

  function drop(entry: Entry): void {
    entry.cancel?.()
    entry.looking?.abort()
    for (const queue of Object.values(queues)) queue.delete(entry)
    entries.delete(entry.pod.key)
  }

  return {
    follow(pods, busy) {
      if (closed) return
      isBusy = busy
      const followed = new Set<string>()
      for (const pod of pods) {
        followed.add(pod.key)
        const present = entries.get(pod.key)
        if (present && present.pod.ip === pod.ip && present.pod.uid === pod.uid) {
          if (pod.ready && !present.ready) becameReady(present)
          // Only one that waits for its time has a timer.
          const soon = present.startedAt + busyMs
          if (present.cancel && present.failures === 0 && present.nextAt > soon && busy(pod.key))
            schedule(present, soon)
          continue
        }
        if (present) drop(present)
        const blank = { seen: undefined, said: undefined, cancel: undefined, looking: undefined }
        const entry: Entry = {
          pod,
          ready: pod.ready === true,
          ...blank,
          failures: 0,
          startedAt: 0,
          nextAt: 0,
          again: false,
        }
        entries.set(pod.key, entry)
        if (pod.ip) enqueue(entry)
      }
      for (const [key, entry] of entries) if (!followed.has(key)) drop(entry)
    },
    of: key => entries.get(key)?.seen,
    hint(key) {
      const entry = entries.get(key)
      if (!entry?.pod.ip || closed) return
      if (entry.looking) entry.again = true
      else if (entry.cancel) schedule(entry, entry.startedAt + minMs, true)
      else enqueue(entry, true)
    },
    onChange: act => listeners.push(act),
    async close() {
      closed = true
      cancelPump?.()
      for (const entry of [...entries.values()]) drop(entry)
      await Promise.allSettled(running)
    },
  }
}

/** What a page says, without what changes at each look: heights, counts and the time. */
function saidBy(page: SeenPage): string {
  const { phase, reason, since, applied, wanted, list, turn, restarts, told, node } = page
  const { id, startedAt, catchingUp, listening, votingPower, totalPower, noStatusApi } = node
  const said = [phase, reason, since, applied, wanted, list, turn, lasting(page)]
  const facts = [...said, id, startedAt, catchingUp, listening, votingPower, totalPower, noStatusApi]
  return JSON.stringify([...facts, restarts, told])
}
