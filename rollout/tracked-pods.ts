// The pods that the leader knows, and those that have gone and leave a gap in their group for a while.
import type { ClusterWatch } from './cluster/cluster.ts'
import { turnEchoAfter } from './echo.ts'
import { grantTime } from './grant-time.ts'
import { freshNudges, isToldMore } from './nudges.ts'
import type { Pages } from './pages/pages.ts'
import { type InjectedPod, podKey } from './pod.ts'
import { isChanging } from './rest.ts'
import type { RolloutTimes } from './times.ts'
import { newlyTracked, type TrackedPod } from './tracked-pod.ts'
import { goneMember, type Member, memberOf } from './turns/members.ts'

export type TrackedPods = {
  /** What is remembered of the pod, from now on by the state that is given here; one with another UID is a new one. */
  of(pod: InjectedPod): TrackedPod
  /** By podKey. */
  get(key: string): TrackedPod | undefined
  all(): Iterable<readonly [key: string, tracked: TrackedPod]>
  /** How all pods stand, those that are missing included. Takes notice of who has come and gone. */
  members(at: number): Member[]
  /** A pod of this name is there that has no sidecar: nothing is missing in its place. */
  replaced(key: string): void
}

export type TrackedPodsOptions = {
  readonly cluster: Pick<ClusterWatch, 'pods' | 'paused' | 'follows'>
  readonly pages: Pick<Pages, 'of'>
  readonly times: RolloutTimes
  /** Milliseconds since the epoch, only forward, as the pages' times are. */
  readonly now: () => number
  /** Milliseconds since the epoch as the machine has them, as the times in annotations are. */
  readonly wallNow: () => number
  /** A pod is not followed any more, though it has not gone: its namespace has lost its label. */
  readonly unfollowed: (pod: InjectedPod, at: number) => void
}

export function createTrackedPods(options: TrackedPodsOptions): TrackedPods {
  const { cluster, pages, times, now, wallNow, unfollowed } = options
  const pods = new Map<string, TrackedPod>()
  const gone = new Map<string, { readonly pod: InjectedPod; readonly at: number }>()

  function of(pod: InjectedPod): TrackedPod {
    const key = podKey(pod)
    const present = pods.get(key)
    if (present?.pod.uid === pod.uid) {
      if (isToldMore(present.pod, pod)) present.nudges = freshNudges(now())
      present.pod = pod
      return present
    }
    const tracked = newlyTracked(pod, now())
    pods.set(key, tracked)
    gone.delete(key)
    return tracked
  }

  function presentMember(pod: InjectedPod, at: number): Member {
    const tracked = of(pod)
    tracked.turnEcho = turnEchoAfter(tracked.turnEcho, pod.turn)
    const wallAhead = wallNow() - at
    // Until what was written comes back, the watch shows the stamp of before: it would be taken for the newer one.
    if (!tracked.turnEcho) tracked.granted = grantTime(tracked.granted, pod.turnGrantedAt, at, wallAhead)
    return memberOf({
      pod,
      namespacePaused: cluster.paused(pod.namespace),
      seen: pages.of(podKey(pod)),
      written: tracked.turnEcho,
      grantedAt: pod.turnGrantedAt === undefined ? undefined : tracked.granted?.at,
      unreadySince: pod.readySince && pod.readySince - wallAhead,
      changing: isChanging(tracked.rest, at, times),
    })
  }

  function forgetAllBut(seen: ReadonlySet<string>, at: number): void {
    for (const [key, { pod, isReplaced }] of pods) {
      if (seen.has(key)) continue
      pods.delete(key)
      if (!cluster.follows(pod.namespace)) unfollowed(pod, at)
      else if (!isReplaced) gone.set(key, { pod, at })
    }
  }

  function missingMembers(at: number): Member[] {
    for (const [key, { pod, at: since }] of gone) {
      // A namespace that is not followed any more has no groups: what is missing there is nobody's business, also once
      // it is followed again.
      if (at > since + times.goneSeconds * 1000 || !cluster.follows(pod.namespace)) gone.delete(key)
    }
    return [...gone.values()].map(({ pod }) => goneMember(pod))
  }

  return {
    of,
    get: key => pods.get(key),
    all: () => pods,
    members: at => {
      // A finished pod restarts no more; what stands in its place counts.
      const running = [...cluster.pods()].filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed')
      const present = running.map(pod => presentMember(pod, at))
      forgetAllBut(new Set(running.map(podKey)), at)
      return [...present, ...missingMembers(at)]
    },
    replaced: key => {
      gone.delete(key)
      const tracked = pods.get(key)
      if (tracked) tracked.isReplaced = true
    },
  }
}
