// The status page: what repeer found, decided and did for this pod, and when. Pure: from memory, look and decision to JSON.
import { hostPort } from '../peers/peer.ts'
import { type HoldReason, holdReasons } from '../peers/reasons.ts'
import { peerHash } from '../peers/snapshot.ts'
import { hashOf, peersOf } from './given.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import type { Outcome } from './reconcile.ts'

export const phases = ['starting', 'settled', 'waiting', 'restarting', 'verifying'] as const
export type Phase = (typeof phases)[number]

export type Page = {
  readonly container: string
  readonly profile: string
  readonly strategy: 'wrap' | 'signal' | 'observe'
  readonly phase: Phase
  /** ISO 8601, when this phase and reason began. */
  readonly since: string
  readonly reason?: HoldReason
  readonly sentence?: string
  readonly detail?: string
  /** When time alone may end the wait. */
  readonly until?: string
  /** The snapshot for which nothing is left to do, and the one that is wanted now. A turn is granted for the wanted one. */
  readonly applied: string | null
  readonly wanted: string | null
  /** The hash of the list that the sources hold now, as repeer.dev/peer-hash has it. */
  readonly list: string | null
  readonly connected: number
  readonly peers: readonly {
    readonly id?: string
    readonly peer: string
    readonly addresses: readonly string[]
    readonly standing: string
    readonly reachable?: boolean
  }[]
  readonly node: {
    readonly startedAt?: string
    readonly seenBy: string
    readonly height?: number
    readonly catchingUp?: boolean
    readonly listening?: boolean
  }
  readonly restarts: readonly {
    readonly at: string
    readonly snapshot: string
    readonly level: string
    readonly why: string
    readonly outcome: string
  }[]
  /** Look-ups that have failed since their last answer. */
  readonly lookups: readonly { readonly host: string; readonly failures: number; readonly error?: string }[]
  readonly lookedAt: string
}

/** The page for one look. `previous` gives `since` where phase and reason have not changed. */
export function pageOf(look: Look, outcome: Outcome, previous: Page | null): Page {
  const { memory, decision, assessed } = outcome
  const phase = phaseOf(memory, decision)
  const reason = decision.do === 'wait' ? decision.reason : isWithKubelet(look, outcome) ? 'kubelet-back-off' : undefined
  const same = previous?.phase === phase && previous.reason === reason
  const lists = look.list.ok ? look.list.lists : null
  // How long the kubelet waits, only the kubelet knows.
  const until = 'until' in decision && decision.until !== undefined && reason !== 'kubelet-back-off' ? iso(decision.until) : undefined
  return {
    container: look.plan.container,
    profile: look.plan.profile,
    strategy: look.plan.reach.by,
    phase,
    since: same ? previous.since : iso(look.now),
    ...(reason ? { reason, sentence: holdReasons[reason] } : {}),
    ...(decision.do === 'wait' && decision.detail ? { detail: decision.detail } : {}),
    ...(until ? { until } : {}),
    applied: memory.settled?.hash ?? null,
    wanted: lists ? hashOf(lists, look.hosts) : null,
    list: lists ? peerHash(peersOf(lists)) : null,
    connected: assessed.filter(one => one.standing === 'connected').length,
    peers: assessed.map(one => ({
      ...(one.peer.id ? { id: one.peer.id } : {}),
      peer: hostPort(one.peer),
      addresses: one.addresses,
      standing: one.standing,
      ...(one.reachable === undefined ? {} : { reachable: one.reachable }),
    })),
    node: nodeOf(look, memory),
    restarts: memory.restarts.map(({ at, hash, level, why, outcome }) => ({ at: iso(at), snapshot: hash, level, why, outcome })),
    lookups: Object.entries(look.hosts).flatMap(([host, { failures, error }]) =>
      failures > 0 ? [{ host, failures, ...(error ? { error } : {}) }] : [],
    ),
    lookedAt: iso(look.now),
  }
}

/** A restart of the container is under way, and the node is gone: the next step is the kubelet's. */
function isWithKubelet(look: Look, { memory, decision }: Outcome): boolean {
  const { intent } = memory
  return decision.do === 'verify' && intent !== null && intent.backAt === undefined && intent.level !== 'process' && 'hold' in look.process
}

function phaseOf(memory: Memory, decision: Outcome['decision']): Phase {
  if (decision.do === 'restart') return 'restarting'
  if (decision.do === 'verify') return memory.intent?.backAt === undefined ? 'restarting' : 'verifying'
  if (decision.do === 'nothing') return 'settled'
  return memory.process === null && memory.given === null ? 'starting' : 'waiting'
}

function nodeOf(look: Look, memory: Memory): Page['node'] {
  const { seenBy, status, listening } = look.node
  return {
    ...(memory.process ? { startedAt: iso(memory.process.startedAt) } : {}),
    seenBy,
    ...(status ? { height: status.height, catchingUp: status.catchingUp } : {}),
    ...(listening === undefined ? {} : { listening }),
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
