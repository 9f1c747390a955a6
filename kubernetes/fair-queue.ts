// A queue in which tenants take turns: however many things one of them has put in, another's next is its turn's next.

export type FairQueue<T> = {
  /** What is in it already keeps its place. */
  add(item: T): void
  delete(item: T): void
  has(item: T): boolean
  /**
   * Takes out the next: the first of the tenant that has waited for its turn for longest. Undefined where nothing is
   * left of tenants for whom `isOpen` says yes.
   */
  take(isOpen?: (tenant: string) => boolean): T | undefined
  /** Whether `take` would return something. */
  hasNext(isOpen?: (tenant: string) => boolean): boolean
  clear(): void
}

export function createFairQueue<T>(tenantOf: (item: T) => string): FairQueue<T> {
  /** In the order of their turns; none is empty. */
  const byTenant = new Map<string, Set<T>>()

  function nextTenant(isOpen: (tenant: string) => boolean): string | undefined {
    for (const tenant of byTenant.keys()) if (isOpen(tenant)) return tenant
    return undefined
  }

  function remove(item: T): void {
    const tenant = tenantOf(item)
    const items = byTenant.get(tenant)
    if (items?.delete(item) && items.size === 0) byTenant.delete(tenant)
  }

  return {
    add: item => {
      const tenant = tenantOf(item)
      const items = byTenant.get(tenant)
      if (items) items.add(item)
      else byTenant.set(tenant, new Set([item]))
    },
    delete: remove,
    has: item => byTenant.get(tenantOf(item))?.has(item) ?? false,
    take: (isOpen = () => true) => {
      const tenant = nextTenant(isOpen)
      const items = tenant === undefined ? undefined : byTenant.get(tenant)
      if (tenant === undefined || !items) return undefined
      const [item] = items
      byTenant.delete(tenant)
      items.delete(item as T)
      if (items.size > 0) byTenant.set(tenant, items)
      return item
    },
    hasNext: (isOpen = () => true) => nextTenant(isOpen) !== undefined,
    clear: () => byTenant.clear(),
  }
}
