// Writes annotations of pods: one write a pod at a time, what comes meanwhile put together, at most so many a second,
// turns first but for a fifth of the writes, and namespaces by turns. What fails is tried again for as long as the pod
// exists.
import type { Logger } from 'pino'
import { type Clock, steadyClock } from '../kubernetes/clock.ts'
import { createFairQueue } from '../kubernetes/fair-queue.ts'
import { tokenBucket } from '../kubernetes/token-bucket.ts'
import { backoffMs } from '../peers/backoff.ts'
import type { PatchPod } from './patch-pod.ts'
import type { Annotations, PodRef } from './pod.ts'

export const writeOutcomes = ['written', 'gone', 'failed'] as const
/** `gone`: no pod of that name and UID exists any more. `failed`: it is tried again. */
export type WriteOutcome = (typeof writeOutcomes)[number]

export type Writer = {
  /**
   * Writes as soon as the rate allows; an annotation's later value replaces an earlier one that has not been sent. What
   * is being written at the moment is not written again. `urgent` goes before all that is not, four times in a row.
   */
  write(pod: PodRef, annotations: Annotations, urgent?: boolean): void
  /** Pods with a write that is not done. */
  pending(): number
  /** Resolves once nothing is pending, or the writer is closed. */
  idle(): Promise<void>
  /** Drops what is pending and ends what is under way; whether that was still written is not known. */
  close(): Promise<void>
}

export type WriterOptions = {
  readonly patch: PatchPod
  /** 50; fractions too. */
  readonly perSecond?: number
  /** How many may go at once after a quiet time; a fifth of a second's, at least 1. */
  readonly burst?: number
  /** How many requests at a time: 16. */
  readonly inFlight?: number
  /** Asked right before each write; where it says no, nothing more is sent. */
  readonly allowed?: () => boolean
  /** Of intervals. */
  readonly clock?: Clock
  readonly random?: () => number
  readonly log: Pick<Logger, 'warn'>
  /** What became of each try. */
  readonly done?: (pod: PodRef, annotations: Annotations, outcome: WriteOutcome) => void
}

/** Of a pod's tries: doubled after each failure, and each shortened by a random part of up to a half. */
const minRetryMs = 500
const maxRetryMs = 30_000
/**
 * Then one that is not urgent goes, if there is any: pods whose pages ask for another turn each second would have all
 * writes to themselves, and no other pod would learn of its list.
 */
const mostUrgentInARow = 4
/** Between two lines of the log about failures. */
const warnEveryMs = 60_000

type Entry = {
  readonly pod: PodRef
  /** Not sent yet. */
  waiting: Map<string, string | null>
  urgent: boolean
  sending: Map<string, string | null> | undefined
  failures: number
  /** Set while the pod waits for its next try. */
  cancelRetry: (() => void) | undefined
}

export function createWriter(options: WriterOptions): Writer {
  const {
    patch,
    perSecond = 50,
    inFlight = 16,
    allowed = () => true,
    clock = steadyClock,
    random = Math.random,
    log,
    done,
  } = options
  const bucket = tokenBucket({ perSecond, burst: options.burst ?? Math.max(1, perSecond / 5), now: clock.now })
  const stop = new AbortController()
  const entries = new Map<string, Entry>()
  /** Those that could be sent now. */
  const urgent = createFairQueue<Entry>(({ pod }) => pod.namespace)
  const ordinary = createFairQueue<Entry>(({ pod }) => pod.namespace)
  const running = new Set<Promise<void>>()
  let urgentInARow = 0
  let waiters: (() => void)[] = []
  let cancelTimer: (() => void) | undefined
  let warnedAt = Number.NEGATIVE_INFINITY

  function enqueue(entry: Entry): void {
    if (entry.sending || entry.cancelRetry || entry.waiting.size === 0) return
    if (entry.urgent) ordinary.delete(entry)
    ;(entry.urgent ? urgent : ordinary).add(entry)
  }

  function pump(): void {
    cancelTimer?.()
    cancelTimer = undefined
    while (!stop.signal.aborted && running.size < inFlight) {
      const isUrgentNext = urgent.hasNext() && (urgentInARow < mostUrgentInARow || !ordinary.hasNext())
      const queue = isUrgentNext ? urgent : ordinary
      if (!queue.hasNext() || !allowed()) return
      if (!bucket.take()) {
        cancelTimer = clock.after(bucket.waitMs(), pump)
        return
      }
      urgentInARow = isUrgentNext ? urgentInARow + 1 : 0
      start(queue.take() as Entry)
    }
  }

  function start(entry: Entry): void {
    const run = send(entry).finally(() => {
      running.delete(run)
      pump()
    })
    running.add(run)
  }

  async function send(entry: Entry): Promise<void> {
    const { pod, waiting: sent, urgent: wasUrgent } = entry
    const annotations = Object.fromEntries(sent)
    entry.sending = sent
    entry.waiting = new Map()
    entry.urgent = false
    const outcome = await patch(pod, annotations, stop.signal).then(
      (there): WriteOutcome => (there ? 'written' : 'gone'),
      (error: unknown): WriteOutcome => {
        // Not for each pod and try.
        if (clock.now() - warnedAt >= warnEveryMs && !stop.signal.aborted) {
          warnedAt = clock.now()
          log.warn({ namespace: pod.namespace, pod: pod.name, err: error }, 'annotations cannot be written; retrying')
        }
        return 'failed'
      },
    )
    if (stop.signal.aborted) return
    entry.sending = undefined
    if (outcome === 'failed') {
      entry.waiting = new Map([...sent, ...entry.waiting])
      entry.urgent ||= wasUrgent
      retryLater(entry)
    } else {
      entry.failures = 0
      // A pod that is gone needs none of what came meanwhile either.
      if (outcome === 'gone' || entry.waiting.size === 0) forget(entry)
      else enqueue(entry)
    }
    done?.(pod, annotations, outcome)
  }

  function retryLater(entry: Entry): void {
    entry.failures += 1
    const delayMs = backoffMs(entry.failures, { minMs: minRetryMs, maxMs: maxRetryMs, random })
    entry.cancelRetry = clock.after(delayMs, () => {
      entry.cancelRetry = undefined
      enqueue(entry)
      pump()
    })
  }

  function forget(entry: Entry): void {
    entries.delete(entry.pod.uid)
    if (entries.size > 0) return
    for (const resolve of waiters) resolve()
    waiters = []
  }

  return {
    write(pod, annotations, isUrgent = false) {
      if (stop.signal.aborted) return
      const entry: Entry = entries.get(pod.uid) ?? {
        pod,
        waiting: new Map(),
        urgent: false,
        sending: undefined,
        failures: 0,
        cancelRetry: undefined,
      }
      for (const [name, value] of Object.entries(annotations)) {
        if (entry.sending?.get(name) === value) entry.waiting.delete(name)
        else entry.waiting.set(name, value)
      }
      if (entry.waiting.size === 0) return
      entries.set(pod.uid, entry)
      entry.urgent ||= isUrgent
      enqueue(entry)
      pump()
    },
    pending: () => entries.size,
    idle: () => (entries.size === 0 ? Promise.resolve() : new Promise(resolve => waiters.push(resolve))),
    async close() {
      stop.abort()
      cancelTimer?.()
      for (const entry of entries.values()) entry.cancelRetry?.()
      entries.clear()
      urgent.clear()
      ordinary.clear()
      for (const resolve of waiters) resolve()
      waiters = []
      await Promise.allSettled(running)
    },
  }
}
