// What the sidecar remembers: plain data, kept in a file that survives it. `reconcile` takes it and returns the next one.
// Times are milliseconds since the epoch.
import type { Peer } from '../peers/peer.ts'
import type { Level } from '../peers/plan.ts'
import type { HostView } from './observation.ts'

/** Peers by source, keyed by sourceKey. Kept apart because a restart delivers a source only at the source's own level. */
export type Lists = Readonly<Record<string, readonly Peer[]>>

/** What the running node process was given when it started. */
export type Given = {
  readonly lists: Lists
  /** The addresses behind each host at that time; empty where it did not resolve. */
  readonly addresses: Readonly<Record<string, readonly string[]>>
  /** Hosts whose answer was too young at that start to know that the node got the same one. */
  readonly uncertain: readonly string[]
}

export type Restart = {
  readonly id: string
  /** The snapshot that it was for. */
  readonly hash: string
  readonly level: Level
  readonly at: number
  /** Why, as a sentence. */
  readonly why: string
  /** `asked`: under way. `verified`: the node is back and connected. `unverified`: it is back, but not connected to what it was restarted for.
   * `not-taken`: the process was never replaced; it does not count. */
  readonly outcome: 'asked' | 'verified' | 'unverified' | 'not-taken'
  readonly endedAt?: number
}

/** A restart under way, written before it is asked for, so that a sidecar that dies goes on where it was. */
export type Intent = {
  readonly id: string
  readonly hash: string
  readonly level: Exclude<Level, 'none'>
  readonly at: number
  /** The process that is to be replaced. */
  readonly identity: string
  /** The peers (by peerKey) for whose sake. */
  readonly sake: readonly string[]
  /** What the new process will have been given. */
  readonly giving: Given
  /** When a new process was first seen; absent until then. */
  readonly backAt?: number
}

export type Memory = {
  readonly version: 1
  readonly process: { readonly identity: string; readonly startedAt: number } | null
  readonly given: Given | null
  /** The last good lists and since when they are wanted, and those before them. */
  readonly wanted: { readonly lists: Lists; readonly since: number } | null
  readonly before: Lists | null
  /** The snapshot for which nothing is left to do, and how that came. */
  readonly settled: { readonly hash: string; readonly at: number; readonly how: 'connected' | 'restarted' | 'given' } | null
  /** A difference that only a restart would mend: since when without a break, first of a series, and this node's random delay. */
  readonly need: { readonly hash: string; readonly since: number; readonly firstSince: number; readonly delaySeconds: number } | null
  readonly intent: Intent | null
  /** Newest last; those of the budget's window and the newest. */
  readonly restarts: readonly Restart[]
  /** Two samples of the height, to tell whether it rises. */
  readonly heights: readonly { readonly at: number; readonly height: number }[]
  /** How long the node took, at the last start seen, until it listened. */
  readonly lastStartSeconds?: number
  /** The process whose start is being measured: one that was seen young and has not listened yet. */
  readonly starting?: string
  readonly hosts: Readonly<Record<string, HostView>>
}

export const blank: Memory = {
  version: 1,
  process: null,
  given: null,
  wanted: null,
  before: null,
  settled: null,
  need: null,
  intent: null,
  restarts: [],
  heights: [],
  hosts: {},
}
