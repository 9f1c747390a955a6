// A chain over two nodes, as an operator has it: four validators, each with a volume that comes along to another node,
// each Ready when its RPC answers, and a disruption budget.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Chain, makeChain, type PodSpec } from './chain.ts'
import { client } from './client.ts'
import { apply } from './install.ts'
import { impatient, indexes, isConnected, openRpc, startInOrder, withLists } from './scenario.ts'
import { clusterFolder } from './second-node.ts'
import { getPod, listPods, type Pod, page, until } from './watch.ts'

export const onSecond = [1, 2] as const
export const onFirst = [0, 3] as const

/** Prefers a node, and runs on another where that is not to be had. */
export function preferring(node: string): object {
  const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }
  return {
    affinity: {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }] },
    },
  }
}

/**
 * Each two are connected as long as one of them lists the other and knows where it is. Nobody on the second node lists
 * anybody on the first: a pod that moves does not heal those who have lost it by itself.
 */
const lists = { 0: [1, 2, 3], 1: [2], 2: [], 3: [1, 2] }

/** Creates it: nodes 0 and 3 on the first node, 1 and 2 on the second. */
export function createSpreadChain(namespace: string): Chain {
  const pod = (spec: PodSpec, index: number): PodSpec => {
    const path = join(clusterFolder(), 'disks', namespace, `node${index}`)
    mkdirSync(path, { recursive: true })
    const [node, ...rest] = spec.containers
    if (!node) throw new Error('no container')
    // A busy machine takes its time: a pod that is not Ready is away, and nobody of its group gets a turn.
    const readinessProbe = { httpGet: { path: '/health', port: 'rpc' }, periodSeconds: 2, timeoutSeconds: 5 }
    const volumes = (spec.volumes as { name: string }[]).filter(({ name }) => name !== 'data')
    return {
      ...spec,
      ...preferring(isOnSecond(index) ? 'node2' : 'node1'),
      containers: [{ ...node, readinessProbe }, ...rest],
      // Both nodes see the cluster's folder: what a volume over the network is elsewhere.
      volumes: [...volumes, { name: 'data', hostPath: { path } }],
    }
  }
  const chain = makeChain({ namespace, annotations: impatient(), pod, config: openRpc })
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'chain', namespace },
    spec: {
      minAvailable: 3,
      selector: {
        matchExpressions: [{ key: 'app', operator: 'In', values: indexes.map(index => `node${index}`) }],
      },
    },
  }
  apply([budget, ...withLists(chain, lists)])
  return chain
}

/** The smallest one in which something can be lost: node0 on the first node lists node1 on the second. */
export async function controlChain(namespace: string): Promise<Chain> {
  const pod = (spec: PodSpec, index: number) => ({ ...spec, ...preferring(index === 1 ? 'node2' : 'node1') })
  const chain = makeChain({ namespace, validators: 2, pod, config: openRpc })
  await startInOrder(namespace, chain.objects, [[1], [0]])
  await until('node0 has node1', 60, () => isConnected(chain, namespace, 0, 1))
  return chain
}

export function isOnSecond(index: number): boolean {
  return onSecond.some(other => other === index)
}

/** By the name of each pod of a namespace. */
export async function nodesOf(namespace: string, labelSelector?: string): Promise<Map<string, string>> {
  const pods = await listPods(namespace, labelSelector)
  return new Map(pods.map(({ metadata, spec }) => [metadata.name, spec.nodeName ?? '']))
}

/** Waits until each is connected to all others where they are now. Returns the seconds it took. */
export async function allConnected(chain: Chain, namespace: string, seconds = 90): Promise<number> {
  const pairs = indexes.flatMap(index => indexes.filter(peer => peer > index).map(peer => [index, peer] as const))
  const apart = async () => {
    for (const [index, peer] of pairs) {
      const is =
        (await isConnected(chain, namespace, index, peer, 'at its present address')) ||
        (await isConnected(chain, namespace, peer, index, 'at its present address'))
      if (!is) return `node${index} and node${peer} are not`
    }
    return undefined
  }
  const began = Date.now()
  const taken = await until('all are connected to all', seconds, async () => {
    const those = await apart()
    if (those === undefined) return true
    const isLast = Date.now() - began > (seconds - 1) * 1000
    throw new Error(isLast ? `${those}\n${await whatPagesSay(namespace)}` : those)
  })
  return taken.seconds
}

/** Waits until these run on the first node. */
export async function untilOnFirst(namespace: string, of: readonly number[], seconds: number): Promise<void> {
  await until(`nodes ${of} run on the first node`, seconds, async () => {
    const pods = await Promise.all(of.map(index => getPod(namespace, `node${index}-0`)))
    return pods.every(({ spec, status }) => spec.nodeName === 'node1' && status.phase === 'Running')
  })
}

/** A node without a ready pod: milliseconds since the epoch. */
export type Absence = { readonly index: number; readonly from: number; until: number }

/** Looks at the chain's pods four times a second, and keeps when each had none, one that leaves, or none that is Ready. */
export function watchAbsences(namespace: string): { stop(): Promise<readonly Absence[]> } {
  const absences: Absence[] = []
  const last = new Map<number, Absence>()
  let stopped = false
  const done = (async () => {
    while (!stopped) {
      const pods = await listPods(namespace).catch(() => undefined)
      for (const index of pods ? indexes : []) {
        const now = Date.now()
        if (!isAway(pods ?? [], index)) last.delete(index)
        else {
          const absence = last.get(index) ?? { index, from: now, until: now }
          if (!last.has(index)) absences.push(absence)
          last.set(index, Object.assign(absence, { until: now }))
        }
      }
      await delay(250)
    }
  })()
  return {
    stop: async () => {
      stopped = true
      await done
      return absences
    },
  }
}

function isAway(pods: readonly Pod[], index: number): boolean {
  const pod = pods.find(({ metadata }) => metadata.name === `node${index}-0`)
  const isReady = pod?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return !pod || pod.metadata.deletionTimestamp !== undefined || !isReady
}

/** What the chain's pages say, in a line for each node: for messages. */
export async function whatPagesSay(namespace: string): Promise<string> {
  const pages = await Promise.all(indexes.map(index => page(namespace, index)))
  const { items } = await client().core.listNamespacedPod({ namespace })
  return indexes
    .map(index => {
      const now = pages[index]
      const pod = items.find(({ metadata }) => metadata?.name === `node${index}-0`)
      const says = now
        ? { ...now, lookups: undefined, annotations: pod?.metadata?.annotations?.['repeer.dev/turn-wait'] }
        : 'no page'
      return `node${index}: ${JSON.stringify(says)}`
    })
    .join('\n')
}
