// The namespaces that have opted in, each followed by a watch of its own, from its label to its last pod.
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import type { WatchStatus } from '../../kubernetes/watch-status.ts'
import { annotation, optIn } from '../../peers/pod.ts'
import type { ClusterPods } from './cluster-pods.ts'
import type { NamespaceWatch } from './namespace-watch.ts'
import { isPaused } from './read-pod.ts'

export type Namespaces = {
  /** Undefined where the namespace has not opted in. */
  get(namespace: string): NamespaceWatch | undefined
  /** Whether it has repeer.dev/pause. */
  paused(namespace: string): boolean
  all(): readonly NamespaceWatch[]
  /** Resolves when nothing is under way any more; call it when the signal has aborted. */
  close(): Promise<void>
}

export type NamespacesOptions = {
  readonly api: ApiReader
  readonly times: ListWatchTimes
  readonly signal: AbortSignal
  readonly status: Pick<WatchStatus, 'handlers'>
  readonly watch: (namespace: string) => NamespaceWatch
  readonly pods: Pick<ClusterPods, 'remove' | 'servicesIn'>
  /** What a pod may do is another: its namespace is paused now, or is no more. */
  readonly podChanged: (key: string) => void
  /** What is known of the namespace's Services is another: it is followed from now on, or no more. */
  readonly servicesChanged: (namespace: string) => void
}

type Entry = { paused: boolean; readonly watch: NamespaceWatch }

export function followNamespaces(options: NamespacesOptions): Namespaces {
  const { api, times, signal, status, watch: start, pods, podChanged, servicesChanged } = options
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<unknown>>()

  function open(name: string, paused: boolean): void {
    const present = entries.get(name)
    if (present) {
      if (present.paused === paused) return
      present.paused = paused
      for (const key of present.watch.pods()) podChanged(key)
      return
    }
    const watch = start(name)
    entries.set(name, { paused, watch })
    for (const service of pods.servicesIn(name)) watch.slices.need(service)
    servicesChanged(name)
  }

  function shut(name: string): void {
    const watch = entries.get(name)?.watch
    if (!watch) return
    entries.delete(name)
    watch.stop()
    const done = watch.done.finally(() => closing.delete(done))
    closing.add(done)
    for (const key of watch.pods()) pods.remove(key)
    servicesChanged(name)
  }

  const done = listWatch<{ readonly paused: boolean }>(
    api,
    { path: '/api/v1/namespaces', labelSelector: `${optIn.label}=${optIn.value}` },
    {
      keep: ({ metadata }) => ({
        paused: isPaused(metadata?.annotations?.[annotation.pause]) || isPaused(metadata?.labels?.[annotation.pause]),
      }),
      replace: items => {
        for (const name of entries.keys()) if (!items.has(name)) shut(name)
        for (const [name, { paused }] of items) open(name, paused)
      },
      set: (name, { paused }) => open(name, paused),
      remove: shut,
      ...status.handlers,
    },
    times,
    signal,
  )

  return {
    get: name => entries.get(name)?.watch,
    paused: name => entries.get(name)?.paused ?? false,
    all: () => [...entries.values()].map(({ watch }) => watch),
    close: async () => {
      const watches = [...entries.values()].map(({ watch }) => watch)
      for (const watch of watches) watch.stop()
      await Promise.all([done, ...closing, ...watches.map(watch => watch.done)])
    },
  }
}
