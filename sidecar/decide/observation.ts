/**
 * What is known of the addresses behind one host. For a host that is itself an address: that address, since the start.
 */
export type HostView = {
  /** The last successful answer, A and AAAA together, sorted, in normal form. Empty until a first answer. */
  readonly addresses: readonly string[]
  /** When this set of addresses was first seen. */
  readonly since: number
  /** Addresses that the host had and has no longer, with when they were last seen. The newest 32. */
  readonly former: readonly { readonly address: string; readonly lastSeen: number }[]
  /** An address came back after it had gone: answers rotate, and a missing address proves nothing. */
  readonly rotating: boolean
  /** The last successful answer, and the look-ups that failed since then. */
  readonly answeredAt: number | null
  readonly failures: number
  /**
   * The pods behind the host where it is a Service with an address of its own, as the controller tells them: the node's
   * connections end there, though it dials the Service. They count as addresses of the host.
   */
  readonly behind?: readonly string[]
  /** Why the last look-up failed: ENOTFOUND, ESERVFAIL, ETIMEOUT, ENODATA. */
  readonly error?: string
  /**
   * When name servers last contradicted each other, or the controller, about this host. A node that looks it up at
   * about that time may get either answer; absent where that does not matter, since the node is given the address.
   */
  readonly disputedAt?: number
  /** Addresses that some of the last questions were answered with, while others were not: the host may have them. */
  readonly heard?: readonly string[]
  /** It stands in the hosts file, which outranks everything that is said elsewhere. */
  readonly inHostsFile?: boolean
}

/** One connection of the node to a peer. */
export type Connection = {
  /** The peer's ID as its handshake proved it; absent where only sockets were seen. */
  readonly id?: string
  /** The remote address, in normal form; empty where the node tells none (Substrate). */
  readonly address: string
  /**
   * The remote port of a connection that the node dialled; absent for one it accepted, whose remote port says nothing.
   */
  readonly port?: number
}

/** What the node itself says, where it can be asked. */
export type NodeStatus = {
  /** The node's own ID, as its peers know it. */
  readonly id?: string
  readonly height: number
  readonly catchingUp: boolean
  /** Voting power above zero. */
  readonly validator: boolean
  readonly upgradePending: boolean
  /** The node's own voting power and that of all validators together, where they can be read. */
  readonly votingPower?: number
  readonly totalPower?: number
  /** Of a validator: the newest block that was seen to hold its signature; 0 where none was yet. */
  readonly signedHeight?: number
}

export type NodeView = {
  /**
   * `net_info`: the node's own word, through its API (CometBFT's net_info, admin_peers and the like), by ID where the
   * chain has IDs. `sockets`: from /proc/net. `none`: nothing can be seen (hostNetwork, an unreadable /proc).
   */
  readonly seenBy: 'net_info' | 'sockets' | 'none'
  readonly connections: readonly Connection[]
  /** The node's own ID, where it tells it without a status. */
  readonly id?: string
  /** Absent where the node did not answer; `silent` says why. */
  readonly status?: NodeStatus
  readonly silent?: string
  /** Whether a socket listens on the P2P port; undefined where that cannot be seen. */
  readonly listening?: boolean
}

/** The process of the node: `identity` is equal as long as it is the same process. */
export type NodeProcess = {
  readonly identity: string
  readonly startedAt: number
  /** The token that the supervisor read at this start (env.snapshot); absent under signal. */
  readonly snapshotToken?: string
  /** Under wrap: the supervisor's phase. */
  readonly phase?: string
  /** The last request that the supervisor took. */
  readonly request?: string
  /** The programs below the supervisor, where it was asked for them. */
  readonly programs?: readonly Program[]
  /**
   * What is not as it should be with the container beside the node. `stuck`: the node waits for it, and nobody will
   * come by itself.
   */
  readonly beside?: { readonly note: string; readonly stuck: boolean }
}

/** A program that runs in the node's container. */
export type Program = {
  readonly name: string
  /** It owns the socket that listens on the P2P port. */
  readonly listens: boolean
  /** One of its arguments is `start`. */
  readonly starts: boolean
  readonly ageSeconds: number
}
