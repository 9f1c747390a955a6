// One opted-in namespace of the webhook's cache: its ConfigMaps, and its PeerSets that deliver.
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import type { TenantBudget } from '../../kubernetes/tenant-budget.ts'
import { type DeliveringSet, readDelivering } from '../../peers/peer-set/delivering.ts'
import type { ConfigMapView } from '../decide/decision.ts'
import { isNoSuchResource } from './absence.ts'
import { type ConfigMapTexts, createConfigMapTexts } from './config-map-texts.ts'
import type { DeliveringSets } from './delivering-sets.ts'
import { createWatchStatus, type WatchStatus } from './watch-status.ts'

export type NamespaceCache = {
  /**
   * 'unknown' where the ConfigMaps are not known, or cannot be followed at the moment and this one was not there.
   * @param staleMs after so long without contact, what was known counts as unknown
   */
  configMap(name: string, staleMs: number): ConfigMapView
  /** Its ConfigMaps are too much to be kept: none are, and none are read for five minutes. */
  exceed(why: string): void
  /** Whether its ConfigMaps are known; `staleMs` as above. */
  isKnown(staleMs: number): boolean
  /** What has never been read yet though waiting may help, a sentence each. */
  pending(): readonly string[]
  /** What cannot be followed at the moment, or is not kept, and why. */
  behind(): readonly string[]
  /** Ends the watches; resolves when they have ended. */
  close(): Promise<void>
}

export type NamespaceCacheParts = {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly now: () => number
  readonly times: ListWatchTimes
  /** Its requests end when the signal aborts. */
  readonly reader: (signal: AbortSignal, namespace: string) => ApiReader
  /** See createAbsence: of the PeerSets. */
  readonly unlessAbsent: (reader: ApiReader) => ApiReader
  readonly budget: Pick<TenantBudget, 'keeps' | 'forget'>
  /** Kept up to date with the namespace's PeerSets; emptied of them by whoever closes. */
  readonly delivering: DeliveringSets
}

/** Each time they are read, a watch of its own: what an earlier one knew is not known to it. */
type ConfigMapsWatch = {
  readonly texts: ConfigMapTexts
  readonly status: WatchStatus
  readonly stop: () => void
  readonly done: Promise<void>
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
  const peerSetsStatus = createWatchStatus(log, { namespace: name, collection: 'PeerSets' }, now)
  let configMaps: ConfigMapsWatch | undefined = watchConfigMaps()
  let tooMuch: { readonly why: string; readonly since: number } | undefined
  /** Of ConfigMaps that were too much, until they have ended. */
  const ended = new Set<Promise<void>>()

  function watchConfigMaps(): ConfigMapsWatch {
    const own = new AbortController()
    const until = AbortSignal.any([signal, own.signal])
    const status = createWatchStatus(log, { namespace: name, collection: 'ConfigMaps' }, now)
    const texts = createConfigMapTexts(bytes => {
      if (!until.aborted) parts.budget.keeps(name, bytes)
    })
    const collection = { path: `/api/v1/namespaces/${encodeURIComponent(name)}/configmaps`, pageSize }
    const handlers = { ...texts.handlers, ...status.handlers }
    return {
      texts,
      status,
      stop: () => own.abort(),
      done: listWatch(reader(until, name), collection, handlers, times, until),
    }
  }

  /** Undefined where they are too much; then they are read anew after a while, since they may have become fewer. */
  function watched(): ConfigMapsWatch | undefined {
    if (tooMuch === undefined || signal.aborted || now() < tooMuch.since + tryAgainMs) return configMaps
    tooMuch = undefined
    configMaps = watchConfigMaps()
    return configMaps
  }

  const peerSetsWatch = listWatch<DeliveringSet>(
    unlessAbsent(reader(signal, name)),
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
    configMap: (configMap, staleMs) => {
      const { texts, status } = watched() ?? {}
      if (!texts || !status?.isKnown(staleMs)) return 'unknown'
      return texts.get(configMap) ?? (status.isBehind() ? 'unknown' : 'absent')
    },
    exceed: why => {
      if (!configMaps) return
      configMaps.stop()
      const closed = configMaps.done.finally(() => ended.delete(closed))
      ended.add(closed)
      configMaps = undefined
      tooMuch = { why, since: now() }
      log.warn({ namespace: name }, why)
    },
    isKnown: staleMs => watched()?.status.isKnown(staleMs) ?? false,
    pending: () => [
      ...(watched()?.status.isPending() ? [`the ConfigMaps of namespace ${name} have not been read yet`] : []),
      ...(peerSetsStatus.isPending() ? [`the PeerSets of namespace ${name} have not been read yet`] : []),
    ],
    behind: () => {
      const status = watched()?.status
      const why = status?.isBehind() ? status.error() : tooMuch?.why
      return [
        ...(why === undefined ? [] : [`ConfigMaps of namespace ${name}: ${why}`]),
        ...(peerSetsStatus.isBehind() ? [`PeerSets of namespace ${name}: ${peerSetsStatus.error()}`] : []),
      ]
    },
    close: async () => {
      stop.abort()
      parts.budget.forget(name)
      await Promise.all([configMaps?.done, ...ended, peerSetsWatch])
    },
  }
}
