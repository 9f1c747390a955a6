// One look at the node and its world, as values: what was seen, and what is derived of it once.
import { own } from '../../peers/own.ts'
import type { Peer } from '../../peers/peer.ts'
import type { Plan } from '../../peers/plan.ts'
import type { HoldReason } from '../../peers/reasons.ts'
import type { Lists } from './lists.ts'
import type { HostView, NodeProcess, NodeView } from './observation.ts'
import type { Told } from './peer-change.ts'
import type { Pins } from './pin.ts'

/** The node's process, or why it cannot be told. */
export type ProcessSeen =
  | ({ readonly found: true } & NodeProcess)
  | { readonly found: false; readonly hold: HoldReason; readonly detail: string }

/** What was seen. */
export type Observed = {
  /** In the sidecar's own time: see clock.ts. */
  readonly now: number
  /** How far the machine's clock is ahead of that, in ms; absent for 0. For words only. */
  readonly wallAhead?: number
  readonly plan: Plan
  readonly list:
    | { readonly ok: true; readonly lists: Lists }
    | { readonly ok: false; readonly reason: HoldReason; readonly message: string }
  readonly hosts: Readonly<Record<string, HostView>>
  readonly process: ProcessSeen
  readonly node: NodeView
  /** The answers of the TCP probes made for this look, by `host:port`; an address that is absent was not probed. */
  readonly reachable: Readonly<Record<string, boolean>>
  /**
   * Since when those that answer have done so at every look; absent where this is the first. Of addresses that DNS does
   * not give yet, too.
   */
  readonly openSince: Readonly<Record<string, number>>
  /** What other missing peers' addresses have answered of late: for words only, nothing is decided by it. */
  readonly answering?: Readonly<Record<string, boolean>>
  /** The node itself, as its list may name it: its ID and the pod's addresses. */
  readonly self: { readonly id?: string; readonly addresses: readonly string[] }
  readonly settings: { readonly doubleSignCheckHeight: number; readonly stateSync: boolean }
  readonly paused: boolean
  /** What is odd about repeer.dev/pause, as a sentence. */
  readonly oddPause?: string
  readonly allowMassRemoval: boolean
  /**
   * Why the container beside the node does not permit that it is stopped now; null where it does, absent where there is
   * none.
   */
  readonly permit?: { readonly hold: HoldReason; readonly detail: string } | null
  /** The content of repeer.dev/turn. */
  readonly turn?: string
  /**
   * The content of repeer.dev/turn-wait, and when the controller last read this pod's page; undefined where it has not
   * since the sidecar's start.
   */
  readonly turnWait?: string
  readonly controllerLookedAt?: number
  /** The turn that the controller would give a pod whose page it cannot read. */
  readonly blindTurn: string
  /** The content of repeer.dev/peer-hash: the list that the controller has seen. */
  readonly peerHash?: string
  /** There is an interface by which the running node can be told its peers. */
  readonly canTell?: boolean
  /** How the last telling went; once, in the look after it. */
  readonly told?: Told
  /**
   * The addresses that a start of the node would be given in place of names, by peerKey; absent where it is given names
   * alone.
   */
  readonly pins?: Pins
  /** The variable by which a start would be given its list, where it was learned of the node's program. */
  readonly learnedVariable?: string
  /** 0 to 1, for the delay of a self-granted turn. */
  readonly random: number
}

/**
 * What the node should have, with its hashes. The lists are those of the look, or the last good ones where it has none.
 */
export type Desired = {
  readonly lists: Lists
  /** The union of all lists, each peer once. */
  readonly peers: readonly Peer[]
  /** Of the peers, as repeer.dev/peer-hash has it. */
  readonly listHash: string
  /** Of the peers and the addresses behind them. */
  readonly snapshotHash: string
}

export const standings = ['connected', 'former', 'absent', 'unseen', 'self'] as const
/**
 * `connected`: at a present address, or at one that was never this peer's (NAT, a proxy's), or at an old one of a host
 * whose answers rotate.
 * `former`: only at an address that the peer had and has no longer. `absent`: no connection. `unseen`: connections
 * cannot be seen.
 */
export type Standing = (typeof standings)[number]

export type PeerStanding = {
  readonly peer: Peer
  /** Those that it has now. */
  readonly addresses: readonly string[]
  readonly standing: Standing
}

/** A look with what everybody needs of it. Made once, by `enriched`. */
export type Look = Observed & {
  readonly desired: Desired
  /** Of every desired peer with role peer (seeds need no connection). */
  readonly standings: readonly PeerStanding[]
}

/** A time as others tell it, by the machine's clock. */
export function timeText(at: number, { wallAhead = 0 }: Pick<Observed, 'wallAhead'>): string {
  return new Date(at + wallAhead).toISOString()
}

/** `openSince` after these answers: an address that did not answer, or was not asked, begins anew. */
export function stillOpen(
  before: Readonly<Record<string, number>>,
  reachable: Observed['reachable'],
  now: number,
): Readonly<Record<string, number>> {
  const open = Object.keys(reachable).filter(name => own(reachable, name))
  return Object.fromEntries(open.map(name => [name, own(before, name) ?? now]))
}
