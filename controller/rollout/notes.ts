// What to write on a pod so that it learns of a change: the hash of its list, the addresses behind its hosts, and a nudge for its kubelet. Pure.
import { annotation } from '../../peers/pod.ts'
import type { Seen } from './pages.ts'
import type { InjectedPod } from './pod.ts'
import type { Wanted } from './wanted.ts'
import type { Annotations } from './writes.ts'

/** The annotations that differ from what they should be; undefined where none does. */
export function changedNotes(pod: Pick<InjectedPod, 'peerHash' | 'endpoints'>, wanted: Wanted): Annotations | undefined {
  const notes = {
    ...(pod.peerHash === wanted.peerHash ? {} : { [annotation.peerHash]: wanted.peerHash ?? null }),
    ...(pod.endpoints === wanted.endpoints ? {} : { [annotation.endpoints]: wanted.endpoints ?? null }),
  }
  return Object.keys(notes).length === 0 ? undefined : notes
}

/**
 * Three seconds: the kubelet refreshes a pod's files within one second of a change of the pod itself (measured: 0.35 to 0.9 s), but may not have seen
 * the ConfigMap's own change by then, since that comes to it by another watch.
 */
const nudgeMs = 3_000

/** Whether the pod's files still hold another list than its annotation names, `since` being when that was written (ms since the epoch). */
export function needsNudge(pod: Pick<InjectedPod, 'peerHash' | 'deleting'>, seen: Seen | undefined, since: number, now: number): boolean {
  if (!seen || !('page' in seen) || pod.deleting || pod.peerHash === undefined) return false
  const { list } = seen.page
  return list !== null && list !== pod.peerHash && now > since + nudgeMs && seen.at > since + nudgeMs
}
