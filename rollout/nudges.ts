// When a pod's kubelet is nudged, since the pod's files do not say what its annotations do. Pure.
import type { Seen, SeenPage } from './pages/seen-page.ts'
import type { InjectedPod } from './pod.ts'
import { blindOf } from './turns/members.ts'

/**
 * Before each nudge, in ms. The kubelet refreshes a pod's files within one second of a change of the pod itself
 * (measured: 0.35 to 0.9 s), so one that has not after 1.5 s has missed it: it may not have seen the ConfigMap's own
 * change by then, which comes to it by another watch; and where the change comes while it is just about to write the
 * files, it may write those of before (the volume manager's reconciler takes its pods before it asks which of them have
 * to be written again). After the last it has looked by itself.
 */
const nudgePauses = [1_500, 3_000, 6_000, 12_000, 24_000, 48_000]

/**
 * Since when a pod's files should hold what its annotations say, or when it was last nudged (ms since the epoch); and
 * how often it was.
 */
export type Nudges = { readonly since: number; readonly given: number }

/** The pod has just been told something. */
export function freshNudges(at: number): Nudges {
  return { since: at, given: 0 }
}

/** One more is given. */
export function nudged({ given }: Nudges, at: number): Nudges {
  return { since: at, given: given + 1 }
}

/** Whether the kubelet is still expected to refresh the pod's files. */
export function isAwaited({ given }: Nudges): boolean {
  return given < nudgePauses.length
}

/** Whether a pod's annotations tell its sidecar something else than before. */
export function isToldMore(before: InjectedPod, pod: InjectedPod): boolean {
  return before.peerHash !== pod.peerHash || before.endpoints !== pod.endpoints || before.turn !== pod.turn
}

/**
 * Whether the sidecar has read other files than those that the pod's annotations and its list make: it is behind them,
 * or, where the controller's watch lags, ahead. A page is from the sidecar's last look, so a nudge may be for nothing;
 * it costs the kubelet one look.
 */
export function isOutOfStep(pod: InjectedPod, { list, notes, turn }: SeenPage): boolean {
  if (pod.peerHash !== undefined && list !== null && list !== pod.peerHash) return true
  return turn !== pod.turn || (notes !== undefined && notes !== blindOf(pod))
}

/** Whether it is time to make the kubelet look at the pod again. */
export function needsNudge(pod: InjectedPod, seen: Seen | undefined, { since, given }: Nudges, now: number): boolean {
  const pause = nudgePauses[given]
  if (pause === undefined || !seen || !('page' in seen) || pod.deleting) return false
  return now > since + pause && seen.at > since + pause && isOutOfStep(pod, seen.page)
}
