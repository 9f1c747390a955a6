// The webhook's cache of the cluster: the namespaces that have opted in, their ConfigMaps, and their PeerSets that
// deliver. No admission ever waits for it.
//
// One watch for the namespaces and one of each kind for each of them, not one for the whole cluster: a cluster holds
// many ConfigMaps in namespaces that have nothing to do with repeer (releases, dashboards), and every one would be sent
// and parsed here.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { apiReader } from '../kubernetes/api-client.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import { type ApiObject, type ListWatchHandlers, type ListWatchTimes, listWatch } from '../kubernetes/list-watch.ts'
import { type DeliveringSet, readDelivering } from '../peers/peer-set/delivering.ts'
import { optIn } from '../peers/pod.ts'
import { configMapValues } from './config-map-values.ts'
import type { ConfigMapView, NamespaceView } from './decide/decision.ts'
import { createAbsence, createDeliveringSets, isNoSuchResource } from './delivering-sets.ts'

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
  /** Milliseconds, from any clock that only goes forward. */
  readonly now?: () => number
}

/**
 * Characters. A longer value is left out, as if its key were not there: peer lists are short (1,000 enode URLs are 200
 * KB), genesis files and dashboards are not, and would fill the memory.
 */
const longestValue = 256 * 1024

/** Longer than any watch is asked to stay open, so that only a dead connection is ever cut. */
const idleMarginSeconds = 30

/** `absent`: there is no such resource in the cluster. */
type Following = {
  synced: boolean
  behindSince: number | undefined
  error: string
  forbidden: boolean
  absent: boolean
}
const unread = (): Following => ({ synced: false, behindSince: undefined, error: '', forbidden: false, absent: false })
type Watched = { readonly view: NamespaceView }
type Entry = Following & {
  view: NamespaceView
  configMaps: Map<string, Readonly<Record<string, string>>>
  readonly peerSets: Following
  stop: AbortController
  done: Promise<void>
}

