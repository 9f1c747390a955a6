// Who is looked at next: never too many at once, at most so many a second, those that are hinted at first, and those
// that failed or were slow the last time never with all the room. Tenants take turns, and who has little of the room
// goes first: pods answer as late as whoever runs them likes.
import type { Clock } from '../../kubernetes/clock.ts'
import { createFairQueue } from '../../kubernetes/fair-queue.ts'
import { createTally } from '../../kubernetes/tally.ts'
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
  readonly tenantOf: (item: T) => string
  /** Whether its last look failed or was slow, so that the next one probably will be. Asked again before it is. */
  readonly isSlow: (item: T) => boolean
  /** Never rejects. */
  readonly look: (item: T) => Promise<void>
}

/** Of the looks at a time: with less of them a tenant goes before those that have more. */
const shareOfTenant = 1 / 4
/**
 * Of the looks at a time, and of those that are slow: as much as a tenant may have. Pods that have just come are not
 * known to be slow, and would have all of the room for as long as a look may take.
 */
const mostOfTenant = 1 / 2
/** How many may be of pods that were slow: the others always find room. */
const shareOfSlow = 1 / 2

export function createLookQueue<T>({
  atOnce,
  perSecond,
  clock,
  tenantOf,
  isSlow,
  look,
}: LookQueueOptions<T>): LookQueue<T> {
  const running = new Set<Promise<void>>()
  const queues = {
    hinted: createFairQueue(tenantOf),
    ready: createFairQueue(tenantOf),
    slow: createFairQueue(tenantOf),
  }
  const bucket = tokenBucket({ perSecond, burst: Math.max(1, perSecond / 5), now: clock.now })
  const runningOf = createTally()
  const slowOf = createTally()
  let cancelPump: (() => void) | undefined
  let slowRunning = 0
  let closed = false

  // A look that fails takes until the timeout.
  const slowAtOnce = Math.ceil(atOnce * shareOfSlow)
  const hasLittle = (tenant: string) => runningOf.count(tenant) < Math.ceil(atOnce * shareOfTenant)
  const hasRoom = (tenant: string) => runningOf.count(tenant) < Math.ceil(atOnce * mostOfTenant)
  const hasRoomForSlow = (tenant: string) =>
    slowRunning < slowAtOnce && slowOf.count(tenant) < Math.ceil(slowAtOnce * mostOfTenant)

  /** Where the next is taken from: of a tenant that has less than its share, where there is one. */
  function choose(): (() => T | undefined) | undefined {
    for (const isOpen of [hasLittle, hasRoom]) {
      const isOpenForSlow = (tenant: string) => isOpen(tenant) && hasRoomForSlow(tenant)
      for (const { hasNext, take } of [queues.hinted, queues.ready]) if (hasNext(isOpen)) return () => take(isOpen)
      if (queues.slow.hasNext(isOpenForSlow)) return () => queues.slow.take(isOpenForSlow)
    }
    return undefined
  }

  function pump(): void {
    cancelPump?.()
    cancelPump = undefined
    while (!closed && running.size < atOnce) {
      const take = choose()
      if (!take) return
      const waitMs = bucket.waitMs()
      if (waitMs > 0) {
        cancelPump = clock.after(waitMs, pump)
        return
      }
      const item = take() as T
      // It may have become slow since it was put in.
      if (isSlow(item) && !hasRoomForSlow(tenantOf(item))) queues.slow.add(item)
      else if (bucket.take()) start(item)
    }
  }

  function start(item: T): void {
    const tenant = tenantOf(item)
    const counts = isSlow(item) ? 1 : 0
    const count = (change: 1 | -1) => {
      slowRunning += change * counts
      slowOf.add(tenant, change * counts)
      runningOf.add(tenant, change)
    }
    count(1)
    const run = look(item).finally(() => {
      running.delete(run)
      count(-1)
      pump()
    })
    running.add(run)
  }

  return {
    add(item, hinted) {
      if (!queues.hinted.has(item)) {
        const queue = isSlow(item) ? queues.slow : hinted ? queues.hinted : queues.ready
        // It is in one of them at most: whether it is slow may have changed.
        for (const other of Object.values(queues)) if (other !== queue) other.delete(item)
        queue.add(item)
      }
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
