// The pods that are measured: which lists they have, what their annotations therefore have to become, and when they
// did.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, configMapPath, type Follower, followPods, type PodState, slicePath } from './api.ts'
import {
  configOf,
  configText,
  type Fleet,
  hashOf,
  movedIndex,
  movedSliceName,
  type Node,
  namespaceName,
  nodesIn,
  peersText,
  seedsText,
  sharedConfig,
  sharedKey,
} from './fleet.ts'

export type Cohort = {
  readonly nodes: readonly Node[]
  readonly follower: Follower
  /** Seconds from `since` (performance.now()) until the pod fits; rejects after `seconds`. */
  arrival(node: Node, fits: (pod: PodState) => boolean, since: number, seconds?: number): Promise<number>
  /** Whether a pod's annotation is that of its lists as they are now. */
  fits(node: Node): (pod: PodState) => boolean
  /** Edits a node's own list. */
  editOwn(node: Node): Promise<void>
  /** Edits the list that the nodes of a namespace share. */
  editShared(namespace: string): Promise<void>
  /** Gives the first node's Service another address, which is returned. */
  move(namespace: string): Promise<string>
}

type Waiting = { readonly fits: (pod: PodState) => boolean; readonly done: (at: number) => void }

export function followCohort(api: Api, fleet: Fleet): Cohort {
  const namespaces = Array.from({ length: fleet.namespaces }, (_, index) => namespaceName(index))
  const waiting = new Map<string, Set<Waiting>>()
  const own = new Map<string, number>()
  const shared = new Map<string, number>()
  let moves = 0
  const keyOf = ({ namespace, name }: Node) => `${namespace}/${name}`
  const follower = followPods(namespaces, (key, pod) => {
    for (const waiter of waiting.get(key) ?? []) if (waiter.fits(pod)) waiter.done(pod.at)
  })
  return {
    nodes: namespaces.flatMap(namespace => nodesIn(namespace, fleet)),
    follower,
    arrival(node, fits, since, seconds = 240) {
      const key = keyOf(node)
      const present = follower.pods.get(key)
      if (present && fits(present)) return Promise.resolve(Math.max(0, present.at - since) / 1000)
      return new Promise((resolve, reject) => {
        const all = waiting.get(key) ?? new Set<Waiting>()
        waiting.set(key, all)
        const late = setTimeout(() => {
          all.delete(waiter)
          reject(new Error(`pod ${key}: its annotations are not what they should be after ${seconds} s`))
        }, seconds * 1000)
        const waiter: Waiting = {
          fits,
          done: at => {
            clearTimeout(late)
            all.delete(waiter)
            resolve((at - since) / 1000)
          },
        }
        all.add(waiter)
      })
    },
    fits(node) {
      const expected = hashOf(
        peersText(node, own.get(keyOf(node)) ?? 0, fleet),
        seedsText(node.namespace, shared.get(node.namespace) ?? 0),
      )
      return pod => pod.peerHash === expected && pod.endpoints !== undefined
    },
    async editOwn(node) {
      const edit = (own.get(keyOf(node)) ?? 0) + 1
      own.set(keyOf(node), edit)
      const data = { 'config.toml': configText(peersText(node, edit, fleet)) }
      await api.patch(configMapPath(node.namespace, configOf(node)), { data })
    },
    async editShared(namespace) {
      const edit = (shared.get(namespace) ?? 0) + 1
      shared.set(namespace, edit)
      await api.patch(configMapPath(namespace, sharedConfig), { data: { [sharedKey]: seedsText(namespace, edit) } })
    },
    async move(namespace) {
      moves++
      const address = `10.201.${Math.floor(moves / 250)}.${(moves % 250) + 1}`
      const endpoints = [
        { addresses: [address], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'node1' },
      ]
      await api.patch(slicePath(namespace, movedSliceName), { endpoints })
      return address
    },
  }
}

/** Nodes whose lists name the node that moves. */
export function listing(nodes: readonly Node[], namespace: string): Node[] {
  return nodes.filter(node => node.namespace === namespace && node.index !== movedIndex)
}

/** Waits until so many EndpointSlices of the EndpointSlice controller have an address. */
export async function slicesReady(api: Api, expected: number, say: (line: string) => void): Promise<void> {
  const selector = 'labelSelector=endpointslice.kubernetes.io%2Fmanaged-by%3Dendpointslice-controller.k8s.io'
  for (let round = 0; round < 60; round++) {
    const { items } = (await api.get(`/apis/discovery.k8s.io/v1/endpointslices?${selector}`)) as {
      items: { metadata: { namespace: string }; endpoints?: unknown[] | null }[]
    }
    const ready = items.filter(
      slice => slice.metadata.namespace.startsWith('chain-') && (slice.endpoints ?? []).length > 0,
    ).length
    if (ready >= expected) return
    if (round % 5 === 0) say(`  EndpointSlices of the pods' Services: ${ready} of ${expected}`)
    await sleep(3000)
  }
  throw new Error(
    `found fewer than ${expected} EndpointSlices with addresses after 3 minutes; is the controller manager well?`,
  )
}
