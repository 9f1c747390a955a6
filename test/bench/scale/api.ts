// The bench's own requests to the API server, many at a time on connections that are kept, and a watch on the
// annotations of all pods.
import { KubeConfig } from '@kubernetes/client-node'
import { apiReader } from '../../../kubernetes/api-client.ts'
import { apiRequest, keepAliveAgent } from '../../../kubernetes/api-request.ts'
import { listWatch } from '../../../kubernetes/list-watch.ts'
import { annotation } from '../../../peers/pod.ts'
import type { KubernetesObject } from './fleet.ts'

const atOnce = 16

export type Api = {
  /** One that is there already is left as it is. */
  create(object: KubernetesObject): Promise<void>
  /** A merge patch. */
  patch(path: string, body: unknown): Promise<void>
  get(path: string): Promise<unknown>
}

export function openApi(): Api {
  const config = loadConfig()
  const agent = keepAliveAgent(config)
  const timeoutMs = 60_000
  return {
    async create(object) {
      await apiRequest(config, {
        method: 'POST',
        path: collectionOf(object),
        body: object,
        expected: [409],
        timeoutMs,
        agent,
      })
    },
    async patch(path, body) {
      await apiRequest(config, {
        method: 'PATCH',
        path,
        body,
        contentType: 'application/merge-patch+json',
        expected: [],
        timeoutMs,
        agent,
      })
    },
    get: path => apiRequest(config, { method: 'GET', path, expected: [], timeoutMs, agent }),
  }
}

export function loadConfig(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}

/** All of them, a few at a time; the first failure fails it. */
export async function forAll<T>(items: Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items].values()
  const work = async () => {
    for (const item of queue) await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

export const configMapPath = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`
export const slicePath = (namespace: string, name: string) =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`

function collectionOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const { namespace } = metadata
  return `${base}${typeof namespace === 'string' ? `/namespaces/${namespace}` : ''}/${kind.toLowerCase()}s`
}

/** `at`: when the watch told of it, by performance.now(). */
export type PodState = {
  readonly peerHash: string | undefined
  readonly endpoints: string | undefined
  readonly ip: string | undefined
  readonly ready: boolean
  readonly at: number
}

export type Follower = {
  /** By namespace/name. */
  readonly pods: ReadonlyMap<string, PodState>
  close(): Promise<void>
}

type Pod = {
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly status?: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/**
 * By a watch for each namespace, as names are unique in a namespace only. `changed` is told of each pod that the
 * watches tell of.
 */
export function followPods(
  namespaces: readonly string[],
  changed: (key: string, pod: PodState) => void = () => undefined,
): Follower {
  const config = loadConfig()
  const stop = new AbortController()
  const pods = new Map<string, PodState>()
  const none = () => undefined
  const times = { minRetrySeconds: 0.2, maxRetrySeconds: 2, watchSeconds: 900, random: Math.random }
  const follow = (namespace: string) => {
    const set = (name: string, pod: PodState) => {
      const key = `${namespace}/${name}`
      pods.set(key, pod)
      changed(key, pod)
    }
    const handlers = {
      keep: (object: object) => stateOf(object as Pod),
      replace: (items: ReadonlyMap<string, PodState>) => {
        for (const [name, pod] of items) set(name, pod)
      },
      set,
      remove: (name: string) => void pods.delete(`${namespace}/${name}`),
      synced: none,
      behind: none,
    }
    const collection = { path: `/api/v1/namespaces/${namespace}/pods`, pageSize: 250 }
    return listWatch<PodState>(
      apiReader(config, { signal: stop.signal, idleSeconds: 1900 }),
      collection,
      handlers,
      times,
      stop.signal,
    )
  }
  const done = Promise.all(namespaces.map(follow))
  return {
    pods,
    async close() {
      stop.abort()
      await done
    },
  }
}

function stateOf({ metadata, status }: Pod): PodState {
  return {
    peerHash: metadata.annotations?.[annotation.peerHash],
    endpoints: metadata.annotations?.[annotation.endpoints],
    ip: status?.podIP,
    ready: status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') ?? false,
    at: performance.now(),
  }
}
