// Whether the node has gone on undisturbed while its sidecar was replaced.
import { type ContainerStatus, nodeStatus, type PodObject } from '../cluster/pod-object.ts'
import type { PageAnswer } from '../cluster/status-page.ts'
import { Trouble } from './trouble.ts'

/** Two readings of one process's start differ by some hundredths of a second. */
const sameStartMs = 2000

/**
 * Throws Trouble where the pod is another one by now, or is being deleted, and, with `watchNode`, where the node's
 * container has started anew.
 */
export function mustBeSame(before: PodObject, now: PodObject, watchNode: boolean): void {
  const { name, uid } = before.metadata
  if (now.metadata.uid !== uid || now.metadata.deletionTimestamp)
    throw new Trouble(`pod ${name} was deleted meanwhile`, 'run this again')
  if (!watchNode) return
  const identity = (status: ContainerStatus | undefined) =>
    JSON.stringify([status?.containerID, status?.restartCount, status?.state?.running?.startedAt])
  const was = nodeStatus(before)
  const is = nodeStatus(now)
  if (identity(was) === identity(is)) return
  throw new Trouble(
    `the node's container ${was?.name ?? ''} has started anew (restartCount ${was?.restartCount} before, ${is?.restartCount} now)`,
    `see kubectl describe pod ${name}: if it was not for another reason, do not go on with this image`,
  )
}

/**
 * Throws Trouble where the node's process has started anew, by two status pages of its pod: under wrap it can do so
 * within its container. Without both pages nothing is known, and nothing thrown.
 */
export function mustBeSameProcess(before: PageAnswer, now: PageAnswer): void {
  const was = 'page' in before ? before.page.node.startedAt : undefined
  const is = 'page' in now ? now.page.node.startedAt : undefined
  if (was === undefined || is === undefined || Math.abs(Date.parse(is) - Date.parse(was)) <= sameStartMs) return
  throw new Trouble(
    `the node's process has started anew (${was} before, ${is} now)`,
    'see repeer check for why, then run this again',
  )
}
