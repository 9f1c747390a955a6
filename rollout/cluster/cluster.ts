// What the controller knows of the cluster: the injected pods of opted-in namespaces, the peer lists they use and the
// addresses behind them.
//
// Memory follows what is watched: of pods an InjectedPod, of ConfigMaps the lists that some plan names, of
// EndpointSlices the addresses behind Services that some list names. An event costs what the pods that use the object
// cost.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { createFairLimit } from '../../kubernetes/fair-limit.ts'
import { createFetches } from '../../kubernetes/fetches.ts'
import { type ListWatchTimes, listWatchTimes } from '../../kubernetes/list-watch.ts'
import type { Slice } from '../../kubernetes/slices.ts'
import { createTenantBudget } from '../../kubernetes/tenant-budget.ts'
import { watchReader } from '../../kubernetes/watch-reader.ts'
import { createWatchStatus, fallenBehind, stalestSeconds, unreadYet } from '../../kubernetes/watch-status.ts'
import type { KeySource } from '../../peers/plan.ts'
import { parsePlan } from '../../peers/plan-check.ts'
import type { InjectedPod } from '../pod.ts'
import { createClusterPods } from './cluster-pods.ts'
import type { DesiredAnnotations } from './desired-annotations.ts'
import { gatherKeys } from './gathered-keys.ts'
import { interning } from './intern.ts'
import { digestOf, internedLists, listId, type ParsedList } from './lists.ts'
import { type NamespaceShared, type NamespaceWatch, watchNamespace } from './namespace-watch.ts'
import { followNamespaces } from './namespaces.ts'
import { threadMs } from './reading-time.ts'

export type ClusterWatch = {
  /** Of all opted-in namespaces, those that are being deleted until they are gone. */
  pods(): Iterable<InjectedPod>
  /** By podKey. */
  pod(key: string): InjectedPod | undefined
  /** 'unknown' where something that it depends on has not been read yet, and for a pod that is gone. */
  desired(pod: InjectedPod): DesiredAnnotations | 'unknown'
  /** Whether the namespace has opted in, so that its pods are known. */
  follows(namespace: string): boolean
  /** Whether the namespace has repeer.dev/pause, as annotation or label, that holds restarts: see parsePause. */
  paused(namespace: string): boolean
  /**
   * What has never been read yet: a reason not to be ready. Empty for good after the first complete read. A namespace
   * that may not be read is only behind: waiting does not help, and the others must not suffer.
   */
  pending(): readonly string[]
  /** What cannot be followed at the moment. */
  behind(): readonly string[]
  /** Namespaces whose lists are unknown, since they are more than can be kept or read in time; and why, as a sentence. */
  tooMuch(): ReadonlyMap<string, string>
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
  /** How many bytes the lists of a namespace, and of all, may take in memory. Default: 16 and 64 MiB. */
  readonly listBytes?: { readonly each: number; readonly inAll: number }
  /** How many bytes the plans and endpoints of a namespace's pods may take in memory. Default: 16 MiB. */
  readonly podBytes?: number
  /** How long the lists of a namespace may take to be read. Default: 3 s of a processor, and 0.1 s each second. */
  readonly readingTime?: NamespaceShared['readingTime']
  /** Until lists that were too much are read again. Default: 300,000. */
  readonly tryAgainMs?: number
}

/** Lists and single objects that are read at a time, by turns of namespaces. */
const readsAtOnce = 8

const mebibyte = 1024 * 1024
/**
 * The controller has 512 MiB (manifests/base/controller-deployment.yaml), of which 1,000 pods take some 200. A
 * namespace with 200 nodes that each list all others in a list of its own has 8 MiB.
 */
const defaultListBytes = { each: 16 * mebibyte, inAll: 64 * mebibyte }
/** 1,000 pods with 100 peers each, every one with a plan of its own, have some 10 MiB. */
const defaultPodBytes = 16 * mebibyte
/** A config.toml takes 0.3 ms (seen): there are 300 a second, and 10,000 at the start. */
const defaultReadingTime = { mostMs: 3_000, msPerSecond: 100, processorMs: threadMs }
/** Each time they are read up to the bound. */
const defaultTryAgainMs = 300_000

