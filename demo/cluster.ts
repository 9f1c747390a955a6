// The demo's cluster: stand-ins for the API server, cluster DNS and the kubelet around the real webhook and the real
// sidecars.

import { createServer } from 'node:net'
import { join } from 'node:path'
import type { V1ConfigMap, V1Container, V1Pod } from '@kubernetes/client-node'
import type { Plan } from '../peers/plan.ts'
import { annotation, optIn } from '../peers/pod.ts'
import { admit } from './admission.ts'
import type { ChosenNode } from './choose-node.ts'
import type { Image } from './container.ts'
import { type Kubelet, startKubelet } from './kubelet.ts'
import { type Chain, firstLists, makeChain, type NodeName, namespace, nodeNames } from './manifests.ts'
import type { Names } from './names.ts'
import type { RunningPod } from './pod-run.ts'
import type { Timeline } from './timeline.ts'
import { type RunningWebhook, startWebhook, type WebhookOptions } from './webhook-process.ts'

export type Cluster = {
  readonly chain: Chain
  readonly rpcPort: (name: NodeName) => number
  readonly pod: (name: NodeName) => RunningPod
  /** What the webhook planned for its pod; undefined where none was created yet. */
  readonly plan: (name: NodeName) => Plan | undefined
  /** Admits the pod through the webhook and runs it. */
  readonly createPod: (name: NodeName) => Promise<RunningPod>
  readonly removePod: (name: NodeName) => Promise<void>
  /** Gives the names the addresses of their pods. */
  readonly publish: (names: readonly NodeName[]) => Promise<void>
  /** Sets persistent_peers in the node's ConfigMap. */
  readonly edit: (name: NodeName, persistentPeers: string) => Promise<void>
  readonly close: () => Promise<void>
}

export type ClusterOptions = Omit<WebhookOptions, 'objects'> & {
  readonly names: Names
  readonly node: ChosenNode
  readonly image: (container: V1Container) => Image
  readonly pid: number
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  readonly timeline: Timeline
}

/**
 * Starts the webhook over TLS and the kubelet's stand-in, with a ConfigMap for each node; no pod runs yet. Rejects
 * where a port or an address cannot be had.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { timeline, names } = options
  const rpcPorts = Object.fromEntries(
    await Promise.all(nodeNames.map(async name => [name, await freePort()] as const)),
  ) as Record<NodeName, number>
  // A second ago: CometBFT waits for a genesis time that is still to come.
  const chain = makeChain(new Date(Date.now() - 1000), rpcPorts)
  const data = new Map(nodeNames.map(name => [name, chain.config(name, chain.list(firstLists[name]))]))
  const configMapOf = (name: NodeName): V1ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-config`, namespace },
    data: data.get(name) ?? {},
  })
  const webhook: RunningWebhook = await startWebhook({
    ...options,
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { [optIn.label]: optIn.value } } },
      ...nodeNames.map(configMapOf),
    ],
  })
  const kubelet: Kubelet = startKubelet({
    directory: join(options.directory, 'kubelet'),
    image: options.image,
    nextIp: addresses(options.pid),
    kill: options.kill,
    // The kubelet's shape, a tenth of its times.
    backOff: { firstMs: 1000, mostMs: 30_000, resetMs: 60_000 },
  })
  for (const name of nodeNames) {
    await kubelet.setConfigMap(`${name}-config`, data.get(name) ?? {})
    await kubelet.setSecret(`${name}-keys`, chain.keys(name))
  }
  const pod = (name: NodeName) => {
    const found = kubelet.find(name)
    if (!found) throw new Error(`pod ${name} does not run`)
    return found
  }
  const plans = new Map<NodeName, Plan>()
  return {
    chain,
    plan: name => plans.get(name),
    rpcPort: name => rpcPorts[name],
    pod,
    createPod: async name => {
      const { pod: admitted, operations, ms, warnings } = await admit(chain.pod(name), webhook.address)
      plans.set(name, tellAdmission(timeline, name, admitted, { operations, ms, warnings }))
      return kubelet.create(admitted)
    },
    removePod: name => kubelet.remove(name),
    publish: list => names.publish(Object.fromEntries(list.map(name => [chain.host(name), pod(name).ip]))),
    edit: async (name, persistentPeers) => {
      data.set(name, chain.config(name, persistentPeers))
      await webhook.put(configMapOf(name))
      await kubelet.setConfigMap(`${name}-config`, data.get(name) ?? {})
    },
    close: async () => {
      await kubelet.close(1000)
      await webhook.close()
    },
  }
}

/** Throws where the pod was not injected with the strategy wrap: then nothing that the demo shows could happen. */
function tellAdmission(
  timeline: Timeline,
  name: NodeName,
  pod: V1Pod,
  seen: { operations: number; ms: number; warnings: readonly string[] },
): Plan {
  const text = pod.metadata?.annotations?.[annotation.plan]
  if (!text) throw new Error(`${name}: not injected: ${seen.warnings.join('; ') || 'the answer has no plan'}`)
  const plan = JSON.parse(text) as Plan
  timeline.tell(
    'repeer',
    'webhook',
    `${name} injected in ${seen.ms.toFixed(0)} ms: ${plan.profile}, ${plan.reach.by}, ${seen.operations} patch operations`,
    {
      node: name,
      plan,
      warnings: seen.warnings,
    },
  )
  if (plan.reach.by !== 'wrap') throw new Error(`${name}: found strategy ${plan.reach.by}, expected wrap`)
  return plan
}

/** Loopback addresses, each given out once; another /24 for each process, so that two demos can run side by side. */
function addresses(pid: number): () => string {
  let last = 0
  return () => `127.${64 + (pid % 128)}.${(pid >> 7) % 256}.${++last}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
