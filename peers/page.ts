// The status page of one pod: what its sidecar found, decided and did, and when. The sidecar serves it; the controller,
// `repeer check` and monitoring read it. Whoever reads it reads a stranger's word: see page-check.ts.
import type { Level, OtherNode } from './plan.ts'
import type { HoldReason, LackReason } from './reasons.ts'

export const phases = ['starting', 'settled', 'waiting', 'telling', 'restarting', 'verifying'] as const
export type Phase = (typeof phases)[number]

export const outcomes = ['asked', 'verified', 'unverified', 'overtaken', 'not-taken'] as const
/**
 * `asked`: under way. `verified`: the node is back and connected. `unverified`: it is back, but not connected to what
 * it was restarted for.
 * `overtaken`: it is back, and what it was restarted for has moved again before it connected; neither a success nor in
 * vain. `not-taken`: the process was never replaced; it does not count.
 */
export type RestartOutcome = (typeof outcomes)[number]

export const toldOutcomes = ['asked', 'connected', 'in-vain', 'refused'] as const
/** `asked`: under way. `in-vain`: it was told, and did not connect. */
export type ToldOutcome = (typeof toldOutcomes)[number]

export type Page = {
  readonly container: string
  readonly profile: string
  /** How the node is reached: the plan's `reach.by`, not what repeer.dev/strategy asks for; an old name. */
  readonly strategy: 'wrap' | 'signal' | 'observe'
  /** `telling`: the running node has been told its peers, and is given the time to connect. */
  readonly phase: Phase
  /** ISO 8601, when this phase and reason began. */
  readonly since: string
  readonly reason?: HoldReason
  readonly sentence?: string
  readonly detail?: string
  /** When time alone may end the wait. */
  readonly until?: string
  /**
   * Settled, and not connected to all peers, nor to repeer.dev/min-peers of them: to how many, and since when that is
   * so for the first of them.
   */
  readonly lacking?: { readonly peers: number; readonly since: string }
  /**
   * The snapshot for which nothing is left to do, and the one that is wanted now: where the node waits for its turn,
   * the one with which it began to, though addresses that have nothing to do with it may have changed since. A turn
   * is granted for the wanted one.
   */
  readonly applied: string | null
  readonly wanted: string | null
  /** The hash of the list that the sources hold now, as repeer.dev/peer-hash has it. */
  readonly list: string | null
  /**
   * The turn that the sidecar's files hold; absent where there is none. A turn that was taken back still counts until
   * it is gone from here.
   */
  readonly turn?: string
  /**
   * The hash of repeer.dev/peer-hash and repeer.dev/endpoints as the sidecar's files hold them: see blindTurn. Absent
   * where the sidecar is an older one.
   */
  readonly notes?: string
  readonly connected: number
  readonly peers: readonly {
    readonly id?: string
    readonly peer: string
    readonly addresses: readonly string[]
    readonly standing: string
    readonly reachable?: boolean
    /** The address that a start of the node is given in place of the name; absent where it is given the name. */
    readonly pinned?: string
    /**
     * Of a peer that is not connected although nothing is left to do: why, since when, and until when where time alone
     * may end it.
     */
    readonly because?: LackReason
    readonly since?: string
    readonly until?: string
  }[]
  readonly node: {
    readonly id?: string
    readonly startedAt?: string
    readonly seenBy: string
    readonly height?: number
    readonly catchingUp?: boolean
    readonly listening?: boolean
    /** CometBFT: the node's own voting power, and that of all validators of its chain. */
    readonly votingPower?: number
    readonly totalPower?: number
    /** A sentence, where the node's status API was found not to be there, and its connections alone count. */
    readonly noStatusApi?: string
    /** Of a CometBFT validator: the newest block that was seen to hold its signature; 0 where none was yet. */
    readonly signedHeight?: number
  }
  readonly restarts: readonly {
    readonly at: string
    readonly snapshot: string
    /** The turn that it was taken with; absent where it needed none, or the sidecar is an older one. */
    readonly turn?: string
    readonly level: Level
    readonly why: string
    readonly outcome: RestartOutcome
    /** When the outcome was known; absent while it is asked. */
    readonly endedAt?: string
    /** How many peers the node was connected to, and its height, when it was restarted. */
    readonly connectedBefore?: number
    readonly height?: number
  }[]
  /** The last times that the running node was told its peers, newest last. */
  readonly told: readonly {
    readonly at: string
    readonly snapshot: string
    readonly outcome: ToldOutcome
  }[]
  /** Look-ups that have failed since their last answer. */
  readonly lookups: readonly { readonly host: string; readonly failures: number; readonly error?: string }[]
  /** Other nodes in the pod, from the plan: one node of a pod is followed. Absent where there are none. */
  readonly notFollowed?: readonly OtherNode[]
  readonly lookedAt: string
}
