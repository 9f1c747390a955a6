// What the controller knows of the cluster: the injected pods of opted-in namespaces, the peer lists they use and the
// addresses behind them.
//
// Memory follows what is watched: of pods an InjectedPod, of ConfigMaps the lists that some plan names, of
// EndpointSlices the addresses behind Services that some list names. An event costs what the pods that use the object
// cost.
import type { KubeConfig } from '@kubernetes/client-node'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { type ApiReader, apiReader } from '../../kubernetes/api-client.ts'
import { createFetches } from '../../kubernetes/fetches.ts'
import { type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import type { Slice } from '../../kubernetes/slices.ts'
import { createWatchStatus } from '../../kubernetes/watch-status.ts'
import type { KeySource } from '../../peers/plan.ts'
import { parsePlan } from '../../peers/plan-check.ts'
import { annotation, optIn } from '../../peers/pod.ts'
import type { InjectedPod } from '../pod.ts'
import { createClusterPods } from './cluster-pods.ts'
import type { DesiredAnnotations } from './desired-annotations.ts'
import { interning } from './intern.ts'
import { digestOf, internedLists, listId, type ParsedList } from './lists.ts'
import { type NamespaceShared, type NamespaceWatch, watchNamespace } from './namespace-watch.ts'
import { isPaused } from './read-pod.ts'

export type ClusterWatch = {
  /** Of all opted-in namespaces, those that are being deleted until they are gone. */
  pods(): Iterable<InjectedPod>
  /** By podKey. */
  pod(key: string): InjectedPod | undefined
  /** 'unknown' where something that it depends on has not been read yet, and for a pod that is gone. */
  desired(pod: InjectedPod): DesiredAnnotations | 'unknown'
  /** Whether the namespace has opted in, so that its pods are known. */
  follows(namespace: string): boolean
  /** Whether the namespace has repeer.dev/pause, as annotation or label, with any value but "false". */
  paused(namespace: string): boolean
  /**
   * What has never been read yet: a reason not to be ready. Empty for good after the first complete read. A namespace
   * that may not be read is only behind: waiting does not help, and the others must not suffer.
   */
  pending(): readonly string[]
  /** What cannot be followed at the moment. */
  behind(): readonly string[]
  /**
   * Since the last word of the watch that has been silent for longest. The API server sends bookmarks once a minute
   * where nothing happens.
   */
  ageSeconds(): number
  /** What is held in memory, and how often a pod's annotations have been computed since the start. */
  counts(): { readonly pods: number; readonly configMaps: number; readonly services: number; readonly computed: number }
  close(): Promise<void>
}

export type ClusterWatchOptions = Partial<ListWatchTimes> & {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Told the keys of pods whose wanted annotations or own state may have changed, or that are gone. */
  readonly onChange: (keys: ReadonlySet<string>) => void
  /**
   * Told the key of each pod without a sidecar that is seen: whoever was there under that name before has been
   * replaced.
   */
  readonly onWithout?: (key: string) => void
  /** How long changes are gathered before they are told. Default: 20. */
  readonly coalesceMs?: number
  /** Default: cluster.local. */
  readonly clusterDomain?: string
  /** Milliseconds, from any clock that only goes forward. */
  readonly now?: () => number
}

/** Longer than any watch is asked to stay open, so that only a dead connection is ever cut. */
const idleMarginSeconds = 30
/** Lists and single objects come at once, or not at all. */
const answerSeconds = 30
/** Lists and single objects that are read at a time. */
const readsAtOnce = 8

type Entry = { paused: boolean; readonly watch: NamespaceWatch }

/** Starts to read at once, in the background. */
export function startClusterWatch(config: KubeConfig, options: ClusterWatchOptions): ClusterWatch {
  const { log, onChange, coalesceMs = 20, clusterDomain = 'cluster.local', now = () => performance.now() } = options
  const times = {
    minRetrySeconds: options.minRetrySeconds ?? 0.5,
    maxRetrySeconds: options.maxRetrySeconds ?? 30,
    watchSeconds: options.watchSeconds ?? 300,
    random: options.random ?? Math.random,
  }
  const stop = new AbortController()
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<unknown>>()
  const fetches = createFetches(times, log)
  const limit = pLimit(readsAtOnce)
  const dirty = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let complete = false

  const pods = createClusterPods({
    view: { list: listOf, slices: slicesOf, clusterDomain },
    configMaps: {
      need: (namespace, name) => entries.get(namespace)?.watch.needConfigMap(name),
      drop: (namespace, name) => entries.get(namespace)?.watch.configMaps.drop(name),
    },
    services: {
      need: (namespace, name) => entries.get(namespace)?.watch.slices.need(name),
      drop: (namespace, name) => entries.get(namespace)?.watch.slices.drop(name),
    },
    changed,
  })

  function changed(key: string): void {
    dirty.add(key)
    timer ??= setTimeout(flush, coalesceMs)
  }

  function flush(): void {
    // What this marks is told, too.
    pods.settle()
    timer = undefined
    const keys = new Set(dirty)
    dirty.clear()
    onChange(keys)
  }

  function listOf(namespace: string, source: KeySource): ParsedList | undefined | 'unknown' {
    const found = entries.get(namespace)?.watch.configMaps.get(source.name) ?? 'unknown'
    if (found === 'unknown') return 'unknown'
    if (found.length === 0) return undefined
    const list = found[0]?.get(listId(source)) ?? 'unknown'
    return list === 'absent' ? undefined : list
  }

  function slicesOf(namespace: string, service: string): readonly Slice[] | 'unknown' {
    const watch = entries.get(namespace)?.watch
    return !watch || watch.forbidden() ? [] : watch.slices.get(service)
  }

  function reader(signal: AbortSignal): ApiReader {
    const single = apiReader(config, { signal, idleSeconds: answerSeconds })
    const watching = apiReader(config, { signal, idleSeconds: times.watchSeconds * 2 + idleMarginSeconds })
    return { get: (path, query) => limit(() => single.get(path, query)), stream: watching.stream }
  }

  const shared: NamespaceShared = {
    reader: signal => reader(AbortSignal.any([stop.signal, signal])),
    fetches,
    times,
    now,
    log,
    plan: interning(digestOf, parsePlan),
    parse: internedLists(),
    sourcesOf: pods.sourcesOf,
    on: {
      pod: pods.set,
      podGone: pods.remove,
      podWithout: options.onWithout ?? (() => {}),
      lists: pods.listsChanged,
      slices: pods.slicesChanged,
      listsKnown: pods.settle,
      forbidden: servicesChanged,
    },
  }

  /** Whether anything is known of the namespace's Services has changed. */
  function servicesChanged(namespace: string): void {
    for (const service of pods.servicesIn(namespace)) pods.slicesChanged(namespace, service)
  }

  function open(name: string, paused: boolean): void {
    const present = entries.get(name)
    if (present) {
      if (present.paused === paused) return
      present.paused = paused
      for (const key of present.watch.pods()) changed(key)
      return
    }
    const watch = watchNamespace(name, shared)
    entries.set(name, { paused, watch })
    for (const service of pods.servicesIn(name)) watch.slices.need(service)
    servicesChanged(name)
  }

  function close(name: string): void {
    const watch = entries.get(name)?.watch
    if (!watch) return
    entries.delete(name)
    watch.stop()
    const done = watch.done.finally(() => closing.delete(done))
    closing.add(done)
    for (const key of watch.pods()) pods.remove(key)
    servicesChanged(name)
  }

  const namespaces = createWatchStatus('Namespaces', log, now)
  const done = listWatch<{ readonly paused: boolean }>(
    reader(stop.signal),
    { path: '/api/v1/namespaces', labelSelector: `${optIn.label}=${optIn.value}` },
    {
      keep: ({ metadata }) => ({
        paused: isPaused(metadata?.annotations?.[annotation.pause]) || isPaused(metadata?.labels?.[annotation.pause]),
      }),
      replace: items => {
        for (const name of entries.keys()) if (!items.has(name)) close(name)
        for (const [name, { paused }] of items) open(name, paused)
      },
      set: (name, { paused }) => open(name, paused),
      remove: close,
      ...namespaces.handlers,
    },
    times,
    stop.signal,
  )
  const statuses = () => [namespaces, ...[...entries.values()].flatMap(({ watch }) => watch.statuses())]

  return {
    pods: pods.all,
    pod: pods.get,
    desired: pods.desired,
    follows: namespace => entries.has(namespace),
    paused: namespace => entries.get(namespace)?.paused ?? false,
    pending: () => {
      if (complete) return []
      const missing = statuses()
        .filter(({ synced, forbidden }) => !synced && !forbidden)
        .map(({ what }) => `${what}: not read yet`)
      complete = missing.length === 0
      return missing
    },
    behind: () => [
      ...statuses().flatMap(({ what, error }) => (error === undefined ? [] : [`${what}: ${error}`])),
      ...fetches.failing(),
    ],
    ageSeconds: () => {
      const contacts = statuses().flatMap(({ forbidden, contactAt }) => (forbidden ? [] : [contactAt]))
      return (now() - Math.min(now(), ...contacts)) / 1000
    },
    counts: () => {
      const watches = [...entries.values()].map(({ watch }) => watch)
      const sum = (size: (watch: NamespaceWatch) => number) => watches.reduce((total, watch) => total + size(watch), 0)
      return {
        ...pods.counts(),
        configMaps: sum(({ configMaps }) => configMaps.size()),
        services: sum(({ slices }) => slices.size()),
      }
    },
    close: async () => {
      stop.abort()
      clearTimeout(timer)
      for (const { watch } of entries.values()) watch.stop()
      await Promise.all([done, fetches.close(), ...closing, ...[...entries.values()].map(({ watch }) => watch.done)])
    },
  }
}
