// The PeerSets that deliver, as the webhook's cache knows them: those of each opted-in namespace, and of all of them
// those whose list may be for pods of another namespace. A cluster without the custom resource has none, and that is no
// fault.
import type { ApiReader } from '../kubernetes/api-client.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { DeliveringSet } from '../peers/peer-set/delivering.ts'
import { valuesIn } from '../peers/peer-set/output.ts'

export type DeliveringSets = {
  replace(namespace: string, items: ReadonlyMap<string, DeliveringSet>): void
  set(namespace: string, name: string, item: DeliveringSet): void
  remove(namespace: string, name: string): void
  /** All of a namespace that is followed no longer. */
  drop(namespace: string): void
  /** Those whose list may be for pods of this namespace; whether it consents is decided elsewhere. */
  reaching(namespace: string): readonly DeliveringSet[]
}

export function createDeliveringSets(): DeliveringSets {
  const own = new Map<string, Map<string, DeliveringSet>>()
  const abroad = new Map<string, DeliveringSet>()

  function remove(namespace: string, name: string): void {
    own.get(namespace)?.delete(name)
    abroad.delete(`${namespace}/${name}`)
  }

  function set(namespace: string, name: string, item: DeliveringSet): void {
    remove(namespace, name)
    if (item.output.namespace !== namespace) return void abroad.set(`${namespace}/${name}`, item)
    const sets = own.get(namespace) ?? new Map<string, DeliveringSet>()
    own.set(namespace, sets)
    sets.set(name, item)
  }

  function drop(namespace: string): void {
    own.delete(namespace)
    for (const [key, item] of abroad) if (item.namespace === namespace) abroad.delete(key)
  }

  return {
    replace: (namespace, items) => {
      drop(namespace)
      for (const [name, item] of items) set(namespace, name, item)
    },
    set,
    remove,
    drop,
    reaching: namespace => [
      ...(own.get(namespace)?.values() ?? []),
      ...[...abroad.values()].filter(({ output }) => valuesIn(output.namespace, namespace) !== undefined),
    ],
  }
}

/** Whether a collection does not exist at all: the API server knows no such resource. */
export function isNoSuchResource(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** Seconds until somebody asks again for a custom resource that was not there. */
const absenceSeconds = 30

/**
 * Readers of one resource that may not exist: what one is told counts for all for a while, so that many namespaces do
 * not ask each.
 */
export function createAbsence(now: () => number): (reader: ApiReader) => ApiReader {
  let absent: { readonly error: unknown; readonly until: number } | undefined
  async function unlessAbsent<T>(ask: () => Promise<T>): Promise<T> {
    if (absent && now() < absent.until) throw absent.error
    try {
      return await ask()
    } catch (error) {
      if (isNoSuchResource(error)) absent = { error, until: now() + absenceSeconds * 1000 }
      throw error
    }
  }
  return reader => ({
    get: (...call) => unlessAbsent(() => reader.get(...call)),
    stream: (...call) => unlessAbsent(() => reader.stream(...call)),
  })
}
