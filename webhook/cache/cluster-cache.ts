// The webhook's cache of the cluster: the namespaces that have opted in, their ConfigMaps, and their PeerSets that
// deliver. No admission ever waits for it.
//
// One watch for the namespaces and one of each kind for each of them, not one for the whole cluster: a cluster holds
// many ConfigMaps in namespaces that have nothing to do with repeer (releases, dashboards), and every one would be sent
// and parsed here.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { createFairLimit } from '../../kubernetes/fair-limit.ts'
import { type ApiObject, type ListWatchTimes, listWatch, listWatchTimes } from '../../kubernetes/list-watch.ts'
import { createTenantBudget } from '../../kubernetes/tenant-budget.ts'
import { watchReader } from '../../kubernetes/watch-reader.ts'
import type { DeliveringSet } from '../../peers/peer-set/delivering.ts'
import { optIn } from '../../peers/pod.ts'
import type { ConfigMapView, NamespaceView } from '../decide/decision.ts'
import { createAbsence } from './absence.ts'
import { createDeliveringSets } from './delivering-sets.ts'
import { type NamespaceCache, startNamespaceCache } from './namespace-cache.ts'
import { createWatchStatus } from './watch-status.ts'

export type ClusterCache = {
  /** Undefined where the namespace has not opted in, or is not known yet. */
  namespace(name: string): NamespaceView | undefined
  /**
   * 'unknown' where the namespace's ConfigMaps are not known, or cannot be followed at the moment and this one was not
   * there.
   */
  configMap(namespace: string, name: string): ConfigMapView
  /** The PeerSets that may deliver to pods of a namespace, as they were last known. */
  peerSets(namespace: string): readonly DeliveringSet[]
  /**
   * What has never been read yet: a reason not to be ready. Empty for good after the first complete read. A namespace
   * whose ConfigMaps may not be read is only behind: waiting does not help, and the others must not suffer.
   */
  pending(): readonly string[]
  /** What cannot be followed at the moment. */
  behind(): readonly string[]
  /** Each opted-in namespace and whether its ConfigMaps are known. */
  synced(): Iterable<readonly [namespace: string, synced: boolean]>
  close(): Promise<void>
}

export type ClusterCacheOptions = Partial<ListWatchTimes> & {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** After this long without contact, what was known counts as unknown. */
  readonly staleSeconds?: number
  /** Of ConfigMaps' texts, what is kept of a namespace, and in all. Default: 8 and 64 MiB. */
  readonly bytesEach?: number
  readonly bytesInAll?: number
  /** Milliseconds, from any clock that only goes forward. */
  readonly now?: () => number
}

/**
 * The webhook has 384 MiB (manifests/base/deployment.yaml), and needs some 115 of them for itself. A namespace with 20
 * nodes and their scripts has 1 MB.
 */
const mebibyte = 1024 * 1024
const defaultBytes = { each: 8 * mebibyte, inAll: 64 * mebibyte }

/**
 * Pages of ConfigMaps that are read at a time, over all namespaces: each may have 20 of 1 MiB, as text and as objects.
 */
const readsAtOnce = 2

/** `view` changes with the namespace's labels and annotations, its watches go on. */
type Entry = { view: NamespaceView; readonly cache: NamespaceCache }

/** Starts to read at once, in the background. */
export function startClusterCache(config: KubeConfig, options: ClusterCacheOptions): ClusterCache {
  const { log, staleSeconds = 60, now = () => performance.now() } = options
  const { bytesEach = defaultBytes.each, bytesInAll = defaultBytes.inAll } = options
  const staleMs = staleSeconds * 1000
  const times = listWatchTimes(options)
  const stop = new AbortController()
  const status = createWatchStatus(log, { collection: 'Namespaces' }, now)
  const entries = new Map<string, Entry>()
  /** Of namespaces that are followed no longer: their watches, until these have ended. */
  const closing = new Set<Promise<void>>()
  const delivering = createDeliveringSets((namespace, most) =>
    log.warn(
      { namespace },
      `found more than ${most} PeerSets that deliver, expected at most ${most}; the others are left out`,
    ),
  )
  const limit = createFairLimit(readsAtOnce)
  const reader = (signal: AbortSignal, namespace = '') =>
    watchReader(config, times.watchSeconds, signal, read => limit(namespace, read))
  const budget = createTenantBudget({
    bytesEach,
    bytesInAll,
    exceeded: name => entries.get(name)?.cache.exceed(tooMuch(bytesEach, bytesInAll)),
  })
  const parts = { log, now, times, reader, unlessAbsent: createAbsence(now), delivering, budget }
  let complete = false

  function open(name: string, view: NamespaceView): void {
    const present = entries.get(name)
    if (present) present.view = view
    else entries.set(name, { view, cache: startNamespaceCache(name, parts) })
  }

  function drop(name: string): void {
    const entry = entries.get(name)
    entries.delete(name)
    delivering.drop(name)
    if (!entry) return
    const ended = entry.cache.close()
    closing.add(ended)
    void ended.finally(() => closing.delete(ended))
  }

  const done = listWatch<NamespaceView>(
    reader(stop.signal),
    { path: '/api/v1/namespaces', labelSelector: `${optIn.label}=${optIn.value}` },
    {
      keep: viewOf,
      replace: items => {
        for (const name of entries.keys()) if (!items.has(name)) drop(name)
        for (const [name, view] of items) open(name, view)
      },
      set: open,
      remove: drop,
      ...status.handlers,
    },
    times,
    stop.signal,
  )

  const caches = () => [...entries.values()].map(({ cache }) => cache)

  function pending(): string[] {
    const missing = status.isSynced() ? [] : ['the opted-in namespaces have not been read yet']
    return [...missing, ...caches().flatMap(cache => cache.pending())]
  }

  return {
    namespace: name => entries.get(name)?.view,
    configMap: (namespace, name) => entries.get(namespace)?.cache.configMap(name, staleMs) ?? 'unknown',
    peerSets: delivering.reaching,
    pending: () => {
      if (complete) return []
      const missing = pending()
      complete = missing.length === 0
      return missing
    },
    behind: () => [
      ...(status.isBehind() ? [`namespaces: ${status.error()}`] : []),
      ...caches().flatMap(cache => cache.behind()),
    ],
    synced: () => [...entries].map(([name, { cache }]) => [name, cache.isKnown(staleMs)] as const),
    close: async () => {
      stop.abort()
      await Promise.all([done, ...closing, ...caches().map(cache => cache.close())])
    },
  }
}

function tooMuch(each: number, inAll: number): string {
  const size = (bytes: number) =>
    bytes < mebibyte ? `${Math.round(bytes / 1024)} KiB` : `${Math.round(bytes / mebibyte)} MiB`
  return `too much to be kept; expected at most ${size(each)} of texts in a namespace, and ${size(inAll)} in all that have opted in, of which the largest are let go first. They count as unknown, and are read again after five minutes`
}

/** Characters of a namespace's annotation. A longer one counts as absent, so that it gives nobody a consent. */
const longestAnnotation = 16 * 1024

/** Of its labels and annotations those that repeer reads; each may have 256 KiB of others. */
function viewOf({ metadata }: ApiObject): NamespaceView {
  const labels = Object.entries(metadata?.labels ?? {}).filter(([key]) => key === podSecurity || key.startsWith(ours))
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(
    ([key, text]) => key.startsWith(ours) && text.length <= longestAnnotation,
  )
  return {
    name: metadata?.name ?? '',
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(annotations),
  }
}

const ours = 'repeer.dev/'
const podSecurity = 'pod-security.kubernetes.io/enforce'
