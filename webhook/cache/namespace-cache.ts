// One opted-in namespace of the webhook's cache: its ConfigMaps, and its PeerSets that deliver.
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type ApiObject, type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import { type DeliveringSet, readDelivering } from '../../peers/peer-set/delivering.ts'
import type { ConfigMapView } from '../decide/decision.ts'
import { isNoSuchResource } from './absence.ts'
import { configMapValues } from './config-map-values.ts'
import type { DeliveringSets } from './delivering-sets.ts'
import { createWatchStatus, type WatchStatus } from './watch-status.ts'

export type NamespaceCache = {
  readonly configMapsStatus: WatchStatus
  readonly peerSetsStatus: WatchStatus
  /**
   * 'unknown' where the ConfigMaps are not known, or cannot be followed at the moment and this one was not there.
   * @param staleMs after so long without contact, what was known counts as unknown
   */
  configMap(name: string, staleMs: number): ConfigMapView
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
  /** Kept up to date with the namespace's PeerSets; emptied of them by whoever closes. */
  readonly delivering: DeliveringSets
}

/**
 * Characters. A longer value is left out, as if its key were not there: peer lists are short (1,000 enode URLs are 200
 * KB), genesis files and dashboards are not, and would fill the memory.
 */
const longestValue = 256 * 1024

/** Starts to read at once, in the background. Fails never: what cannot be read is told by the statuses. */
export function startNamespaceCache(name: string, parts: NamespaceCacheParts): NamespaceCache {
  const { log, now, times, reader, unlessAbsent, delivering } = parts
  const stop = new AbortController()
  const { signal } = stop
  const configMapsStatus = createWatchStatus(log, { namespace: name, collection: 'ConfigMaps' }, now)
  const peerSetsStatus = createWatchStatus(log, { namespace: name, collection: 'PeerSets' }, now)
  let configMaps = new Map<string, Readonly<Record<string, string>>>()

  const configMapsWatch = listWatch<Readonly<Record<string, string>>>(
    reader(signal),
    { path: `/api/v1/namespaces/${encodeURIComponent(name)}/configmaps` },
    {
      keep: valuesOf,
      replace: items => {
        configMaps = items
      },
      set: (configMap, values) => configMaps.set(configMap, values),
      remove: configMap => configMaps.delete(configMap),
      ...configMapsStatus.handlers,
    },
    times,
    signal,
  )
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
      if (!configMapsStatus.isKnown(staleMs)) return 'unknown'
      return configMaps.get(configMap) ?? (configMapsStatus.isBehind() ? 'unknown' : 'absent')
    },
    close: async () => {
      stop.abort()
      await Promise.all([configMapsWatch, peerSetsWatch])
    },
  }
}

/** The texts only: managed fields and annotations are often larger than they. */
function valuesOf(object: ApiObject): Readonly<Record<string, string>> {
  return configMapValues(object, longestValue)
}
