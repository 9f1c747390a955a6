// The namespaces that have opted in, each followed by a watch of its own, from its label to its last pod.
import type { Logger } from 'pino'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { type ListWatchTimes, listWatch } from '../../kubernetes/list-watch.ts'
import type { WatchStatus } from '../../kubernetes/watch-status.ts'
import { type Pause, parsePause } from '../../peers/pause.ts'
import { annotation, optIn } from '../../peers/pod.ts'
import { present } from '../../peers/present.ts'
import type { ClusterPods } from './cluster-pods.ts'
import type { NamespaceWatch } from './namespace-watch.ts'

export type Namespaces = {
  /** Undefined where the namespace has not opted in. */
  get(namespace: string): NamespaceWatch | undefined
  /** Whether it has repeer.dev/pause, as annotation or label, that holds restarts: see parsePause. */
  paused(namespace: string): boolean
  all(): readonly NamespaceWatch[]
  /** Whose lists were too much, and why. */
  exceeded(): readonly (readonly [namespace: string, why: string])[]
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
  readonly log: Pick<Logger, 'warn'>
}

type Entry = { pause: Pause; readonly watch: NamespaceWatch }

export function followNamespaces(options: NamespacesOptions): Namespaces {
  const { api, times, signal, status, watch: start, pods, podChanged, servicesChanged, log } = options
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<unknown>>()

  function open(name: string, pause: Pause): void {
    const entry = entries.get(name)
    if (pause.odd !== undefined && pause.odd !== entry?.pause.odd) log.warn({ namespace: name }, pause.odd)
    if (entry) {
      const isSame = entry.pause.held === pause.held
      entry.pause = pause
      if (isSame) return
      for (const key of entry.watch.pods()) podChanged(key)
      return
    }
    const watch = start(name)
    entries.set(name, { pause, watch })
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

  const done = listWatch<Pause>(
    api,
    { path: '/api/v1/namespaces', labelSelector: `${optIn.label}=${optIn.value}` },
    {
      keep: ({ metadata }) =>
        either(parsePause(metadata?.annotations?.[annotation.pause]), parsePause(metadata?.labels?.[annotation.pause])),
      replace: items => {
        for (const name of entries.keys()) if (!items.has(name)) shut(name)
        for (const [name, pause] of items) open(name, pause)
      },
      set: open,
      remove: shut,
      ...status.handlers,
    },
    times,
    signal,
  )

  return {
    get: name => entries.get(name)?.watch,
    paused: name => entries.get(name)?.pause.held ?? false,
    all: () => [...entries.values()].map(({ watch }) => watch),
    exceeded: () =>
      [...entries].flatMap(([name, { watch }]) => {
        const why = watch.configMaps.exceeded()
        return why === undefined ? [] : [[name, why] as const]
      }),
    close: async () => {
      const watches = [...entries.values()].map(({ watch }) => watch)
      for (const watch of watches) watch.stop()
      await Promise.all([done, ...closing, ...watches.map(watch => watch.done)])
    },
  }
}

/** A namespace is paused by its annotation or its label. */
function either(annotation: Pause, label: Pause): Pause {
  return { held: annotation.held || label.held, ...present('odd', annotation.odd ?? label.odd) }
}
