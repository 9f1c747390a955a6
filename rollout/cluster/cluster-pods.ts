// The injected pods, what each depends on, and what its annotations should be: computed anew only where something it
// depends on has changed.
import { isDeepStrictEqual } from 'node:util'
import type { KeySource } from '../../peers/plan.ts'
import type { ServiceName } from '../../peers/service-name.ts'
import { type InjectedPod, podKey } from '../pod.ts'
import {
  type ClusterView,
  type DesiredAnnotations,
  endpointsOf,
  listsTogether,
  servicesOf,
  type Together,
} from './desired-annotations.ts'
import { createUsers } from './users.ts'

export type ClusterPods = {
  set(pod: InjectedPod): void
  remove(key: string): void
  get(key: string): InjectedPod | undefined
  all(): Iterable<InjectedPod>
  listsChanged(namespace: string, configMap: string): void
  slicesChanged(namespace: string, service: string): void
  /** Finds out which Services the lists that have changed name. */
  settle(): void
  desired(pod: InjectedPod): DesiredAnnotations | 'unknown'
  /** What the pods need of a ConfigMap; some may be there twice. */
  sourcesOf(namespace: string, configMap: string): Iterable<KeySource>
  /** The Services of a namespace that the lists of pods anywhere name. */
  servicesIn(namespace: string): Iterable<string>
  /** Pods, and how often annotations were computed. */
  counts(): { readonly pods: number; readonly computed: number }
}

export type ClusterPodsOptions = {
  readonly view: ClusterView
  /** `need` may be said again, where another key of a ConfigMap is needed. */
  readonly configMaps: Needs
  readonly services: Needs
  /** The lists of a pod could not be read, which is a fault of repeer: nothing is known of what it should be told. */
  readonly failed: (key: string, error: unknown) => void
  /** The pod's own state, or what its annotations should be, may have changed. */
  readonly changed: (key: string) => void
}
export type Needs = { need(namespace: string, name: string): void; drop(namespace: string, name: string): void }

type Tracked = {
  pod: InjectedPod
  together: Together | 'unknown'
  services: ReadonlyMap<string, ServiceName>
  /** Undefined: to be computed. */
  desired: DesiredAnnotations | 'unknown' | undefined
}

export function createClusterPods({ view, configMaps, services, failed, changed }: ClusterPodsOptions): ClusterPods {
  const tracked = new Map<string, Tracked>()
  const configMapUsers = createUsers()
  const serviceUsers = createUsers()
  /** Pods whose lists may have changed. */
  const stale = new Set<string>()
  let computed = 0

  /** Takes the new before it gives up the old, so that what both need is not dropped in between. */
  function use(key: string, pod: InjectedPod | undefined, before: InjectedPod | undefined): void {
    const names = configMapsOf(pod)
    if (pod) {
      for (const name of names) {
        configMapUsers.add(pod.namespace, name, key)
        configMaps.need(pod.namespace, name)
      }
    }
    if (!before) return
    for (const name of configMapsOf(before)) {
      if (!names.has(name) && configMapUsers.remove(before.namespace, name, key))
        configMaps.drop(before.namespace, name)
    }
  }

  function useServices(key: string, its: Tracked, next: ReadonlyMap<string, ServiceName>): void {
    const before = its.services
    its.services = next
    for (const { namespace, service } of next.values())
      if (serviceUsers.add(namespace, service, key)) services.need(namespace, service)
    for (const [id, { namespace, service }] of before) {
      if (!next.has(id) && serviceUsers.remove(namespace, service, key)) services.drop(namespace, service)
    }
  }

  function readLists(key: string): void {
    stale.delete(key)
    const its = tracked.get(key)
    if (!its) return
    const together = togetherOf(key, its.pod)
    if (together !== 'unknown' && (its.together === 'unknown' || its.together.hosts !== together.hosts)) {
      const names = servicesOf(together.hosts, its.pod.namespace, view.clusterDomain)
      useServices(key, its, new Map(names.map(name => [`${name.namespace}/${name.service}`, name])))
    }
    its.together = together
    its.desired = undefined
  }

  /** A pod's text that repeer stumbles over must not end the controller of all others. */
  function togetherOf(key: string, pod: InjectedPod): Together | 'unknown' {
    try {
      return listsTogether(pod, view)
    } catch (error) {
      failed(key, error)
      return 'unknown'
    }
  }

  function compute({ pod, together }: Tracked): DesiredAnnotations | 'unknown' {
    computed++
    if (together === 'unknown') return 'unknown'
    const endpoints = endpointsOf(together.hosts, pod.namespace, view)
    if (endpoints === 'unknown') return 'unknown'
    const { peerHash } = together
    return { ...(peerHash === undefined ? {} : { peerHash }), ...(endpoints === undefined ? {} : { endpoints }) }
  }

  return {
    set: pod => {
      const key = podKey(pod)
      const before = tracked.get(key)
      if (before && isDeepStrictEqual(before.pod, pod)) return
      if (before?.pod.plan === pod.plan) before.pod = pod
      else {
        tracked.set(key, { together: 'unknown', services: new Map(), desired: undefined, ...before, pod })
        use(key, pod, before?.pod)
        stale.add(key)
      }
      changed(key)
    },
    remove: key => {
      const its = tracked.get(key)
      if (!its) return
      tracked.delete(key)
      stale.delete(key)
      use(key, undefined, its.pod)
      useServices(key, its, new Map())
      changed(key)
    },
    get: key => tracked.get(key)?.pod,
    all: () => [...tracked.values()].map(({ pod }) => pod),
    listsChanged: (namespace, configMap) => {
      for (const key of configMapUsers.of(namespace, configMap)) {
        stale.add(key)
        changed(key)
      }
    },
    slicesChanged: (namespace, service) => {
      for (const key of serviceUsers.of(namespace, service)) {
        const its = tracked.get(key)
        if (its) its.desired = undefined
        changed(key)
      }
    },
    settle: () => {
      for (const key of stale) readLists(key)
    },
    desired: pod => {
      const key = podKey(pod)
      if (stale.has(key)) readLists(key)
      const its = tracked.get(key)
      if (!its || its.pod.uid !== pod.uid) return 'unknown'
      its.desired ??= compute(its)
      return its.desired
    },
    sourcesOf: (namespace, configMap) => {
      const plans = new Set(
        [...configMapUsers.of(namespace, configMap)].flatMap(key => tracked.get(key)?.pod.plan ?? []),
      )
      return [...plans].flatMap(({ sources }) =>
        sources.filter((source): source is KeySource => source.kind === 'ConfigMap' && source.name === configMap),
      )
    },
    servicesIn: namespace => serviceUsers.names(namespace),
    counts: () => ({ pods: tracked.size, computed }),
  }
}

function configMapsOf(pod: InjectedPod | undefined): ReadonlySet<string> {
  return new Set(pod?.plan.sources.flatMap(source => (source.kind === 'ConfigMap' ? [source.name] : [])))
}
