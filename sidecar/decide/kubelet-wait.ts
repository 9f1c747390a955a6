// How long the kubelet makes a container wait that ends, from the restarts that are remembered: what a restart by way
// of the container will cost is said before it is begun. Pure.
import type { Memory } from './memory.ts'

/**
 * The kubelet's back-off for a container (CrashLoopBackOff), in seconds: at once where it has not been started for ten
 * minutes, then 10 s, twice as long each time, 300 s at most. Read in Kubernetes 1.36.3: doBackOff and
 * newCrashLoopBackOff in pkg/kubelet, and client-go's flowcontrol.Backoff. An admin may make it shorter (see
 * docs/how-it-decides.md), which no pod can see.
 */
const firstSeconds = 10
const longestSeconds = 300
const forgottenMs = 2 * longestSeconds * 1000

/**
 * Seconds, 0 for none, where the container ends now. Counts what repeer knows: a container that has crashed by itself
 * waits for longer. A container counts as started when its restart has ended, which is a little later than it was: so
 * near the ten minutes a wait is said that there may not be.
 * @param now milliseconds since the epoch
 */
export function kubeletWaitSeconds({ restarts }: Pick<Memory, 'restarts'>, now: number): number {
  let next = 0
  let startedAt = Number.NEGATIVE_INFINITY
  for (const { level, outcome, at, endedAt = at } of restarts) {
    // A process that ends within its container is the supervisor's matter, and what was not taken has ended nothing.
    if (level !== 'container' || outcome === 'not-taken') continue
    next = at > startedAt + forgottenMs || next === 0 ? firstSeconds : Math.min(2 * next, longestSeconds)
    startedAt = endedAt
  }
  return now > startedAt + forgottenMs ? 0 : next
}

/** In words, for a restart that is not yet begun or is due; undefined where it costs no wait. */
export function kubeletWaitWords(level: string, memory: Pick<Memory, 'restarts'>, now: number): string | undefined {
  const seconds = level === 'container' ? kubeletWaitSeconds(memory, now) : 0
  return seconds === 0
    ? undefined
    : `the kubelet makes the container wait for ${seconds} s before it starts it again (CrashLoopBackOff), as it was restarted within the last 10 minutes`
}
