// Which peers a running node is told, and how it took that.
import type { Peer } from '../../peers/peer.ts'

/**
 * `refused`: asking the same process again is useless; the detail then says what would allow it. Nothing is known of
 * what a failed call did.
 */
export type Told = { readonly ok: true } | { readonly ok: false; readonly refused: boolean; readonly detail: string }

/**
 * A peer with the addresses behind its host now: none for a name that does not resolve, the host itself where it is an
 * address. They are what DNS answers, since that is what the node itself would look up: of a ClusterIP Service its
 * ClusterIP, and not the pods behind it.
 */
export type PeerToTell = Peer & { readonly addresses: readonly string[] }

/** Seeds among the peers are left out: a node is not told its seeds. */
export type PeerChange = {
  /** All peers that the node should have. */
  readonly all: readonly PeerToTell[]
  /** Those of `all` that it lacks, or has at an address that is no longer theirs. */
  readonly add: readonly PeerToTell[]
  /** Those that it was given, by its list or by being told, and that are not listed any more. */
  readonly drop: readonly PeerToTell[]
}
