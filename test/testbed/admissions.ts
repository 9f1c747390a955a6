// Pods created without pause, to see what admission does with each while something happens to the webhook.
import type { V1Pod } from '@kubernetes/client-node'
import { client } from './client.ts'
import { kubectl } from './install.ts'
import { plainPod } from './plain-node.ts'
import { isInjected, listPods, until } from './watch.ts'

export const system = 'repeer-system'

export type Admissions = {
  /** Pods asked for. */
  count: number
  /** What was answered instead of a pod, with the time. */
  readonly refused: string[]
  /** Names of pods without a sidecar, with the time. */
  readonly uninjected: string[]
}

/**
 * Creates pods, so many at a time, from now until `stop` is called, which gives what happened to them. Nobody schedules
 * them: only admission matters.
 */
export function createWithoutPause(namespace: string, atATime = 2): { stop(): Promise<Admissions> } {
  const seen: Admissions = { count: 0, refused: [], uninjected: [] }
  const ending = new AbortController()
  const all = Promise.all(Array.from({ length: atATime }, () => createOneByOne(namespace, ending.signal, seen)))
  return {
    stop: async () => {
      ending.abort()
      await all
      return seen
    },
  }
}

async function createOneByOne(namespace: string, stop: AbortSignal, seen: Admissions): Promise<void> {
  while (!stop.aborted) {
    seen.count++
    const created = await createPod(namespace).catch((error: Error) => error)
    const now = new Date().toISOString()
    if (created instanceof Error) {
      seen.refused.push(`${now} ${created.message.slice(0, 500)}`)
      continue
    }
    const name = created.metadata?.name ?? ''
    if (!isInjected(created)) seen.uninjected.push(`${now} ${name}`)
    await client().core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 })
  }
}

/** Asks for one pod that repeer injects. Throws with the API's answer where it is refused. */
export function createPod(namespace: string): Promise<V1Pod> {
  const { metadata, ...pod } = plainPod(namespace, 'any', {
    script: 'exec busybox sleep 9999',
    peers: 'other:30303',
    pod: { schedulerName: 'nobody' },
  })
  const { name, ...unnamed } = metadata
  return client().core.createNamespacedPod({
    namespace,
    body: { ...pod, metadata: { ...unnamed, generateName: `${name}-` } } as V1Pod,
  })
}

const deployment = { namespace: system, name: 'repeer-webhook' }

export function webhookPods() {
  return listPods(system, 'app.kubernetes.io/component=webhook')
}

/** Scales the webhook and waits until it is so. */
export async function scaleWebhook(replicas: number): Promise<void> {
  kubectl('-n', system, 'scale', 'deployment', deployment.name, `--replicas=${replicas}`)
  await webhookIs(replicas)
}

/**
 * Waits until so many replicas of the present template are ready, and no others are left. Other than `kubectl rollout
 * status` it lets a load go on.
 */
export async function webhookIs(replicas: number): Promise<void> {
  await until(`${replicas} replicas of the webhook`, 90, async () => {
    const { metadata, status } = await client().apps.readNamespacedDeployment(deployment)
    if (status?.observedGeneration !== metadata?.generation) return false
    const pods = await webhookPods()
    const ready = pods.filter(pod =>
      pod.status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True'),
    )
    return pods.length === replicas && ready.length === replicas && (status?.updatedReplicas ?? 0) === replicas
  })
}
