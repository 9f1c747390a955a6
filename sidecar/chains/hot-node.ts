// The gentlest cure: telling a running node its peers, and asking it for those that it has. One small interface, behind
// which each profile's node is spoken to in its own way. A node forgets what it was told when it stops: its
// configuration is never written.
import type { Connection } from '../decide/observation.ts'
import type { PeerChange, PeerToTell, Told } from '../decide/peer-change.ts'

export type { PeerChange, PeerToTell, Told } from '../decide/peer-change.ts'

export type Connections =
  /** `id`: the node's own, where it tells it. */
  | { readonly connections: readonly Connection[]; readonly id?: string }
  /** Why there is no answer that can be used, as a sentence. */
  | { readonly silent: string }

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
