// What every way to find peers provides. One `Source` for each PeerSet, made in one place (sources/index.ts); it
// watches what it needs, says when something has changed, and is asked for the whole again: level, not edge.
import type { Logger } from 'pino'
import type { Peer } from '../peers/peer.ts'
import type { Collections } from './collections.ts'
import type { Consents } from './consents.ts'
import type { Exclude } from './peer-set.ts'
import type { Probe } from './probe.ts'

/**
 * What was left out, and why. `code`: in lower case with dashes. `subject`: whom it is about (a pod, a Service, a
 * namespace, a validator).
 */
export type Problem = { readonly code: string; readonly subject: string; readonly message: string }

export type Found = {
  /** Normal hosts; already validated by the source. */
  readonly peers: readonly Peer[]
  /** What was left out and why; never fatal for the others. */
  readonly problems: readonly Problem[]
  /** How many candidates there were. */
  readonly considered: number
  /**
   * A part could not be read, so that peers may be missing from here which are still there: none is taken from the list
   * because of this answer.
   */
  readonly incomplete?: boolean
  /** With a list for each consumer: what was found for each; `peers` are then those of all. */
  readonly consumers?: readonly ConsumerFound[]
}

/** What was found for one consumer of a provider chain, of those that have a list each. */
export type ConsumerFound = { readonly consumerId: string; readonly chainId: string; readonly found: Found }

/** `look` rejects (with a sentence) only where nothing can be said: then the last good list stays. */
export type Source = { look(signal: AbortSignal): Promise<Found>; close(): Promise<void> }

export type SourceParts = {
  /** Look again soon: something has changed. May be called at any time, also before the first look. */
  readonly hint: () => void
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  /** Milliseconds, only forward. */
  readonly now: () => number
  /** Milliseconds since the epoch, to compare with times of others. Default: `now`. */
  readonly wallNow?: () => number
  /** Of the PeerSet. */
  readonly namespace: string
  /** Where the list is written, and so where its names are looked up. */
  readonly home: string
  /** Names of candidates that are left out; IDs and hosts are left out for every source alike, later. */
  readonly exclude: Exclude
  /** Whether what others say (a chain) may name private and cluster-internal hosts. */
  readonly allowPrivate: boolean
  /** Objects of the cluster, followed once for all who ask. */
  readonly collections: Collections
  /** What namespaces permit to PeerSets of others. */
  readonly consents: Consents
  readonly probe: Probe
}
