// One kind of object in the namespaces that a source names: its own, others that share their peers with it, or (`*`)
// all that do.
import type { ApiObject } from '../kubernetes/list-watch.ts'
import type { Followed } from './collections.ts'
import type { Namespaces, Selector } from './peer-set.ts'
import type { Problem, SourceParts } from './source.ts'

export type Kind<T> = {
  /** "Pods". */
  readonly what: string
  /** /api/v1, and the plural. */
  readonly group: string
  readonly plural: string
  /** See Wanted. */
  readonly reader: string
  readonly read: (object: ApiObject) => T | undefined
}

export type Scoped<T> = { readonly namespace: string; readonly name: string; readonly value: T }

export type Scope<T> = {
  /** Resolves when all has been read, or could not be at the first try. Rejects when the signal aborts before. */
  settled(signal: AbortSignal): Promise<void>
  /**
   * What is known, sorted by namespace and name. `unknown`: what has never been read, each with its sentence, and so
   * may be missing.
   */
  look(): {
    readonly items: readonly Scoped<T>[]
    readonly problems: readonly Problem[]
    readonly unknown: readonly string[]
  }
  close(): void
}

/** Objects of a few KB each. */
const pageSize = 250

export function followScope<T>(
  parts: Pick<SourceParts, 'collections' | 'consents' | 'hint' | 'namespace'>,
  namespaces: Namespaces,
  selector: Selector,
  kind: Kind<T>,
): Scope<T> {
  const { collections, consents, hint } = parts
  const follow = (namespace: string | undefined): Followed<T> =>
    collections.follow(
      {
        what: namespace === undefined ? `${kind.what} of all namespaces` : `${kind.what} of namespace ${namespace}`,
        path: `${kind.group}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${kind.plural}`,
        ...(selector === '' ? {} : { labelSelector: selector }),
        allNamespaces: namespace === undefined,
        reader: kind.reader,
        read: kind.read,
        pageSize,
      },
      hint,
    )
  const all = namespaces.includes('*')
  const followed = all
    ? [{ namespace: undefined, collection: follow(undefined) }]
    : [...new Set(namespaces)].map(namespace => ({ namespace, collection: follow(namespace) }))

  return {
    settled: async signal => {
      await Promise.all(followed.map(({ collection }) => collection.settled(signal)))
    },
    look: () => {
      const items: Scoped<T>[] = []
      const problems: Problem[] = []
      const unknown: string[] = []
      for (const { namespace, collection } of followed) {
        if (namespace !== undefined && !consents.mayRead(parts.namespace, namespace)) {
          const message = `the namespace has no annotation that shares its peers with namespace ${parts.namespace}`
          problems.push({ code: 'no-consent', subject: `namespace ${namespace}`, message })
          continue
        }
        const subject = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`
        const never = collection.unknown()
        const behind = collection.behind()
        if (never !== undefined) unknown.push(`${kind.what} of ${subject}: ${never}`)
        if (never !== undefined || behind !== undefined) {
          const message = `its ${kind.what} cannot be followed${never === undefined ? '; the last that was known counts' : ''}: ${never ?? behind}`
          problems.push({ code: 'unreadable', subject, message })
        }
        for (const [key, value] of collection.items) {
          const [of = '', name = ''] = namespace === undefined ? key.split('/') : [namespace, key]
          if (consents.mayRead(parts.namespace, of)) items.push({ namespace: of, name, value })
        }
      }
      items.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
      return { items, problems, unknown }
    },
    close: () => {
      for (const { collection } of followed) collection.close()
    },
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
