// Follows a collection within a budget. Beyond it nothing of it is kept and its watch is closed, so that it costs no
// more; after a while it is read anew.
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type Collection, type ListWatchHandlers, type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import { backoffMs } from '../../peers/backoff.ts'
import type { Budget } from './budget.ts'

/** Why nothing of a collection is known: it is larger than may be kept. No fault of the API server's. */
export class OverBudget extends Error {}

export type WithinParts<T> = {
  readonly reader: (signal: AbortSignal) => ApiReader
  readonly collection: Collection
  /** `replace` is told of an empty collection, and `behind` of OverBudget, where it is beyond the budget. */
  readonly handlers: Omit<ListWatchHandlers<T>, 'listing'>
  readonly budget: Budget
  /** Bytes that an item takes. */
  readonly sizeOf: (item: T) => number
  readonly times: ListWatchTimes & OverTimes
}

export type OverTimes = {
  /** Until it is read anew, the first time and at most; it doubles while it does not fit. */
  readonly minOverSeconds: number
  readonly maxOverSeconds: number
}

/** Runs until the signal aborts, and calls no handler after that; never rejects. */
export async function watchWithin<T>(parts: WithinParts<T>, signal: AbortSignal): Promise<void> {
  const { minOverSeconds, maxOverSeconds, random } = parts.times
  for (let overs = 1; !signal.aborted; overs++) {
    const wasSynced = await watchOnce(parts, signal)
    if (signal.aborted) return
    if (wasSynced) overs = 1
    const wait = backoffMs(overs, { minMs: minOverSeconds * 1000, maxMs: maxOverSeconds * 1000, random })
    await delay(wait, undefined, { signal }).catch(() => undefined)
  }
}

/** Until it is over its budget, or the signal aborts. Resolves with whether it was known before. */
async function watchOnce<T>(parts: WithinParts<T>, signal: AbortSignal): Promise<boolean> {
  const { reader, collection, handlers, budget, sizeOf, times } = parts
  const stop = new AbortController()
  const present = new Map<string, { readonly item: T; readonly bytes: number }>()
  /** Bytes of a list that is being read, beside those that are present. */
  let listed: number | undefined
  let wasSynced = false
  const share = budget.share(why => {
    stop.abort()
    present.clear()
    handlers.replace(new Map())
    handlers.behind(new OverBudget(why))
  })
  /** What has not changed stays what it is, so that reading all of it again takes no more room. */
  const asBefore = (name: string, item: T) => {
    const before = present.get(name)
    return before && isDeepStrictEqual(before.item, item) ? before : undefined
  }
  const put = (name: string, item: T) => {
    const bytes = sizeOf(item)
    share.add(bytes - (present.get(name)?.bytes ?? 0))
    if (!stop.signal.aborted) present.set(name, { item, bytes })
  }
  await listWatch<T>(
    reader(AbortSignal.any([stop.signal, signal])),
    collection,
    {
      ...handlers,
      listing: () => {
        share.add(-(listed ?? 0))
        listed = 0
      },
      keep: object => {
        if (stop.signal.aborted) return undefined
        const item = handlers.keep(object)
        if (item === undefined || listed === undefined) return item
        const before = asBefore(object.metadata?.name ?? '', item)
        if (before) return before.item
        const bytes = sizeOf(item)
        listed += bytes
        share.add(bytes)
        return item
      },
      replace: items => {
        if (stop.signal.aborted) return
        share.add(-(listed ?? 0))
        listed = undefined
        for (const [name, { bytes }] of present)
          if (!items.has(name) && present.delete(name)) share.add(-bytes)
        for (const [name, item] of items) put(name, item)
        if (!stop.signal.aborted) handlers.replace(items)
      },
      set: (name, item) => {
        put(name, item)
        if (!stop.signal.aborted) handlers.set(name, item)
      },
      remove: (name, object) => {
        share.add(-(present.get(name)?.bytes ?? 0))
        present.delete(name)
        handlers.remove(name, object)
      },
      synced: () => {
        if (stop.signal.aborted) return
        wasSynced = true
        handlers.synced()
      },
      behind: error => {
        if (!stop.signal.aborted) handlers.behind(error)
      },
    },
    times,
    AbortSignal.any([stop.signal, signal]),
  )
  share.close()
  return wasSynced
}
