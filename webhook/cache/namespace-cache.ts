// One opted-in namespace of the webhook's cache: its ConfigMaps, and its PeerSets that deliver.
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import { type DeliveringSet, readDelivering } from '../../peers/peer-set/delivering.ts'
import type { ConfigMapView } from '../decide/decision.ts'
import { isNoSuchResource } from './absence.ts'
import { type ConfigMapTexts, createConfigMapTexts } from './config-map-texts.ts'
import type { DeliveringSets } from './delivering-sets.ts'
import type { TextBudget } from './text-budget.ts'
import { createWatchStatus, type WatchStatus } from './watch-status.ts'

export type NamespaceCache = {
  readonly configMapsStatus: WatchStatus
  readonly peerSetsStatus: WatchStatus
  /**
   * 'unknown' where the ConfigMaps are not known, or cannot be followed at the moment and this one was not there.
   * @param staleMs after so long without contact, what was known counts as unknown
   */
  configMap(name: string, staleMs: number): ConfigMapView
  /** Its ConfigMaps are too much to be kept: none are, and none are read for five minutes. */
  exceed(why: string): void
  /** Why; undefined where they are kept. */
  exceeded(): string | undefined
  /** Ends the watches; resolves when they have ended. */
  close(): Promise<void>
}

export type NamespaceCacheParts = {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly now: () => number
  readonly times: ListWatchTimes
  /** Its requests end when the signal aborts. */
  readonly reader: (signal: AbortSignal) => ApiReader
  /** See createAbsence: of the PeerSets. */
  readonly unlessAbsent: (reader: ApiReader) => ApiReader
  readonly budget: Pick<TextBudget, 'keeps' | 'forget'>
  /** Kept up to date with the namespace's PeerSets; emptied of them by whoever closes. */
  readonly delivering: DeliveringSets
}

/** Of up to 1 MiB each, which are in memory as bytes, as text and as objects before they are counted. */
const pageSize = 5

/**
 * Until the ConfigMaps of a namespace that were too much are read again, in ms: each time they are read up to the
 * bound.
 */
const tryAgainMs = 300_000

/** Starts to read at once, in the background. Fails never: what cannot be read is told by the statuses. */
export function startNamespaceCache(name: string, parts: NamespaceCacheParts): NamespaceCache {
  const { log, now, times, reader, unlessAbsent, delivering } = parts
  const stop = new AbortController()
  const { signal } = stop
  const configMapsStatus = createWatchStatus(log, { namespace: name, collection: 'ConfigMaps' }, now)
  const peerSetsStatus = createWatchStatus(log, { namespace: name, collection: 'PeerSets' }, now)
  let configMaps: ConfigMapTexts | undefined
  let tooMuch: { readonly why: string; readonly since: number } | undefined
  let watchStop = new AbortController()
  let watch = watchConfigMaps()
  const ended = new Set<Promise<void>>()

  function watchConfigMaps(): Promise<void> {
    const until = AbortSignal.any([signal, watchStop.signal])
    const texts = createConfigMapTexts(bytes => {
      if (!until.aborted) parts.budget.keeps(name, bytes)
    })
    configMaps = texts
    return listWatch(
      reader(until),
      { path: `/api/v1/namespaces/${encodeURIComponent(name)}/configmaps`, pageSize },
      { ...texts.handlers, ...configMapsStatus.handlers },
      times,
      until,
    )
  }

  /** They may have become fewer; nothing waits for it. */
  function tryAgain(): void {
    if (tooMuch === undefined || signal.aborted || now() < tooMuch.since + tryAgainMs) return
    tooMuch = undefined
    watchStop = new AbortController()
    watch = watchConfigMaps()
  }

  const peerSetsWatch = listWatch<DeliveringSet>(
    unlessAbsent(reader(signal)),
    { path: `/apis/repeer.dev/v1alpha1/namespaces/${encodeURIComponent(name)}/peersets` },
    {
      keep: readDelivering,
      replace: items => delivering.replace(name, items),
      set: (set, item) => delivering.set(name, set, item),
      remove: set => delivering.remove(name, set),
      synced: peerSetsStatus.handlers.synced,
      behind: error => {
        if (!isNoSuchResource(error)) return peerSetsStatus.handlers.behind(error)
        peerSetsStatus.setAbsent()
        delivering.drop(name)
      },
    },
    times,
    signal,
  )

  return {
    configMapsStatus,
    peerSetsStatus,
    configMap: (configMap, staleMs) => {
      tryAgain()
      if (configMaps === undefined) return 'unknown'
      if (!configMapsStatus.isKnown(staleMs)) return 'unknown'
      return configMaps.get(configMap) ?? (configMapsStatus.isBehind() ? 'unknown' : 'absent')
    },
    exceed: why => {
      if (tooMuch !== undefined) return
      configMaps = undefined
      tooMuch = { why, since: now() }
      log.warn({ namespace: name }, why)
      watchStop.abort()
      const closed = watch.finally(() => ended.delete(closed))
      ended.add(closed)
    },
    exceeded: () => {
      tryAgain()
      return tooMuch?.why
    },
    close: async () => {
      stop.abort()
      parts.budget.forget(name)
      await Promise.all([watch, ...ended, peerSetsWatch])
    },
  }
}
