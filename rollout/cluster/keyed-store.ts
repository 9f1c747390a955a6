// The part of one collection that somebody needs, in groups: a ConfigMap is a group of its own, the EndpointSlices of
// one Service are one. Nothing is kept of the others; so a group that becomes needed later has to be fetched, while the
// watch goes on. Events and fetched objects then overlap, and resource versions tell which is newer.
import type { ApiObject, ListWatchHandlers } from '../../kubernetes/list-watch.ts'
import { isOlder } from '../../kubernetes/resource-version.ts'

export type Item<T> = { readonly group: string; readonly version: string; readonly value: T }

export type KeyedStore<T> = {
  /** For listWatch. */
  readonly handlers: Pick<ListWatchHandlers<Item<T>>, 'keep' | 'replace' | 'set' | 'remove'> & { listing(): void }
  /** Keeps the group from now on; said again, reads its objects again, since something else of them is needed. */
  need(group: string): void
  drop(group: string): void
  /**
   * Of the group's objects, none where there is none; 'unknown' where they have not been read yet, or are not needed.
   */
  get(group: string): readonly T[] | 'unknown'
  /** All groups are unknown from now on, and stay so, whatever the watch says: they were too much. */
  forget(): void
  /** Reads all groups anew. Where nothing was forgotten it does nothing. */
  recall(): void
  /** Groups that are kept. */
  size(): number
}

export type KeyedStoreOptions<T> = {
  readonly groupOf: (object: ApiObject) => string | undefined
  readonly read: (object: ApiObject, group: string) => T
  readonly isSame: (value: T, other: T) => boolean
  /** Gets all objects of a group from the API, and calls `done` with them, later; tries until `isNeeded` says no. */
  readonly fetch: (group: string, isNeeded: () => boolean, done: (objects: readonly ApiObject[]) => void) => void
  /** What `get` returns for the group has changed. */
  readonly changed: (group: string) => void
  /** So much of a list has been read, and is kept from now on; `get` returns it once the list is whole. */
  readonly listed?: (group: string, value: T) => void
}

type Versioned<T> = { readonly version: string; readonly value: T }
type Removed = { readonly version: string; readonly removed: true }
type Group<T> = { objects: Map<string, Versioned<T>> | undefined }
/** What the watch has said since the fetch began, about any object: it may have been one of the group before. */
type During<T> = Map<string, Versioned<T> | Removed>

export function createKeyedStore<T>(options: KeyedStoreOptions<T>): KeyedStore<T> {
  const { groupOf, read, isSame, fetch, changed, listed } = options
  const groups = new Map<string, Group<T>>()
  /** Of the objects that are kept: a slice can be given to another Service. */
  const groupNames = new Map<string, string>()
  /** Needed since the list that is being read began: its first pages were read without them. */
  const late = new Set<string>()
  const fetching = new Map<string, During<T>>()
  let phase: 'before' | 'listing' | 'following' = 'before'
  let forgotten = false

  function start(name: string, group: Group<T>): void {
    const during: During<T> = new Map()
    fetching.set(name, during)
    const isNeeded = () => fetching.get(name) === during
    fetch(name, isNeeded, objects => {
      if (!isNeeded()) return
      fetching.delete(name)
      const found = new Map<string, Versioned<T>>()
      for (const object of objects) {
        if (object.metadata?.name)
          found.set(object.metadata.name, { version: versionOf(object), value: read(object, name) })
      }
      for (const [object, event] of during) {
        const fetched = found.get(object)
        if (fetched && isOlder(event.version, fetched.version)) continue
        if ('removed' in event) found.delete(object)
        else found.set(object, event)
      }
      become(name, group, found)
    })
  }

  function become(name: string, group: Group<T>, objects: Map<string, Versioned<T>>): void {
    // Also amid a list, when one of its groups was too much.
    if (forgotten) return
    const before = group.objects
    group.objects = objects
    for (const object of before?.keys() ?? [])
      if (!objects.has(object) && groupNames.get(object) === name) groupNames.delete(object)
    for (const object of objects.keys()) groupNames.set(object, name)
    const same =
      before?.size === objects.size &&
      [...objects].every(([object, { value }]) => {
        const earlier = before.get(object)
        return earlier !== undefined && isSame(earlier.value, value)
      })
    if (!same) changed(name)
  }

  function remove(object: string, version: string, name: string | undefined): void {
    for (const during of fetching.values()) during.set(object, { version, removed: true })
    const group = name === undefined ? undefined : groups.get(name)
    const have = group?.objects?.get(object)
    if (!name || !have || isOlder(version, have.version)) return
    group?.objects?.delete(object)
    groupNames.delete(object)
    changed(name)
  }

  return {
    handlers: {
      listing: () => {
        phase = 'listing'
        late.clear()
      },
      keep: object => {
        const group = groupOf(object)
        if (group === undefined || !groups.has(group) || forgotten) return undefined
        const value = read(object, group)
        if (phase === 'listing') listed?.(group, value)
        return { group, version: versionOf(object), value }
      },
      replace: items => {
        phase = 'following'
        const byGroup = new Map<string, Map<string, Versioned<T>>>()
        for (const [object, { group, version, value }] of items) {
          const have = groups.get(group)?.objects?.get(object)
          const objects = byGroup.get(group) ?? new Map<string, Versioned<T>>()
          byGroup.set(group, objects.set(object, have && isOlder(version, have.version) ? have : { version, value }))
        }
        for (const [name, group] of groups) {
          if (late.has(name)) continue
          fetching.delete(name)
          become(name, group, byGroup.get(name) ?? new Map())
        }
        for (const name of late) {
          const group = groups.get(name)
          if (group) start(name, group)
        }
        late.clear()
      },
      set: (object, { group: name, version, value }) => {
        const former = groupNames.get(object)
        remove(object, version, former === name ? undefined : former)
        fetching.get(name)?.set(object, { version, value })
        const group = groups.get(name)
        const have = group?.objects?.get(object)
        if (!group?.objects || (have && isOlder(version, have.version))) return
        group.objects.set(object, { version, value })
        groupNames.set(object, name)
        if (!have || !isSame(have.value, value)) changed(name)
      },
      remove: (name, object) => remove(name, versionOf(object), groupNames.get(name)),
    },
    need: name => {
      const group: Group<T> = groups.get(name) ?? { objects: undefined }
      groups.set(name, group)
      if (forgotten) return
      if (phase === 'listing') late.add(name)
      else if (phase === 'following' && !fetching.has(name)) start(name, group)
    },
    drop: name => {
      for (const object of groups.get(name)?.objects?.keys() ?? [])
        if (groupNames.get(object) === name) groupNames.delete(object)
      groups.delete(name)
      late.delete(name)
      fetching.delete(name)
    },
    get: name => {
      const objects = groups.get(name)?.objects
      return objects ? [...objects.values()].map(({ value }) => value) : 'unknown'
    },
    forget: () => {
      forgotten = true
      groupNames.clear()
      fetching.clear()
      late.clear()
      for (const [name, group] of groups) {
        if (group.objects === undefined) continue
        group.objects = undefined
        changed(name)
      }
    },
    recall: () => {
      if (!forgotten) return
      forgotten = false
      for (const [name, group] of groups) {
        if (phase === 'listing') late.add(name)
        else if (phase === 'following') start(name, group)
      }
    },
    size: () => groups.size,
  }
}

function versionOf({ metadata }: ApiObject): string {
  return metadata?.resourceVersion ?? ''
}
