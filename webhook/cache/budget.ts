// How much of what strangers write the webhook keeps: for one namespace, and in all. Who is beyond it keeps nothing; the
// others do not suffer.

export type BudgetLimits = {
  /** Bytes, of one share. */
  readonly share: number
  /** Bytes, of all shares. */
  readonly total: number
}

export type Share = {
  /** What is kept changes by so many bytes. Whoever is over by that is emptied before this returns; it may be this. */
  add(bytes: number): void
  /** Gives back all of it, and counts no more. */
  close(): void
}

export type Budget = {
  /** @param over called once, when the share has been emptied and counts no more; why is a part of a sentence */
  share(over: (why: string) => void): Share
  /** Bytes of all shares. */
  used(): number
}

const mib = 1024 * 1024

/**
 * A node's configuration is some 20 to 60 KB, so that a namespace may have some 300 nodes with files of their own, and
 * all namespaces 1,000. An installation has 384 MiB; the heap, of which this is a part, 224 (NODE_OPTIONS).
 */
export const cacheLimits: BudgetLimits = { share: 16 * mib, total: 64 * mib }

/**
 * Where a share grows beyond its limit, it is over. Where all together do, the largest is: a tenant with little is never
 * pushed out by one with much.
 */
export function createBudget({ share: most, total }: BudgetLimits): Budget {
  const shares = new Set<{ bytes: number; readonly over: (why: string) => void }>()
  let used = 0
  return {
    share: over => {
      const share = { bytes: 0, over }
      shares.add(share)
      const close = (closed: typeof share) => {
        if (shares.delete(closed)) used -= closed.bytes
      }
      return {
        add: bytes => {
          if (!shares.has(share)) return
          share.bytes += bytes
          used += bytes
          if (share.bytes > most) {
            close(share)
            share.over(`there are more than ${inMib(most)} of them`)
          }
          while (used > total) {
            const largest = [...shares].reduce((found, other) => (other.bytes > found.bytes ? other : found))
            close(largest)
            largest.over(`those of all namespaces are more than ${inMib(total)}, and these the most of it`)
          }
        },
        close: () => close(share),
      }
    },
    used: () => used,
  }
}

function inMib(bytes: number): string {
  return `${bytes / mib} MiB`
}