/** Starts to read at once, in the background. */
export function startClusterCache(config: KubeConfig, options: ClusterCacheOptions): ClusterCache {
  const { log, staleSeconds = 60, now = () => performance.now() } = options
  const times = {
    minRetrySeconds: options.minRetrySeconds ?? 0.5,
    maxRetrySeconds: options.maxRetrySeconds ?? 30,
    watchSeconds: options.watchSeconds ?? 300,
    random: options.random ?? Math.random,
  }
  const stop = new AbortController()
  const namespaces: Following = unread()
  const entries = new Map<string, Entry>()
  const reader = (signal: AbortSignal) =>
    apiReader(config, { signal, idleSeconds: times.watchSeconds * 2 + idleMarginSeconds })
  const delivering = createDeliveringSets()
  const unlessAbsent = createAbsence(now)
  let complete = false

  function follow(
    state: Following,
    fields: Record<string, string>,
    collection: string,
  ): Pick<ListWatchHandlers<unknown>, 'synced' | 'behind'> {
    return {
      synced: () => {
        if (!state.synced) log.info({ ...fields, collection }, 'cache synced')
        else if (state.behindSince !== undefined) log.info({ ...fields, collection }, 'cache follows again')
        state.synced = true
        state.behindSince = undefined
        state.forbidden = false
        state.absent = false
      },
      behind: error => {
        // Once, not at each try.
        if (state.behindSince === undefined)
          log.warn({ ...fields, collection, err: error }, 'cache cannot be followed; retrying')
        state.behindSince ??= now()
        state.error = error.message
        state.forbidden = error instanceof ApiError && error.status === 403
      },
    }
  }

  function open(name: string, view: NamespaceView): void {
    const present = entries.get(name)
    if (present) {
      present.view = view
      return
    }
    const entry: Entry = {
      view,
      ...unread(),
      configMaps: new Map(),
      peerSets: unread(),
      stop: new AbortController(),
      done: Promise.resolve(),
    }
    entries.set(name, entry)
    const signal = AbortSignal.any([stop.signal, entry.stop.signal])
    const handlers: ListWatchHandlers<Readonly<Record<string, string>>> = {
      keep: valuesOf,
      replace: items => {
        entry.configMaps = items
      },
      set: (configMap, values) => entry.configMaps.set(configMap, values),
      remove: configMap => entry.configMaps.delete(configMap),
      ...follow(entry, { namespace: name }, 'ConfigMaps'),
    }
    const path = `/api/v1/namespaces/${encodeURIComponent(name)}/configmaps`
    entry.done = Promise.all([
      listWatch(reader(signal), { path }, handlers, times, signal),
      followPeerSets(name, entry.peerSets, signal),
    ]).then(() => undefined)
  }

  function followPeerSets(namespace: string, state: Following, signal: AbortSignal): Promise<void> {
    const { synced, behind } = follow(state, { namespace }, 'PeerSets')
    const handlers: ListWatchHandlers<DeliveringSet> = {
      keep: readDelivering,
      replace: items => delivering.replace(namespace, items),
      set: (name, item) => delivering.set(namespace, name, item),
      remove: name => delivering.remove(namespace, name),
      synced,
      behind: error => {
        if (!isNoSuchResource(error)) return behind(error)
        state.absent = true
        state.behindSince = undefined
        delivering.drop(namespace)
      },
    }
    const path = `/apis/repeer.dev/v1alpha1/namespaces/${encodeURIComponent(namespace)}/peersets`
    return listWatch(unlessAbsent(reader(signal)), { path }, handlers, times, signal)
  }

  function drop(name: string): void {
    entries.get(name)?.stop.abort()
    entries.delete(name)
    delivering.drop(name)
  }

  const done = listWatch<Watched>(
    reader(stop.signal),
    { path: '/api/v1/namespaces', labelSelector: `${optIn.label}=${optIn.value}` },
    {
      keep: object => ({ view: viewOf(object) }),
      replace: items => {
        for (const name of entries.keys()) if (!items.has(name)) drop(name)
        for (const [name, { view }] of items) open(name, view)
      },
      set: (name, { view }) => open(name, view),
      remove: drop,
      ...follow(namespaces, {}, 'Namespaces'),
    },
    times,
    stop.signal,
  )

  const known = (entry: Following) =>
    entry.synced && (entry.behindSince === undefined || now() - entry.behindSince < staleSeconds * 1000)

  return {
    namespace: name => entries.get(name)?.view,
    configMap: (namespace, name) => {
      const entry = entries.get(namespace)
      if (!entry || !known(entry)) return 'unknown'
      return entry.configMaps.get(name) ?? (entry.behindSince === undefined ? 'absent' : 'unknown')
    },
    peerSets: delivering.reaching,
    pending: () => {
      if (complete) return []
      const isPending = ({ synced, forbidden, absent }: Following) => !synced && !forbidden && !absent
      const missing = namespaces.synced ? [] : ['the opted-in namespaces have not been read yet']
      for (const [name, entry] of entries) {
        if (isPending(entry)) missing.push(`the ConfigMaps of namespace ${name} have not been read yet`)
        if (isPending(entry.peerSets)) missing.push(`the PeerSets of namespace ${name} have not been read yet`)
      }
      complete = missing.length === 0
      return missing
    },
    behind: () =>
      [
        ['namespaces', namespaces] as const,
        ...[...entries].flatMap(([name, entry]) => [
          [`ConfigMaps of namespace ${name}`, entry] as const,
          [`PeerSets of namespace ${name}`, entry.peerSets] as const,
        ]),
      ]
        .filter(([, state]) => state.behindSince !== undefined)
        .map(([what, state]) => `${what}: ${state.error}`),
    synced: () => [...entries].map(([name, entry]) => [name, known(entry)] as const),
    close: async () => {
      stop.abort()
      await Promise.all([done, ...[...entries.values()].map(entry => entry.done)])
    },
  }
}

/** The texts only: managed fields and annotations are often larger than they. */
function valuesOf(object: ApiObject): Readonly<Record<string, string>> {
  return configMapValues(object, longestValue)
}

function viewOf({ metadata }: ApiObject): NamespaceView {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = metadata?.annotations ?? {}
  return { name: metadata?.name ?? '', labels: { ...metadata?.labels }, annotations }
}
