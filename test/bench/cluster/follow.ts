// Follows the pods of a namespace and one node's RPC, often enough to time what happens to them.
import https from 'node:https'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { apiReader } from '../../../kubernetes/api-client.ts'
import { apiRequest } from '../../../kubernetes/api-request.ts'
import { listWatch } from '../../../kubernetes/list-watch.ts'

/** By the API and not by kubectl, whose start alone takes as long as some of what is timed here. */
export type Api = {
  patchConfigMap(namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void>
  deletePod(namespace: string, name: string): Promise<void>
}

export function openApi(): Api {
  const config = loadConfig()
  return {
    async patchConfigMap(namespace, name, data) {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
      await apiRequest(config, {
        method: 'PATCH',
        path,
        body: { data },
        contentType: 'application/merge-patch+json',
        expected: [],
      })
    },
    async deletePod(namespace, name) {
      const server = config.getCurrentCluster()?.server
      const options: https.RequestOptions = { method: 'DELETE' }
      await config.applyToHTTPSOptions(options)
      await new Promise<void>((resolve, reject) => {
        const request = https.request(`${server}/api/v1/namespaces/${namespace}/pods/${name}`, options, response => {
          response.resume()
          if (response.statusCode === 200) response.once('end', resolve)
          else reject(new Error(`deleting pod ${namespace}/${name}: found status ${response.statusCode}, expected 200`))
        })
        request.once('error', reject)
        request.end()
      })
    },
  }
}

function loadConfig(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}

export type PodState = {
  readonly uid: string
  readonly ip?: string
  readonly running: boolean
  readonly deleting: boolean
}

export type Follower = {
  pod(name: string): PodState | undefined
  close(): Promise<void>
}

type Pod = {
  metadata: { name: string; uid: string; deletionTimestamp?: string }
  status?: { phase?: string; podIP?: string }
}

/** By one watch, as a controller sees them. KUBECONFIG names the cluster. */
export function followPods(namespace: string): Follower {
  const config = loadConfig()
  const stop = new AbortController()
  let pods = new Map<string, PodState>()
  const none = () => undefined
  const done = listWatch<PodState>(
    apiReader(config, { signal: stop.signal, idleSeconds: 900 }),
    { path: `/api/v1/namespaces/${namespace}/pods` },
    {
      keep: object => {
        const { metadata, status } = object as Pod
        return {
          uid: metadata.uid,
          running: status?.phase === 'Running',
          deleting: metadata.deletionTimestamp !== undefined,
          ...(status?.podIP ? { ip: status.podIP } : {}),
        }
      },
      replace: items => {
        pods = items
      },
      set: (name, pod) => pods.set(name, pod),
      remove: name => pods.delete(name),
      synced: none,
      behind: none,
    },
    { minRetrySeconds: 0.2, maxRetrySeconds: 2, watchSeconds: 300, random: Math.random },
    stop.signal,
  )
  return {
    pod: name => pods.get(name),
    async close() {
      stop.abort()
      await done
    },
  }
}

export type Peer = {
  readonly node_info: { readonly id: string }
  readonly remote_ip: string
  readonly is_outbound: boolean
}

/** The peers of the node at an address; undefined where it does not answer within a second. */
export async function peersAt(ip: string | undefined): Promise<readonly Peer[] | undefined> {
  const body = await getJson(`http://${ip}:26657/net_info`)
  return (body as { result?: { peers: Peer[] } } | undefined)?.result?.peers
}

export async function getJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    return await response.json()
  } catch {
    return undefined
  }
}

/** `endedAt` by performance.now(); absent while it has not ended. */
export type Gap = { readonly ms: number; readonly endedAt?: number }

/**
 * Times how long node0 does not answer: from the moment at which the kernel closes a connection to it (the process has
 * ended) until it answers again. `longestGap` is the longest such time so far, one that has not ended included.
 */
export function watchDownTime(pods: Follower): { longestGap(): Gap; stop(): void } {
  const stop = new AbortController()
  let longest: Gap = { ms: 0 }
  let since: number | undefined
  void (async () => {
    while (!stop.signal.aborted) {
      await closed(pods.pod('node0-0')?.ip, stop.signal)
      since = performance.now()
      while (!stop.signal.aborted && !(await isHealthy(pods.pod('node0-0')?.ip))) await sleep(5)
      const endedAt = performance.now()
      if (endedAt - since > longest.ms) longest = { ms: endedAt - since, endedAt }
      since = undefined
    }
  })()
  return {
    longestGap() {
      const open = since === undefined ? 0 : performance.now() - since
      return open > longest.ms ? { ms: open } : longest
    },
    stop: () => stop.abort(),
  }
}

/**
 * Holds an idle connection and resolves when it ends. The RPC server ends idle ones by itself after 10 s: then it
 * answers the next one at once.
 */
function closed(ip: string | undefined, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port: 26657, host: ip ?? '127.0.0.1', signal })
    socket.once('error', () => undefined)
    socket.once('close', () => resolve())
    socket.resume()
  })
}

async function isHealthy(ip: string | undefined): Promise<boolean> {
  try {
    const response = await fetch(`http://${ip}:26657/health`, {
      signal: AbortSignal.timeout(500),
      headers: { connection: 'close' },
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
