// Our own parts in a soak: found, restarted on purpose, and watched for restarts that nobody asked for.
import { controller, ownNamespace, webhook } from '../../peers/installed.ts'
import { containerName } from '../../peers/pod.ts'
import { kill, ownProcesses } from '../chaos/processes.ts'
import { client } from '../testbed/client.ts'
import { kubectl } from '../testbed/install.ts'
import { containerStatus, getPod, listPods, type Pod, until } from '../testbed/watch.ts'
import type { OwnRestart } from './acts.ts'

type Part = 'webhook' | 'controller'
const deployment = { webhook: webhook.name, controller: controller.name } as const

async function podsOf(part: Part): Promise<Pod[]> {
  const pods = await listPods(ownNamespace)
  return pods.filter(
    ({ metadata, status }) =>
      metadata.name.startsWith(`${deployment[part]}-`) && !metadata.deletionTimestamp && status.phase === 'Running',
  )
}

/** The pods that stay, one for each part, so that there is a process to draw a line through: the eldest, the leader. */
export async function chooseElders(): Promise<Record<Part, string>> {
  const [eldest] = (await podsOf('webhook')).toSorted(
    (left, right) => Number(left.metadata.creationTimestamp) - Number(right.metadata.creationTimestamp),
  )
  const lease = kubectl('-n', ownNamespace, 'get', 'lease', controller.name, '-o', 'jsonpath={.spec.holderIdentity}')
  const [name = ''] = lease.split('_')
  const leader = await getPod(ownNamespace, name)
  if (!eldest) throw new Error('found no pod of the webhook')
  return { webhook: eldest.metadata.uid, controller: leader.metadata.uid }
}

export type OwnParts = {
  /** `spare`: UIDs of pods that stay. `sidecarUid`: of the pod of the node that is asked for. */
  restart(own: OwnRestart, spare: ReadonlySet<string>, sidecarUid: string): Promise<void>
  /** Counts a pod's restarts before the pod goes. */
  note(pod: Pod): void
  /** Sentences: containers of ours that were started again, and not by this. */
  unasked(present: readonly Pod[]): Promise<string[]>
}

export function ownParts(): OwnParts {
  const asked = new Map<string, number>()
  const seen = new Map<string, { name: string; container: string; count: number }>()

  const note = (pod: Pod) => {
    for (const container of [containerName.sidecar, webhook.container, 'controller']) {
      const status = containerStatus(pod, container)
      if (status) seen.set(pod.metadata.uid, { name: pod.metadata.name, container, count: status.restartCount })
    }
  }
  const end = (uid: string, part: Part | 'sidecar') => {
    // None where the kubelet waits before it starts the container again.
    const found = ownProcesses(part, uid)
    kill(found)
    asked.set(uid, (asked.get(uid) ?? 0) + found.length)
  }
  return {
    note,
    async restart(own, spare, sidecarUid) {
      if (own.part === 'sidecar') return end(sidecarUid, 'sidecar')
      const candidates = (await podsOf(own.part)).filter(({ metadata }) => !spare.has(metadata.uid))
      const pod = candidates[Math.floor(own.which * candidates.length)]
      if (!pod) return
      if (own.how === 'killed') return end(pod.metadata.uid, own.part)
      note(pod)
      await client().core.deleteNamespacedPod({ namespace: ownNamespace, name: pod.metadata.name })
    },
    async unasked(present) {
      for (const pod of [...present, ...(await podsOf('webhook')), ...(await podsOf('controller'))]) note(pod)
      return [...seen].flatMap(([uid, { name, container, count }]) => {
        const more = count - (asked.get(uid) ?? 0)
        return more > 0 ? [`${container} of ${name}: ${more} times`] : []
      })
    },
  }
}

/** All replicas of both are there; one that was killed again and again is waited for. */
export async function ownPartsReady(seconds: number): Promise<void> {
  await until('webhook and controller are ready', seconds, async () => {
    const { items } = await client().apps.listNamespacedDeployment({ namespace: ownNamespace })
    return items.every(({ spec, status }) => status?.readyReplicas === spec?.replicas)
  })
}