/** Starts to read at once, in the background. */
export function startClusterWatch(config: KubeConfig, options: ClusterWatchOptions): ClusterWatch {
  const { log, onChange, coalesceMs = 20, clusterDomain = 'cluster.local', now = () => performance.now() } = options
  const { listBytes = defaultListBytes, podBytes = defaultPodBytes } = options
  const { readingTime = defaultReadingTime, tryAgainMs = defaultTryAgainMs } = options
  const times = listWatchTimes(options)
  const stop = new AbortController()
  const fetches = createFetches(times, log)
  const limit = createFairLimit(readsAtOnce)
  // What the pods mark when they are settled is told, too.
  const changes = gatherKeys(coalesceMs, () => pods.settle(), onChange)

  const pods = createClusterPods({
    view: { list: listOf, slices: slicesOf, clusterDomain },
    configMaps: {
      need: (namespace, name) => namespaces.get(namespace)?.configMaps.need(name),
      drop: (namespace, name) => namespaces.get(namespace)?.configMaps.drop(name),
    },
    services: {
      need: (namespace, name) => namespaces.get(namespace)?.slices.need(name),
      drop: (namespace, name) => namespaces.get(namespace)?.slices.drop(name),
    },
    failed: (key, err) =>
      log.warn({ pod: key, err }, 'its lists cannot be read, by a fault of repeer; it is left alone'),
    changed: changes.add,
  })

  function listOf(namespace: string, source: KeySource): ParsedList | undefined | 'unknown' {
    const found = namespaces.get(namespace)?.configMaps.get(source.name) ?? 'unknown'
    if (found === 'unknown') return 'unknown'
    if (found.length === 0) return undefined
    const list = found[0]?.get(listId(source)) ?? 'unknown'
    return list === 'absent' ? undefined : list
  }

  function slicesOf(namespace: string, service: string): readonly Slice[] | 'unknown' {
    const watch = namespaces.get(namespace)
    return !watch || watch.forbidden() ? [] : watch.slices.get(service)
  }

  function servicesChanged(namespace: string): void {
    for (const service of pods.servicesIn(namespace)) pods.slicesChanged(namespace, service)
  }

  function reader(signal: AbortSignal, namespace = ''): ApiReader {
    return watchReader(config, times.watchSeconds, signal, read => limit(namespace, read))
  }

  const budget = createTenantBudget({
    bytesEach: listBytes.each,
    bytesInAll: listBytes.inAll,
    exceeded: name => namespaces.get(name)?.configMaps.exceed(tooMuch(listBytes)),
  })
  const shared: NamespaceShared = {
    reader: (signal, namespace) => reader(AbortSignal.any([stop.signal, signal]), namespace),
    fetches,
    times,
    now,
    log,
    plan: interning(digestOf, parsePlan),
    parse: internedLists(),
    budget,
    podBytes,
    readingTime,
    tryAgainMs,
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
  const status = createWatchStatus('Namespaces', log, now)
  const namespaces = followNamespaces({
    api: reader(stop.signal),
    times,
    signal: stop.signal,
    status,
    watch: name => watchNamespace(name, shared),
    pods,
    podChanged: changes.add,
    servicesChanged,
    log,
  })
  const statuses = () => [status, ...namespaces.all().flatMap(watch => watch.statuses())]
  let complete = false

  return {
    pods: pods.all,
    pod: pods.get,
    desired: pods.desired,
    follows: namespace => namespaces.get(namespace) !== undefined,
    paused: namespaces.paused,
    pending: () => {
      const missing = complete ? [] : unreadYet(statuses())
      complete ||= missing.length === 0
      return missing
    },
    behind: () => [
      ...fallenBehind(statuses()),
      ...fetches.failing(),
      ...namespaces.exceeded().map(([name, why]) => `ConfigMaps of namespace ${name}: ${why}`),
    ],
    tooMuch: () => new Map(namespaces.exceeded()),
    ageSeconds: () => stalestSeconds(statuses(), now()),
    counts: () => {
      const sum = (size: (watch: NamespaceWatch) => number) =>
        namespaces.all().reduce((total, watch) => total + size(watch), 0)
      return {
        ...pods.counts(),
        configMaps: sum(({ configMaps }) => configMaps.size()),
        services: sum(({ slices }) => slices.size()),
      }
    },
    close: async () => {
      stop.abort()
      changes.close()
      await Promise.all([fetches.close(), namespaces.close()])
    },
  }
}

function tooMuch({ each, inAll }: { readonly each: number; readonly inAll: number }): string {
  const [most, all] = [each, inAll].map(bytes => `${(bytes / mebibyte).toFixed(1)} MiB`)
  return `found more of its peer lists than can be kept, expected at most ${most} for a namespace and ${all} for all; its pods keep their annotations, and its lists are read again in some minutes`
}
