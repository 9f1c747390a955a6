// What the scenarios see: the nodes' own RPC, the sidecars' pages, the pods. All of it from inside the cluster's
// network.
import { setTimeout as sleep } from 'node:timers/promises'
import type { V1ContainerStatus, V1ObjectMeta, V1Pod, V1PodSpec, V1PodStatus } from '@kubernetes/client-node'
import type { Page } from '../../peers/page.ts'
import { client } from './client.ts'

/** As the API gives it: with what every pod there has. */
export type Pod = V1Pod & {
  metadata: V1ObjectMeta & { name: string; uid: string }
  spec: V1PodSpec
  status: V1PodStatus
}

/** Of a container or an init container. */
export function containerStatus(pod: Pod, name: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status
  return [...containerStatuses, ...initContainerStatuses].find(status => status.name === name)
}

/** Throws while there is no such pod. */
export async function getPod(namespace: string, name: string): Promise<Pod> {
  return (await client().core.readNamespacedPod({ namespace, name })) as Pod
}

export async function listPods(namespace: string, labelSelector?: string): Promise<Pod[]> {
  return (await client().core.listNamespacedPod({ namespace, ...(labelSelector ? { labelSelector } : {}) }))
    .items as Pod[]
}

export function isInjected(pod: Pick<V1Pod, 'spec'>): boolean {
  return pod.spec?.initContainers?.some(container => container.name === 'repeer') ?? false
}

/** Undefined while nothing answers. A busy machine may take its time; what is not there refuses at once. */
async function getJson<T>(url: string): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    return (await response.json()) as T
  } catch {
    return undefined
  }
}

const addresses = new Map<string, { readonly at: number; readonly ip: Promise<string | undefined> }>()

/** Known for a second: what polls would otherwise ask the API server for a whole pod each time. */
function addressOf(namespace: string, index: number): Promise<string | undefined> {
  const name = `node${index}-0`
  const key = `${namespace}/${name}`
  const known = addresses.get(key)
  if (known && performance.now() < known.at + 1000) return known.ip
  const ip = getPod(namespace, name).then(pod => pod.status.podIP)
  ip.catch(() => addresses.delete(key))
  addresses.set(key, { at: performance.now(), ip })
  return ip
}

export type NetInfo = { peers: { node_info: { id: string }; remote_ip: string }[] }

export async function netInfo(namespace: string, index: number): Promise<NetInfo | undefined> {
  return netInfoAt(await addressOf(namespace, index))
}

/** For pods that are not named as a chain's here. */
export async function netInfoAt(ip: string | undefined, port = 26657): Promise<NetInfo | undefined> {
  const answer = await getJson<{ result: NetInfo }>(`http://${ip}:${port}/net_info`)
  return answer?.result
}

type SyncInfo = { readonly latest_block_height: string; readonly catching_up: boolean }

async function syncInfoAt(ip: string | undefined, port = 26657): Promise<SyncInfo | undefined> {
  const answer = await getJson<{ result: { sync_info: SyncInfo } }>(`http://${ip}:${port}/status`)
  return answer?.result.sync_info
}

/** -1 while nothing answers. */
export async function height(namespace: string, index: number): Promise<number> {
  return heightAt(await addressOf(namespace, index))
}

/** -1 while nothing answers. */
export async function heightAt(ip: string | undefined, port?: number): Promise<number> {
  return Number((await syncInfoAt(ip, port))?.latest_block_height ?? -1)
}

/** Whether the node catches up with its chain; undefined while nothing answers. */
export async function syncing(namespace: string, index: number): Promise<boolean | undefined> {
  return (await syncInfoAt(await addressOf(namespace, index)))?.catching_up
}

export async function page(namespace: string, index: number): Promise<Page | undefined> {
  const ip = await addressOf(namespace, index)
  return getJson<Page>(`http://${ip}:9469/status`)
}

/** The status page at an address, for pods that are not of a chain. */
export async function pageAt(ip: string | undefined): Promise<Page | undefined> {
  return getJson<Page>(`http://${ip}:9469/status`)
}

/**
 * Polls every `everyMs` until the condition gives a value; throws after `seconds` with what was last seen. Returns the
 * value and the seconds it took.
 */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  everyMs = 300,
): Promise<{ value: T; seconds: number }> {
  const began = Date.now()
  let failure: unknown
  for (;;) {
    try {
      const value = await look()
      if (value !== undefined && value !== false) return { value, seconds: (Date.now() - began) / 1000 }
    } catch (error) {
      failure = error
    }
    if (Date.now() - began > seconds * 1000)
      throw new Error(`not within ${seconds} s: ${what}${failure ? ` (${String(failure)})` : ''}`)
    await sleep(everyMs)
  }
}

/** Fails as soon as the condition holds within `seconds`: for controls, which show the trouble without repeer. */
export async function never(seconds: number, look: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000
  while (Date.now() < deadline) {
    if (await look()) return false
    await sleep(1000)
  }
  return true
}
