// Follows one opted-in namespace: its pods, then the ConfigMaps that they use, then the EndpointSlices of the Services
// that their lists name. One after the other at the start, so that each list is read once, with it being known what of
// it is needed.
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type Fetches, unlessAbsent } from '../../kubernetes/fetches.ts'
import { type ApiObject, type ListWatchHandlers, type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import { isDeleting } from '../../kubernetes/object-state.ts'
import { readSlice, type Slice, serviceLabel } from '../../kubernetes/slices.ts'
import type { TenantBudget } from '../../kubernetes/tenant-budget.ts'
import { createWatchStatus, type WatchStatus } from '../../kubernetes/watch-status.ts'
import type { KeySource, Plan } from '../../peers/plan.ts'
import { annotation } from '../../peers/pod.ts'
import { type InjectedPod, podKey } from '../pod.ts'
import { createKeptPods } from './kept-pods.ts'
import { createKeyedStore, type KeyedStore } from './keyed-store.ts'
import type { parseList } from './lists.ts'
import { createNamespaceLists, type NamespaceLists } from './namespace-lists.ts'
import { readPod } from './read-pod.ts'
import type { ReadingTimeOptions } from './reading-time.ts'

export type NamespaceWatch = {
  readonly configMaps: Omit<NamespaceLists, 'handlers'>
  readonly slices: KeyedStore<Slice>
  /** Those that have been started. */
  statuses(): readonly WatchStatus[]
  /** May not be read, so that nothing is known of its Services. */
  forbidden(): boolean
  /** The pods that it has told of and not taken back. */
  pods(): Iterable<string>
  /** Tells nothing any more. */
  stop(): void
  /** After `stop`. */
  readonly done: Promise<unknown>
}

export type NamespaceShared = {
  readonly reader: (signal: AbortSignal, namespace: string) => ApiReader
  readonly fetches: Fetches
  readonly times: ListWatchTimes
  readonly now: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly plan: (text: string) => Plan
  readonly parse: typeof parseList
  readonly budget: Pick<TenantBudget, 'keeps' | 'forget'>
  /** Of one namespace's lists. */
  readonly readingTime: Omit<ReadingTimeOptions, 'now'>
  /** How many bytes the texts of a namespace's pods may take, see createKeptPods. */
  readonly podBytes: number
  /** Until lists that were too much are read again, in ms. */
  readonly tryAgainMs: number
  /** What is needed of a ConfigMap. */
  readonly sourcesOf: (namespace: string, configMap: string) => Iterable<KeySource>
  readonly on: {
    readonly pod: (pod: InjectedPod) => void
    readonly podGone: (key: string) => void
    /** A pod without a sidecar has been seen; it may stand where another was. */
    readonly podWithout: (key: string) => void
    readonly lists: (namespace: string, configMap: string) => void
    readonly slices: (namespace: string, service: string) => void
    /** All lists are known: what they name is to be needed before EndpointSlices are read. */
    readonly listsKnown: () => void
    readonly forbidden: (namespace: string) => void
  }
}

/** Pods and EndpointSlices are some 10 KB each. */
const pageSize = 250
/** Pods whose unusable plan or odd annotation has been logged. */
const maxRemembered = 1000

export function watchNamespace(namespace: string, shared: NamespaceShared): NamespaceWatch {
  const { fetches, times, now, log, on } = shared
  const stop = new AbortController()
  const api = shared.reader(stop.signal, namespace)
  const core = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const paths = {
    pods: `${core}/pods`,
    configMaps: `${core}/configmaps`,
    slices: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
  }
  const started: WatchStatus[] = []
  const running: Promise<void>[] = []
  const pods = new Set<string>()
  const keptPods = createKeptPods(shared.podBytes)
  /** Why, by the pod's name: to be said once, not at each of its events. */
  const said = new Map<string, string>()

  const configMaps = createNamespaceLists({
    namespace,
    parse: shared.parse,
    budget: shared.budget,
    readingTime: { ...shared.readingTime, now },
    tryAgainMs: shared.tryAgainMs,
    sourcesOf: name => shared.sourcesOf(namespace, name),
    fetch: (name, isNeeded, done) => {
      const load = () => unlessAbsent(api.get(`${paths.configMaps}/${encodeURIComponent(name)}`), undefined)
      const take = (object: unknown) => done(object === undefined ? [] : [object as ApiObject])
      fetches.add({
        tenant: namespace,
        what: `ConfigMap ${namespace}/${name}`,
        isNeeded: whileOpen(isNeeded),
        load,
        done: take,
      })
    },
    changed: name => on.lists(namespace, name),
    signal: stop.signal,
    log,
  })
  const slices = createKeyedStore<Slice>({
    groupOf: object => object.metadata?.labels?.[serviceLabel],
    read: readSlice,
    isSame: isDeepStrictEqual,
    fetch: (service, isNeeded, done) => {
      const load = () => api.get(paths.slices, { labelSelector: `${serviceLabel}=${service}` })
      const take = (list: unknown) => done((list as { items?: readonly ApiObject[] | null }).items ?? [])
      fetches.add({
        tenant: namespace,
        what: `EndpointSlices of Service ${namespace}/${service}`,
        isNeeded: whileOpen(isNeeded),
        load,
        done: take,
      })
    },
    changed: service => on.slices(namespace, service),
  })
  const whileOpen = (isNeeded: () => boolean) => () => !stop.signal.aborted && isNeeded()

  function start<T>(kind: string, path: string, handlers: Collected<T>, onSynced: () => void, size?: number): void {
    const onForbidden = () => on.forbidden(namespace)
    const state = createWatchStatus(`${kind} of namespace ${namespace}`, log, now, { onSynced, onForbidden })
    started.push(state)
    const collection = { path, ...(size === undefined ? {} : { pageSize: size }) }
    running.push(listWatch(api, collection, { ...handlers, ...state.handlers }, times, stop.signal))
  }

  function keepPod(object: ApiObject): InjectedPod | undefined {
    const name = object.metadata?.name ?? ''
    const say = (message: string) => (reason: string) => {
      if (said.get(name) === reason) return
      if (said.size === maxRemembered) said.clear()
      log.warn({ namespace, pod: name, reason }, message)
      said.set(name, reason)
    }
    const unusable = say('the pod has a plan that cannot be used; it is left alone')
    const odd = say('the pod has an odd annotation')
    // An object of a collection is of its namespace, whatever it says.
    const found = readPod(
      { ...object, metadata: { ...object.metadata, namespace } },
      { plan: shared.plan, unusable, odd },
    )
    const pod = found && fits(found, object) ? found : undefined
    if (found && !pod) unusable(`found no room for it among the ${shared.podBytes} bytes of plans of its namespace`)
    if (!found) keptPods.drop(name)
    if (!pod && !isDeleting(object.metadata as { deletionTimestamp?: unknown } | undefined))
      on.podWithout(podKey({ namespace, name }))
    return pod
  }

  function fits({ name, plan, endpoints }: InjectedPod, object: ApiObject): boolean {
    const planText = object.metadata?.annotations?.[annotation.plan] ?? ''
    return keptPods.keep(name, { plan, planText, endpoints })
  }

  function setPod(pod: InjectedPod): void {
    pods.add(podKey(pod))
    on.pod(pod)
  }

  function removePod(key: string): void {
    if (pods.delete(key)) on.podGone(key)
  }

  const podHandlers: Collected<InjectedPod> = {
    listing: () => said.clear(),
    keep: keepPod,
    replace: items => {
      keptPods.retain(new Set(items.keys()))
      const keys = new Set([...items.values()].map(podKey))
      for (const key of pods) if (!keys.has(key)) removePod(key)
      for (const pod of items.values()) setPod(pod)
    },
    set: (_name, pod) => setPod(pod),
    remove: name => {
      keptPods.drop(name)
      removePod(podKey({ namespace, name }))
    },
  }
  const startSlices = () => {
    on.listsKnown()
    start('EndpointSlices', paths.slices, slices.handlers, () => undefined, pageSize)
  }
  const startConfigMaps = () => start('ConfigMaps', paths.configMaps, configMaps.handlers, startSlices)
  start('Pods', paths.pods, podHandlers, startConfigMaps, pageSize)

  return {
    configMaps,
    slices,
    statuses: () => started,
    forbidden: () => started.some(state => state.forbidden),
    pods: () => pods,
    stop: () => {
      stop.abort()
      shared.budget.forget(namespace)
    },
    get done() {
      return Promise.all(running)
    },
  }
}

type Collected<T> = Pick<ListWatchHandlers<T>, 'keep' | 'replace' | 'set' | 'remove'> & { listing(): void }
