// What to write on a pod so that it learns of a change of its list or of the addresses behind its hosts. Pure.
import type { PodEvent } from '../kubernetes/events.ts'
import { annotation } from '../peers/pod.ts'
import type { DesiredAnnotations } from './cluster/desired-annotations.ts'
import type { Annotations, InjectedPod } from './pod.ts'

/** The annotations that differ from what they should be; undefined where none does. */
export function changedAnnotations(
  pod: Pick<InjectedPod, 'peerHash' | 'endpoints'>,
  desired: DesiredAnnotations,
): Annotations | undefined {
  const changes = {
    ...(pod.peerHash === desired.peerHash ? {} : { [annotation.peerHash]: desired.peerHash ?? null }),
    ...(pod.endpoints === desired.endpoints ? {} : { [annotation.endpoints]: desired.endpoints ?? null }),
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

/** The Event of a change; what a pod is told for the first time is none: it has just been created. */
export function changeEvent(
  pod: Pick<InjectedPod, 'peerHash' | 'endpoints'>,
  changes: Annotations,
): PodEvent | undefined {
  const what = [
    ...(annotation.peerHash in changes && pod.peerHash !== undefined ? ['the peer list'] : []),
    ...(annotation.endpoints in changes && pod.endpoints !== undefined ? ['addresses of its peers'] : []),
  ]
  if (what.length === 0) return undefined
  return { type: 'Normal', reason: 'PeersChanged', message: `${what.join(' and ')} changed; the sidecar compares` }
}
