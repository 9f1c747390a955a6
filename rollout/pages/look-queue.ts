// Who is looked at next: never too many at once, at most so many a second, those that are hinted at first, and those
// that failed the last time never with all the room.
import type { Clock } from '../../kubernetes/clock.ts'
import { tokenBucket } from '../../kubernetes/token-bucket.ts'

export type LookQueue<T> = {
  /** Looks as soon as there is room; `hinted` before all that is not. */
  add(item: T, hinted: boolean): void
  /** Looks no more; a look that is under way goes on. */
  drop(item: T): void
  /** Begins no more looks; resolves when none is under way. */
  close(): Promise<void>
}

export type LookQueueOptions<T> = {
  /** Looks at a time. */
  readonly atOnce: number
  /** Looks that may begin a second; a fifth of that at once. */
  readonly perSecond: number
  readonly clock: Clock
  /** Whether its last look failed, so that the next one probably will. */
  readonly hasFailed: (item: T) => boolean
  /** Never rejects. */
  readonly look: (item: T) => Promise<void>
}

export function createLookQueue<T>({ atOnce, perSecond, clock, hasFailed, look }: LookQueueOptions<T>): LookQueue<T> {
  const running = new Set<Promise<void>>()
  const queues = { hinted: new Set<T>(), ready: new Set<T>(), failed: new Set<T>() }
  const bucket = tokenBucket({ perSecond, burst: Math.max(1, perSecond / 5), now: clock.now })
  let cancelPump: (() => void) | undefined
  let failedRunning = 0
  let closed = false

  function pump(): void {
    cancelPump?.()
    cancelPump = undefined
    while (!closed && running.size < atOnce) {
      // A look that fails takes until the timeout.
      const hasRoomForFailed = failedRunning < Math.ceil(atOnce / 2)
      const open = [queues.hinted, queues.ready, ...(hasRoomForFailed ? [queues.failed] : [])]
      const queue = open.find(({ size }) => size > 0)
      const [item] = queue ?? []
      if (!queue || item === undefined) return
      if (!bucket.take()) {
        cancelPump = clock.after(bucket.waitMs(), pump)
        return
      }
      queue.delete(item)
      start(item)
    }
  }

  function start(item: T): void {
    const counts = hasFailed(item) ? 1 : 0
    failedRunning += counts
    const run = look(item).finally(() => {
      running.delete(run)
      failedRunning -= counts
      pump()
    })
    running.add(run)
  }

  return {
    add(item, hinted) {
      const queue = hasFailed(item) ? queues.failed : hinted ? queues.hinted : queues.ready
      if (queue === queues.hinted) queues.ready.delete(item)
      if (!queues.hinted.has(item)) queue.add(item)
      pump()
    },
    drop(item) {
      for (const queue of Object.values(queues)) queue.delete(item)
    },
    async close() {
      closed = true
      cancelPump?.()
      await Promise.allSettled(running)
    },
  }
}
