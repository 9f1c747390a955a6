// Collections of the API that sources follow: each once, however many PeerSets ask for it, and given up with the last.
// What is kept of an object is what its reader makes of it, and only a change of that is told. Rollout keeps something
// else (the groups that pods need, each object's version: rollout/cluster/keyed-store.ts); what both share is in
// kubernetes/.
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { ApiReader } from '../kubernetes/api-client.ts'
import { type ApiObject, type Collection, type ListWatchTimes, listWatch } from '../kubernetes/list-watch.ts'
import { createWatchStatus, type WatchStatus } from '../kubernetes/watch-status.ts'

export type CollectionSpec<T> = Collection & {
  /** "Pods of namespace a", for the log and for sentences. */
  readonly what: string
  /** Tells readers apart: with the same path, selector and name, what is kept is the same. */
  readonly reader: string
  /** What is kept of an object; undefined where nothing is. Never throws. */
  readonly read: (object: ApiObject) => T | undefined
}

export type Followed<T> = {
  /** By name, or by NAMESPACE/NAME; the last that was known, also while the collection cannot be followed. */
  readonly items: ReadonlyMap<string, T>
  /** Resolves when it has been read, or could not be at the first try; rejects when the signal aborts before. */
  settled(signal: AbortSignal): Promise<void>
  /** Why it has never been read; undefined where it has been. */
  unknown(): string | undefined
  /** Why it cannot be followed at the moment. */
  behind(): string | undefined
  close(): void
}

export type Collections = {
  /** `changed` is told after each change of what is kept, and after the first reading. */
  follow<T>(spec: CollectionSpec<T>, changed: () => void): Followed<T>
  /** Collections that are followed. */
  statuses(): readonly WatchStatus[]
  close(): Promise<void>
}

export type CollectionsOptions = {
  readonly reader: (signal: AbortSignal) => ApiReader
  readonly times: ListWatchTimes
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Milliseconds, only forward. */
  readonly now: () => number
}

type Shared = {
  readonly items: Map<string, unknown>
  readonly state: WatchStatus
  readonly users: Set<() => void>
  readonly waiting: Set<() => void>
  readonly stop: AbortController
}

export function createCollections({ reader, times, log, now }: CollectionsOptions): Collections {
  const shared = new Map<string, Shared>()
  const running = new Set<Promise<void>>()

  function start<T>(spec: CollectionSpec<T>): Shared {
    const stop = new AbortController()
    const items = new Map<string, T>()
    const users = new Set<() => void>()
    const waiting = new Set<() => void>()
    const tell = () => {
      for (const changed of users) changed()
    }
    const release = () => {
      for (const resolve of waiting) resolve()
      waiting.clear()
    }
    const state = createWatchStatus(spec.what, log, now, { onSynced: tell })
    const put = (name: string, item: T): boolean => {
      const before = items.get(name)
      // Equal values keep their place, so that nothing points to two of them.
      if (before !== undefined && isDeepStrictEqual(before, item)) return false
      items.set(name, item)
      return true
    }
    const { synced, behind, contact } = state.handlers
    const run = listWatch<T>(
      reader(stop.signal),
      spec,
      {
        keep: spec.read,
        replace: next => {
          let changes = 0
          for (const name of items.keys()) if (!next.has(name) && items.delete(name)) changes++
          for (const [name, item] of next) if (put(name, item)) changes++
          if (changes > 0 && state.synced) tell()
        },
        set: (name, item) => {
          if (put(name, item)) tell()
        },
        remove: name => {
          if (items.delete(name)) tell()
        },
        synced: () => {
          synced()
          release()
        },
        behind: error => {
          behind(error)
          release()
        },
        contact,
      },
      times,
      stop.signal,
    ).finally(() => running.delete(run))
    running.add(run)
    return { items, state, users, waiting, stop }
  }

  return {
    follow: <T>(spec: CollectionSpec<T>, changed: () => void): Followed<T> => {
      const key = JSON.stringify([spec.path, spec.labelSelector, spec.reader])
      const collection = shared.get(key) ?? start(spec)
      shared.set(key, collection)
      const { state, users, waiting, stop } = collection
      // A function of its own: the same `changed` may follow twice.
      const tell = () => changed()
      users.add(tell)
      return {
        items: collection.items as ReadonlyMap<string, T>,
        settled: signal =>
          new Promise((resolve, reject) => {
            if (state.synced || state.error !== undefined) return resolve()
            if (signal.aborted) return reject(new Error(`${spec.what}: not read yet`))
            const done = () => {
              signal.removeEventListener('abort', late)
              resolve()
            }
            const late = () => {
              waiting.delete(done)
              reject(new Error(`${spec.what}: not read yet`))
            }
            waiting.add(done)
            signal.addEventListener('abort', late, { once: true })
          }),
        unknown: () => (state.synced ? undefined : (state.error ?? 'not read yet')),
        behind: () => state.error,
        close: () => {
          if (!users.delete(tell) || users.size > 0) return
          shared.delete(key)
          stop.abort()
        },
      }
    },
    statuses: () => [...shared.values()].map(({ state }) => state),
    close: async () => {
      for (const { stop } of shared.values()) stop.abort()
      shared.clear()
      await Promise.all(running)
    },
  }
}
