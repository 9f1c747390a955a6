// Does only so many things at a time, and lets tenants take turns: however much one of them has to be read, another's
// next waits for no more than one of the things under way.
import { createFairQueue } from './fair-queue.ts'
import { createTally } from './tally.ts'

/** Runs it once it is its turn; settles as it does. */
export type FairLimit = <T>(tenant: string, run: () => Promise<T>) => Promise<T>

type Waiting = { readonly tenant: string; readonly start: () => void }

/**
 * @param atOnce how many things are under way at a time
 * @param share the part of them that a tenant may have, also while nobody else wants any; at least one
 */
export function createFairLimit(atOnce: number, share = 0.5): FairLimit {
  const most = Math.max(1, Math.floor(atOnce * share))
  const waiting = createFairQueue<Waiting>(({ tenant }) => tenant)
  const runningOf = createTally()
  let running = 0

  const hasRoom = (tenant: string) => runningOf.count(tenant) < most

  function pump(): void {
    while (running < atOnce) {
      const next = waiting.take(hasRoom)
      if (!next) return
      next.start()
    }
  }

  async function holding<T>(tenant: string, run: () => Promise<T>): Promise<T> {
    running++
    runningOf.add(tenant, 1)
    try {
      return await run()
    } finally {
      running--
      runningOf.add(tenant, -1)
      pump()
    }
  }

  return (tenant, run) =>
    new Promise((resolve, reject) => {
      waiting.add({ tenant, start: () => void holding(tenant, run).then(resolve, reject) })
      pump()
    })
}
