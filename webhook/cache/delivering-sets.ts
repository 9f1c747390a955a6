// The PeerSets that deliver, as the webhook's cache knows them: those of each opted-in namespace, and of all of them
// those whose list may be for pods of another namespace.
import type { DeliveringSet } from '../../peers/peer-set/delivering.ts'
import { valuesIn } from '../../peers/peer-set/output.ts'

export type DeliveringSets = {
  /** All of a namespace, by name; what was known of it before is forgotten. */
  replace(namespace: string, items: ReadonlyMap<string, DeliveringSet>): void
  set(namespace: string, name: string, item: DeliveringSet): void
  remove(namespace: string, name: string): void
  /** All of a namespace that is followed no longer. */
  drop(namespace: string): void
  /** Those whose list may be for pods of this namespace; whether it consents is decided elsewhere. */
  reaching(namespace: string): readonly DeliveringSet[]
}

/** Each pod of the cluster is asked about all sets whose list may be for it: a namespace has so many, and no more. */
const mostEach = 100

/**
 * Empty at first; nothing here fails or waits.
 *
 * @param tooMany told once of each namespace that has more sets than are kept
 */
export function createDeliveringSets(tooMany: (namespace: string, most: number) => void = () => {}): DeliveringSets {
  const own = new Map<string, Map<string, DeliveringSet>>()
  const abroad = new Map<string, DeliveringSet>()
  const names = new Map<string, Set<string>>()
  const told = new Set<string>()

  function remove(namespace: string, name: string): void {
    names.get(namespace)?.delete(name)
    own.get(namespace)?.delete(name)
    abroad.delete(`${namespace}/${name}`)
  }

  function hasRoom(namespace: string, name: string): boolean {
    const kept = names.get(namespace) ?? new Set<string>()
    names.set(namespace, kept)
    if (kept.size < mostEach) {
      kept.add(name)
      return true
    }
    if (!told.has(namespace)) tooMany(namespace, mostEach)
    told.add(namespace)
    return false
  }

  function set(namespace: string, name: string, item: DeliveringSet): void {
    remove(namespace, name)
    if (!hasRoom(namespace, name)) return
    if (item.output.namespace !== namespace) return void abroad.set(`${namespace}/${name}`, item)
    const sets = own.get(namespace) ?? new Map<string, DeliveringSet>()
    own.set(namespace, sets)
    sets.set(name, item)
  }

  function clear(namespace: string): void {
    names.delete(namespace)
    own.delete(namespace)
    for (const [key, item] of abroad) if (item.namespace === namespace) abroad.delete(key)
  }

  return {
    replace: (namespace, items) => {
      clear(namespace)
      for (const [name, item] of items) set(namespace, name, item)
    },
    set,
    remove,
    drop: namespace => {
      clear(namespace)
      told.delete(namespace)
    },
    reaching: namespace => [
      ...(own.get(namespace)?.values() ?? []),
      ...[...abroad.values()].filter(({ output }) => valuesIn(output.namespace, namespace) !== undefined),
    ],
  }
}
