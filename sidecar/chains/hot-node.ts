// The gentlest cure: telling a running node its peers, and asking it for those that it has. One small interface, behind
// which each profile's node is spoken to in its own way. A node forgets what it was told when it stops: its
// configuration is never written.
import type { Peer } from '../../peers/peer.ts'
import type { Connection } from '../decide/observation.ts'

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

export type Connections =
  /** `id`: the node's own, where it tells it. */
  | { readonly connections: readonly Connection[]; readonly id?: string }
  /** Why there is no answer that can be used, as a sentence. */
  | { readonly silent: string }

/** Seeds among the peers are left out: a node is not told its seeds. */
export type PeerChange = {
  /** All peers that the node should have. */
  readonly all: readonly PeerToTell[]
  /** Those of `all` that it lacks, or has at an address that is no longer theirs. */
  readonly add: readonly PeerToTell[]
  /** Those that it was given, by its list or by being told, and that are not listed any more. */
  readonly drop: readonly PeerToTell[]
}

export type HotNode = {
  /** The node's own word about whom it is connected to. Never rejects. */
  connections(): Promise<Connections>
  /**
   * Tells the node its peers. It may dial them only after it has answered: what came of it shows in `connections`.
   * Never rejects.
   */
  tell(change: PeerChange): Promise<Told>
}

/** Where the node's own interface is. */
export type Interface = {
  readonly host: string
  readonly port: number
  /** For each question. */
  readonly timeoutMs: number
}

export function baseUrl({ host, port }: Interface): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Without the seeds; and nobody is dropped who is listed still, as one that has moved is. */
export function withoutSeeds({ all, add, drop }: PeerChange): PeerChange {
  const isPeer = (peer: PeerToTell) => peer.role === 'peer'
  const ids = new Set(all.filter(isPeer).map(peer => peer.id))
  return {
    all: all.filter(isPeer),
    add: add.filter(isPeer),
    drop: drop.filter(peer => isPeer(peer) && (peer.id === undefined || !ids.has(peer.id))),
  }
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
