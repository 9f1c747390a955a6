// How much of what tenants write is kept in memory: of each namespace, and in all. One tenant's ConfigMaps must not end
// the webhook or the controller for the whole cluster. Pure but for what it remembers.

export type TenantBudget = {
  /**
   * A namespace keeps so many bytes now. Whoever has too many, or the most while all have too many together, is told to
   * keep none: it may be another than this one.
   */
  keeps(namespace: string, bytes: number): void
  /** The namespace keeps nothing more. */
  forget(namespace: string): void
}

export type TenantBudgetOptions = {
  readonly bytesEach: number
  readonly bytesInAll: number
  /** The namespace has to forget what it keeps. */
  readonly exceeded: (namespace: string) => void
}

export function createTenantBudget({ bytesEach, bytesInAll, exceeded }: TenantBudgetOptions): TenantBudget {
  const kept = new Map<string, number>()
  let sum = 0

  function forget(namespace: string): void {
    sum -= kept.get(namespace) ?? 0
    kept.delete(namespace)
  }

  function largest(): string | undefined {
    let found: string | undefined
    for (const [namespace, bytes] of kept) if (found === undefined || bytes > (kept.get(found) ?? 0)) found = namespace
    return found
  }

  function refuse(namespace: string): void {
    forget(namespace)
    exceeded(namespace)
  }

  return {
    keeps: (namespace, bytes) => {
      forget(namespace)
      if (bytes > bytesEach) return exceeded(namespace)
      kept.set(namespace, bytes)
      sum += bytes
      while (sum > bytesInAll) {
        const most = largest()
        if (most === undefined) return
        refuse(most)
      }
    },
    forget,
  }
}
