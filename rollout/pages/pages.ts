// Reads the status pages of injected pods: those of pods that are busy every second, the others now and then, and never
// too many at once.
import { isIPv6 } from 'node:net'
import { type Clock, evenClock } from '../../kubernetes/clock.ts'
import { createTally } from '../../kubernetes/tally.ts'
import { parsePage } from '../../peers/page-check.ts'
import { statusPort } from '../../peers/pod.ts'
import { namespaceIn } from '../pod.ts'
import { type FetchPage, fetchPage } from './fetch-page.ts'
import { createLookQueue } from './look-queue.ts'
import { lookIntervalMs, minMs } from './look-times.ts'
import { newsOf } from './page-news.ts'
import { afterFailure, afterRead, lastRead, type ReadPage, type Seen } from './seen-page.ts'

/**
 * With another `ip` or `uid` it is another pod, of which nothing has been seen. Without an `ip` it is not looked at.
 * `ready`: whether the pod is; a page that could not be read before it was for the first time says nothing, since the
 * sidecar may not have been started.
 */
export type PagePod = {
  /** NAMESPACE/NAME, see podKey: namespaces take turns. */
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
  /** Whether what is shown of peers is kept of each page. Default: true. */
  readonly links?: boolean
  readonly port?: number
  /** Its `now` is shown in what is seen: milliseconds since the epoch. */
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * A look that takes as long counts as one that failed: for the room that it may have, and for when the next one is, in
 * ms. Pages come within 5 ms, of a machine that is busy within 100 (seen).
 */
const slowMs = 500
/** A page of a node with 1,000 peers has 300 KB. */
const maxBytes = 1024 * 1024
type Entry = {
  readonly pod: PagePod
  /** Has been so since it was first followed. */
  ready: boolean
  seen: Seen | undefined
  /** What the last page said. */
  news: string | undefined
  /** Looks in a row that failed. */
  failures: number
  /** Looks in a row that were slow, whether they failed or not. */
  slow: number
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
  const { links = true, port = statusPort.number, clock = evenClock, random = Math.random } = options
  const entries = new Map<string, Entry>()
  const listeners: ((key: string) => void)[] = []
  const queue = createLookQueue<Entry>({
    atOnce,
    perSecond,
    clock,
    tenantOf: ({ pod }) => namespaceIn(pod.key),
    isSlow: entry => (entry.startedAt === 0 ? hasSlow(entry) : entry.failures > 0 || entry.slow > 0),
    look,
  })
  /** Pods whose last look was slow, by namespace. */
  const slowOnes = createTally()
  let isBusy: (key: string) => boolean = () => false
  let closed = false

  /** Of one that was never looked at: others of its namespace are slow, so that it probably is, too. */
  function hasSlow({ pod }: Entry): boolean {
    return slowOnes.count(namespaceIn(pod.key)) > 0
  }

  function setSlow(entry: Entry, slow: number): void {
    slowOnes.add(namespaceIn(entry.pod.key), Number(slow > 0) - Number(entry.slow > 0))
    entry.slow = slow
  }

  function enqueue(entry: Entry, hinted = false): void {
    entry.cancel?.()
    entry.cancel = undefined
    queue.add(entry, hinted)
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
    const at = clock.now()
    setSlow(entry, at - entry.startedAt >= slowMs ? entry.slow + 1 : 0)
    const changed =
      result instanceof Error ? failed(entry, result.message, at) : read(entry, afterRead(result, at, links))
    if (changed) for (const act of listeners) act(key)
    if (entries.get(key) !== entry || closed) return
    const again = entry.again
    entry.again = false
    if (again) return schedule(entry, entry.startedAt + minMs, true)
    const state = { busy: isBusy(key), failures: Math.max(entry.failures, entry.slow), seen: entry.seen }
    schedule(entry, entry.startedAt + lookIntervalMs(state, { busyMs, idleMs }, random()))
  }

  function read(entry: Entry, seen: ReadPage): boolean {
    const news = newsOf(seen.page)
    const changed = news !== entry.news || entry.failures > 0
    Object.assign(entry, { seen, news, failures: 0 })
    return changed
  }

  function failed(entry: Entry, unreachable: string, at: number): boolean {
    entry.seen = afterFailure(entry.seen, unreachable, at)
    entry.failures += 1
    return entry.failures === 1
  }

  /**
   * Init containers can take minutes, in which the page could not be read: now it can, and how long that took means
   * nothing.
   */
  function becameReady(entry: Entry): void {
    entry.ready = true
    if (entry.failures === 0) return
    entry.failures = 0
    entry.seen = lastRead(entry.seen)
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
    queue.drop(entry)
    setSlow(entry, 0)
    entries.delete(entry.pod.key)
  }

  function stay(entry: Entry, pod: PagePod): void {
    if (pod.ready && !entry.ready) becameReady(entry)
    // Only one that waits for its time has a timer.
    const soon = entry.startedAt + busyMs
    if (entry.cancel && entry.failures === 0 && entry.nextAt > soon && isBusy(pod.key)) schedule(entry, soon)
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
          stay(present, pod)
          continue
        }
        if (present) drop(present)
        const entry = newEntry(pod)
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
      for (const entry of [...entries.values()]) drop(entry)
      await queue.close()
    },
  }
}

function newEntry(pod: PagePod): Entry {
  return {
    pod,
    ready: pod.ready === true,
    seen: undefined,
    news: undefined,
    failures: 0,
    slow: 0,
    startedAt: 0,
    nextAt: 0,
    cancel: undefined,
    looking: undefined,
    again: false,
  }
}
