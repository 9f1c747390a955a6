// What the sidecar knows of a chain: one object for each profile, one file for each object. Nothing in this room does
// I/O: what speaks with a node is handed its exchange, so that decide/ may ask these objects, too.
import type { Exchange } from '../../http/exchange.ts'
import type { Format } from '../../peers/formats/index.ts'
import type { Role } from '../../peers/peer.ts'
import type { HoldReason } from '../../peers/reasons.ts'
import type { Connection, NodeStatus } from '../decide/observation.ts'
import type { PeerChange, PeerToTell, Told } from '../decide/peer-change.ts'

export type { PeerChange, PeerToTell, Told } from '../decide/peer-change.ts'

export type Chain = {
  /** How a running node is asked and told; null where the sidecar speaks with none. */
  readonly api: ((at: Interface) => NodeApi) | null
  /**
   * Its node tells of its own state, at an API that every node has switched on: so one that does not answer is busy.
   * Default: false; an interface that is off, as most are, is no news.
   */
  readonly tellsState?: boolean
  /**
   * How long its node takes to follow a changed address by itself, in seconds. Default: it never does, but for what
   * `retries` says.
   */
  readonly healSeconds?: number
  /** Its node tries a lost peer again by itself, so that one which it may know already is given time. Default: false. */
  readonly retries?: boolean
  /**
   * How a list reaches its node past whatever a file says: by an environment variable. Absent where there is none.
   */
  readonly override?: Override
  /**
   * What of the node's state or configuration forbids a restart now. Asked of a node that has told its state, and,
   * without `status`, of one that should have and has no such API. Default: nothing does.
   */
  readonly forbids?: (node: NodeState) => Forbidden | null
  /**
   * What the node's configuration says beside its peers, from the texts of those watched lists that are such files, all
   * together. What cannot be read says nothing: the list's own error tells. Default: nothing.
   */
  readonly settings?: (lists: readonly ListText[]) => NodeSettings
}

export type Override = {
  /** By the program's name; undefined for names that no variable can have. */
  readonly variable: (program: string, role: Role) => string | undefined
  /** How a list is written in it. */
  readonly format: Format
  /** The name of a literal source that outranks it: a flag. */
  readonly outrankedBy: RegExp
}

export type ListText = { readonly format: Format; readonly text: string }

/**
 * Settings that decide whether a node may be restarted. Whether it takes what it is told of its peers, only its answer
 * tells: a flag or a variable may outrank the file.
 */
export type NodeSettings = {
  /** Above 0, a validator that has signed within so many blocks refuses to start. */
  readonly doubleSignCheckHeight: number
  readonly stateSync: boolean
}

export type NodeState = {
  readonly status?: NodeStatus
  readonly settings: Pick<NodeSettings, 'doubleSignCheckHeight' | 'stateSync'>
  /** It is connected to somebody. */
  readonly connected: boolean
  /** Its height rises, or that is not known yet. */
  readonly rises: boolean
}

export type Forbidden = { readonly reason: HoldReason; readonly detail?: string }

/** Where the node's own interface is, and by what it is asked. */
export type Interface = {
  readonly host: string
  readonly port: number
  /** For each question. */
  readonly timeoutMs: number
  readonly exchange: Exchange
  readonly now: () => number
}

export type NodeApi = {
  /** The node's own word about itself and whom it is connected to. Never rejects. */
  ask(): Promise<NodeWord>
  /**
   * Tells the running node its peers: the gentlest cure. It may dial them only after it has answered: what came of it
   * shows in the connections. It forgets what it was told when it stops, since its configuration is never written.
   * Never rejects. Absent where it must not be told.
   */
  tell?(change: PeerChange): Promise<Told>
}

export type NodeWord =
  | {
      readonly ok: true
      readonly connections: readonly Connection[]
      /** The node's own ID, where it tells it without a status. */
      readonly id?: string
      readonly status?: NodeStatus
      /** Whether it listens for peers; absent where it does not tell. */
      readonly listening?: boolean
    }
  /** Why there is no answer that can be used, as a sentence. */
  | { readonly ok: false; readonly silent: string }

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
