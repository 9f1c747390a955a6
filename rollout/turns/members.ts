// From what is known of a pod to what the pacing needs of it. Pure.
import { blindTurn } from '../../peers/turn.ts'
import { type ReadPage, type Seen, unreachableMs } from '../pages/seen-page.ts'
import { type InjectedPod, podKey } from '../pod.ts'

/** What is known of a pod's status page. `unreachable` after it could not be read for some time, or never. */
export type Known = ReadPage | { readonly unreachable: string; readonly since: number }

export type Member = {
  readonly key: string
  readonly group: string
  readonly validator: boolean
  /** A number or a percentage, as text. */
  readonly maxUnavailable: string
  /** repeer.dev/pause on the pod or its namespace. */
  readonly paused: boolean
  /** Which of the two, where it is paused. */
  readonly pausedBy?: 'pod' | 'namespace'
  /** The pod's repeer.dev/settle-seconds. */
  readonly settleSeconds?: number
  readonly ready: boolean
  /** Deleted, or gone without another in its place yet. */
  readonly deleting: boolean
  /** The annotation repeer.dev/turn, and when it was granted (ms since the epoch). */
  readonly turn?: string
  readonly turnGrantedAt?: number
  /** blindTurn of the annotations as they stand: what is granted where the page cannot be read. */
  readonly blind: string
  /** Undefined where it has not been asked yet. */
  readonly seen?: Known
  /**
   * What it should be told has changed a moment ago, and may go on changing: a turn now would be for what is old by
   * then.
   */
  readonly changing: boolean
  /** Since when the pod is not Ready (ms since the epoch); absent where it is, or nothing is known. */
  readonly unreadySince?: number
}

/** What the controller has written and not seen come back yet. */
export type Written = { readonly turn: string; readonly grantedAt: number | undefined }

export type MemberParts = {
  readonly pod: InjectedPod
  /** Its namespace is paused; the pod's own pause is the pod's. */
  readonly namespacePaused: boolean
  readonly seen: Seen | undefined
  readonly written: Written | undefined
  /**
   * When its turn was granted, and since when it is not Ready, in the controller's own time. Default: as the pod has
   * them.
   */
  readonly grantedAt?: number | undefined
  readonly unreadySince?: number | undefined
  readonly changing: boolean
}

export function memberOf({ pod, namespacePaused, seen, written, changing, ...moments }: MemberParts): Member {
  const turn = written ? written.turn : pod.turn
  const { grantedAt = pod.turnGrantedAt, unreadySince = pod.readySince } = moments
  const turnGrantedAt = written?.grantedAt ?? grantedAt
  const known = seen && knownOf(seen)
  return {
    key: podKey(pod),
    group: groupOf(pod),
    validator: pod.plan.validator,
    maxUnavailable: pod.plan.maxUnavailable,
    paused: pod.paused || namespacePaused,
    ...(pod.paused ? { pausedBy: 'pod' as const } : namespacePaused ? { pausedBy: 'namespace' as const } : {}),
    settleSeconds: pod.plan.times.settleSeconds,
    ready: pod.ready,
    deleting: pod.deleting,
    blind: blindOf(pod),
    changing,
    ...(turn === undefined ? {} : { turn }),
    ...(turnGrantedAt === undefined ? {} : { turnGrantedAt }),
    ...(known ? { seen: known } : {}),
    ...(pod.ready || unreadySince === undefined ? {} : { unreadySince }),
  }
}

/**
 * The plan is an annotation, which whoever may create pods can forge: a group of another namespace is out of its reach.
 */
export function groupOf({ namespace, plan }: Pick<InjectedPod, 'namespace' | 'plan'>): string {
  return plan.group.startsWith(`${namespace}/`) ? plan.group : `${namespace}/${plan.group}`
}

const blindTurns = new WeakMap<InjectedPod, string>()

/**
 * blindTurn of the annotations that a pod has; hashed once for each state of a pod, since every evaluation asks for it.
 */
export function blindOf(pod: InjectedPod): string {
  const known = blindTurns.get(pod)
  if (known !== undefined) return known
  const turn = blindTurn(pod.peerHash, pod.endpoints)
  blindTurns.set(pod, turn)
  return turn
}

/** A pod that has gone: it uses up its group's budget until another is in its place. */
export function goneMember(pod: InjectedPod): Member {
  return {
    ...memberOf({ pod, namespacePaused: true, seen: undefined, written: undefined, changing: false }),
    ready: false,
    deleting: true,
  }
}

/**
 * A page that cannot be read for a moment is taken to say what it said last; that of a pod that has just come up is not
 * known yet.
 */
function knownOf(seen: Seen): Known | undefined {
  if ('page' in seen) return seen
  if (seen.at - seen.since < unreachableMs) return seen.last
  return { unreachable: seen.unreachable, since: seen.since }
}
