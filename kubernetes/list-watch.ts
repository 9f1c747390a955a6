// Follows one collection of the Kubernetes API: list, then watch from there; list again, at once, where the API has
// forgotten that version (410), and after errors with a growing delay. It never gives up.
import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs } from '../peers/backoff.ts'
import type { ApiReader } from './api-client.ts'
import { ApiError } from './api-error.ts'
import { AnswerTooLong } from './bounded-text.ts'

/** The part of every Kubernetes object that is needed here. */
export type ApiObject = {
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

export type ListWatchHandlers<T> = {
  /**
   * What of an object is kept: everything else can be collected while a list is still being read. Undefined: nothing,
   * as if it were not there.
   */
  readonly keep: (object: ApiObject) => T | undefined
  /** The whole collection, by name. */
  readonly replace: (items: Map<string, T>) => void
  readonly set: (name: string, item: T) => void
  /** `object`: as it was last, or as it is now where nothing of it is kept any more. */
  readonly remove: (name: string, object: ApiObject) => void
  /**
   * The collection is known, up to the last event; called after each list and each time a watch has been opened again.
   */
  readonly synced: () => void
  /** The collection cannot be followed at the moment. */
  readonly behind: (error: Error) => void
  /** A list begins; what `keep` is asked from here to `replace` is of that list. */
  readonly listing?: () => void
  /** The API server has said something: a page of a list, the opening of a watch, an event or a bookmark. */
  readonly contact?: () => void
}

export type ListWatchTimes = {
  /**
   * The first delay after an error; it doubles up to `maxRetrySeconds`, and each is shortened by a random part of up to
   * a half.
   */
  readonly minRetrySeconds: number
  readonly maxRetrySeconds: number
  /** How long the API server keeps a watch open. */
  readonly watchSeconds: number
  readonly random: () => number
}

/** The times that are given, and the default of each other: 0.5, 30 and 300 s. */
export function listWatchTimes(given: Partial<ListWatchTimes> = {}): ListWatchTimes {
  const { minRetrySeconds = 0.5, maxRetrySeconds = 30, watchSeconds = 300, random = Math.random } = given
  return { minRetrySeconds, maxRetrySeconds, watchSeconds, random }
}

export type Collection = {
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /**
   * Objects a page, to begin with; a quarter of them each time that a page is longer than the reader takes, which is
   * what bounds the memory of a list, however large its objects are. Default: 20.
   */
  readonly pageSize?: number
  /** The path is that of all namespaces, and names are NAMESPACE/NAME. */
  readonly allNamespaces?: boolean
}

/** Runs until the signal aborts, and calls no handler after that; never rejects. */
export async function listWatch<T>(
  api: ApiReader,
  collection: Collection,
  handlers: ListWatchHandlers<T>,
  times: ListWatchTimes,
  signal: AbortSignal,
): Promise<void> {
  const { labelSelector, fieldSelector } = collection
  const selection = { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) }
  let version: string | undefined
  let failures = 0
  /** The last thing that happened was that the version had expired. */
  let hasExpired = false
  let pageSize = collection.pageSize ?? 20

  const nameOf = ({ metadata }: ApiObject) =>
    metadata?.name && collection.allNamespaces ? `${metadata.namespace}/${metadata.name}` : metadata?.name

  async function list(): Promise<string> {
    const items = new Map<string, T>()
    let next: string | undefined
    handlers.listing?.()
    for (;;) {
      const page = (await api
        .get(collection.path, { ...selection, limit: pageSize, continue: next })
        .catch((error: unknown) => {
          if (!(error instanceof AnswerTooLong) || pageSize === 1) throw error
        })) as ListPage | undefined
      if (!page) {
        // From the beginning: a `continue` is good for the same query only (meta/v1, ListOptions).
        pageSize = Math.ceil(pageSize / 4)
        return list()
      }
      signal.throwIfAborted()
      handlers.contact?.()
      for (const object of page.items ?? []) {
        const name = nameOf(object)
        const item = name ? handlers.keep(object) : undefined
        if (name && item !== undefined) items.set(name, item)
      }
      next = page.metadata?.continue || undefined
      if (next) continue
      handlers.replace(items)
      return page.metadata?.resourceVersion ?? ''
    }
  }

  function take(line: unknown): void {
    const { type, object } = line as WatchEvent
    signal.throwIfAborted()
    handlers.contact?.()
    if (type === 'ERROR')
      throw new ApiError(`watch ${collection.path}: ${object.message ?? 'ended by the API server'}`, object.code ?? 0)
    const name = nameOf(object)
    const item = name && (type === 'ADDED' || type === 'MODIFIED') ? handlers.keep(object) : undefined
    if (name && item !== undefined) handlers.set(name, item)
    else if (name && type !== 'BOOKMARK') handlers.remove(name, object)
    version = object.metadata?.resourceVersion ?? version
    failures = 0
    hasExpired = false
  }

  while (!signal.aborted) {
    try {
      if (version === undefined) {
        version = await list()
        handlers.synced()
      }
      // Watches that were opened together should not all end together.
      const timeoutSeconds = Math.ceil(times.watchSeconds * (1 + times.random()))
      const query = { ...selection, watch: true, allowWatchBookmarks: true, resourceVersion: version, timeoutSeconds }
      const opened = performance.now()
      const open = () => {
        signal.throwIfAborted()
        handlers.contact?.()
        handlers.synced()
      }
      await api.stream(collection.path, query, { open, line: take })
      // The API server ends watches now and then; one that ends at once is a fault, and must not become a loop.
      if (performance.now() - opened < 1000) throw new ApiError(`watch ${collection.path}: ended at once`, 0)
      failures = 0
      hasExpired = false
    } catch (error) {
      if (signal.aborted) return
      const expired = error instanceof ApiError && error.status === 410
      const again = expired && hasExpired
      hasExpired = expired
      if (expired) version = undefined
      if (expired && !again) {
        // No failure: the API server answers, and the list that follows at once is the cure, also after an outage,
        // whose failures are over. Only if that expires again, wait.
        failures = 0
        continue
      }
      handlers.behind(error instanceof Error ? error : new Error(String(error)))
      failures++
      await delay(retryMs(failures, times), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** How long to wait after so many failures in a row. */
export function retryMs(
  failures: number,
  { minRetrySeconds, maxRetrySeconds, random }: Pick<ListWatchTimes, 'minRetrySeconds' | 'maxRetrySeconds' | 'random'>,
): number {
  return backoffMs(failures, { minMs: minRetrySeconds * 1000, maxMs: maxRetrySeconds * 1000, random })
}

type ListPage = {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly ApiObject[]
}
type WatchEvent = {
  readonly type: string
  readonly object: ApiObject & { readonly message?: string; readonly code?: number }
}
