// The ConfigMaps that PeerSets write, as they stand: all of them carry one label, so one watch follows them, and
// somebody who takes a key away is noticed at once. What was just written counts before the watch tells it.
import type { ApiReader } from '../kubernetes/api-client.ts'
import { type ApiObject, type ListWatchTimes, listWatch } from '../kubernetes/list-watch.ts'
import { isOlder } from '../kubernetes/resource-version.ts'
import type { WatchStatus } from '../kubernetes/watch-status.ts'
import { outputLabel } from './names.ts'
import { type Current, readCurrent } from './output.ts'

export type Place = { readonly namespace: string; readonly name: string }

export type Outputs = {
  /**
   * Undefined where there is no such ConfigMap. Asks the API server where it is not known. Rejects where that fails.
   */
  get(place: Place, keys: readonly string[]): Promise<Current | undefined>
  /** What the API server has answered to a write. */
  wrote(place: Place, keys: readonly string[], object: unknown): void
  /** Runs until the reader's signal aborts. */
  readonly done: Promise<void>
}

export type OutputsOptions = {
  readonly api: ApiReader
  readonly times: ListWatchTimes
  readonly signal: AbortSignal
  readonly state: WatchStatus
  /** The keys that PeerSets write in a ConfigMap. */
  readonly keysOf: (key: string) => readonly string[]
  /** Told NAMESPACE/NAME where it is not as it was written or read last. */
  readonly changed: (key: string) => void
  /** Asks for one object; undefined where there is none. */
  readonly fetch: (place: Place) => Promise<unknown>
}

type Entry = { readonly version: string; readonly keys: readonly string[]; readonly current: Current }

export function followOutputs(options: OutputsOptions): Outputs {
  const { api, times, signal, state, keysOf, changed, fetch } = options
  const entries = new Map<string, Entry>()

  function entryOf(object: ApiObject, keys: readonly string[]): Entry {
    return { version: versionOf(object), keys, current: readCurrent(object, keys) }
  }

  function put(key: string, entry: Entry): void {
    const before = entries.get(key)
    if (before && isOlder(entry.version, before.version)) return
    entries.set(key, entry)
    // An object that was not known is nobody's change; whoever needs it asks.
    if (before && JSON.stringify(before.current) !== JSON.stringify(entry.current)) changed(key)
  }

  const done = listWatch<Entry>(
    api,
    { path: '/api/v1/configmaps', labelSelector: `${outputLabel.name}=${outputLabel.value}`, allNamespaces: true },
    {
      keep: object => entryOf(object, keysOf(`${object.metadata?.namespace}/${object.metadata?.name}`)),
      replace: items => {
        for (const key of [...entries.keys()].filter(key => !items.has(key))) {
          entries.delete(key)
          changed(key)
        }
        for (const [key, entry] of items) put(key, entry)
      },
      set: put,
      remove: (key, object) => {
        const before = entries.get(key)
        if (!before || isOlder(versionOf(object), before.version)) return
        entries.delete(key)
        changed(key)
      },
      ...state.handlers,
    },
    times,
    signal,
  )

  return {
    get: async (place, keys) => {
      const key = keyOf(place)
      const known = entries.get(key)
      if (known && keys.every(name => known.keys.includes(name))) return known.current
      const object = (await fetch(place)) as ApiObject | undefined
      if (object === undefined) return undefined
      const entry = entryOf(object, [...new Set([...keys, ...(known?.keys ?? [])])])
      // Without the label nothing tells of its changes: it is not remembered.
      if (entry.current.labelled) entries.set(key, entry)
      return entry.current
    },
    wrote: (place, keys, object) => {
      const key = keyOf(place)
      entries.set(key, entryOf(object as ApiObject, [...new Set([...keys, ...(entries.get(key)?.keys ?? [])])]))
    },
    done,
  }
}

export function keyOf({ namespace, name }: Place): string {
  return `${namespace}/${name}`
}

function versionOf({ metadata }: ApiObject): string {
  return metadata?.resourceVersion ?? ''
}
