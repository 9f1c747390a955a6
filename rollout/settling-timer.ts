// How long it takes from a change that is written to a pod until its page says that it is settled. Pure.
import type { Seen } from './pages/seen-page.ts'
import type { InjectedPod } from './pod.ts'

/** When the change was written, and when the pod was seen to have it (ms since the epoch). */
export type SettlingTimer = { readonly since: number; readonly arrivedAt?: number }

/** A change is written: changes that come before the first has settled are timed with it. */
export function timerStarted(timer: SettlingTimer | undefined, at: number): SettlingTimer {
  return timer ?? { since: at }
}

/** The pod has what it should have. */
export function timerArrived(timer: SettlingTimer | undefined, at: number): SettlingTimer | undefined {
  return timer && { arrivedAt: at, ...timer }
}

/** From the annotation to what the pod's files say, in ms: the kubelet takes less. */
const refreshMs = 1000

/** Seconds, once the page says so; one that was read before the pod's files could hold the change does not count. */
export function settledAfterSeconds(
  timer: SettlingTimer | undefined,
  seen: Seen | undefined,
  { peerHash }: Pick<InjectedPod, 'peerHash'>,
): number | undefined {
  if (timer?.arrivedAt === undefined || !seen || !('page' in seen) || seen.page.phase !== 'settled') return undefined
  if (seen.at < timer.arrivedAt + refreshMs || (peerHash ?? seen.page.list) !== seen.page.list) return undefined
  return (seen.at - timer.since) / 1000
}
