// What the sidecar remembers: plain data, kept in a file that survives it. `reconcile` takes it and returns the next
// one. Times are milliseconds since the epoch, in the sidecar's own time: see clock.ts.
import type { RestartOutcome, ToldOutcome } from '../../peers/page.ts'
import type { Level } from '../../peers/plan.ts'
import type { Lists } from './lists.ts'
import type { HostView } from './observation.ts'
import type { Pins } from './pin.ts'

/** What a node process knows of its peers: what it was given when it started, or was told since. */
export type Known = {
  readonly lists: Lists
  /** The addresses behind each host at that time; empty where it did not resolve. */
  readonly addresses: Readonly<Record<string, readonly string[]>>
  /** Hosts whose answer was too young at that start to know that the node got the same one. */
  readonly uncertain: readonly string[]
  /**
   * The addresses that it was given in place of names: of these peers nothing is a guess. Absent where it was given
   * names alone.
   */
  readonly pins?: Pins
}

/** What a start of the node would be given from then on, and the token by which the supervisor tells that it was. */
export type Prepared = { readonly token: string; readonly pins: Pins; readonly hash: string; readonly at: number }

/**
 * `peer NAME`: the host that is missing, under however many IDs and ports it is listed. `list NAME`: the list in which
 * it is new, since an editor can name others each time. In words that are the same each time. `peers`: by peerKey.
 */
export type Cause = { readonly of: string; readonly peers: readonly string[] }

export type Restart = {
  readonly id: string
  /** The snapshot that it was for; once the process is there, the one that it was given. */
  readonly hash: string
  /** The turn that it was taken with; absent where it needed none, or it is known by the supervisor's state alone. */
  readonly turn?: string
  /** The process that came of it. One that starts by itself later is another matter. */
  readonly process?: string
  readonly level: Level
  readonly at: number
  /** Why, as a sentence. */
  readonly why: string
  readonly outcome: RestartOutcome
  readonly endedAt?: number
  /** How many peers the node was connected to, and its height, when it was asked for. */
  readonly connectedBefore?: number
  readonly height?: number
  /** For whose sake; absent where an older sidecar has asked for it, or it is known by the supervisor's state alone. */
  readonly causes?: readonly Cause[]
  /** Those causes (`of`) of which nobody had connected when the time was over; of an unverified one. */
  readonly missed?: readonly string[]
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
  readonly forPeers: readonly string[]
  /** What the new process will have been given. */
  readonly giving: Known
  /** When a new process was first seen; absent until then. */
  readonly backAt?: number
}

/** The running node is being told its peers. */
export type Telling = {
  readonly hash: string
  /** The process that is told: the next one has to be told anew. */
  readonly identity: string
  readonly since: number
  /** When the first of a series began: of those that another snapshot interrupted. Absent where there was none. */
  readonly firstSince?: number
  readonly lastAt: number
  /** `taught` before it: what holds if the node refuses. */
  readonly knew: Known | null
}

/** How a telling ended. A refusal holds for the process, whatever the snapshot. */
export type ToldRecord = {
  readonly at: number
  readonly hash: string
  readonly identity: string
  readonly outcome: Exclude<ToldOutcome, 'asked'>
  readonly detail?: string
}

export type Memory = {
  readonly version: 1
  /**
   * By which the next sidecar goes on in the same time: this boot's ID, and its moment. Absent where the machine does
   * not tell.
   */
  readonly clock?: { readonly boot: string; readonly bootedAt: number } | undefined
  /** `upAt`: when it was first seen to listen and to answer; by then it has looked its peers' names up. */
  readonly process: { readonly identity: string; readonly startedAt: number; readonly upAt?: number } | null
  /** Of a node that has a status API to ask; absent before the first look, and in memories of older sidecars. */
  readonly api?: StatusApi
  readonly startedWith: Known | null
  /**
   * What the running process surely knows in place of that, since it was told; while it is being told, what it knows
   * either way. Forgotten when it ends: nothing of it is in the node's configuration.
   */
  readonly taught: Known | null
  readonly telling: Telling | null
  /** Newest last. */
  readonly told: readonly ToldRecord[]
  /** The last good lists and since when they are wanted, and those before them. */
  readonly desired: { readonly lists: Lists; readonly since: number } | null
  readonly before: Lists | null
  /** The snapshot for which nothing is left to do, and how that came. */
  readonly settled: {
    readonly hash: string
    readonly at: number
    readonly how: 'connected' | 'restarted' | 'told' | 'given'
  } | null
  /**
   * A difference that only a restart would mend: since when without a break, first of a series, and this node's random
   * delay.
   */
  readonly need: {
    readonly hash: string
    readonly since: number
    readonly firstSince: number
    readonly delaySeconds: number
    /** The causes that have to wait, where it is for no other; see cause-gate.ts. */
    readonly heldBack?: readonly string[]
    /**
     * The snapshot for which a turn is asked, and for whose sake, each with its addresses; see asked.ts. Absent until
     * one is asked.
     */
    readonly asked?: { readonly hash: string; readonly forPeers: readonly string[] }
    /** For how long, in all, names of others have spoken against it, in ms; see names-veto.ts. */
    readonly doubtMs?: number
    /** The last look at which they did; absent where they do not. */
    readonly doubtAt?: number
  } | null
  readonly intent: Intent | null
  /** The turn that has been used: it is good for one restart. Absent once it is gone from the files. */
  readonly usedTurn?: string
  /** Newest last; those of the budget's window and the newest. */
  readonly restarts: readonly Restart[]
  /** Which of the listed peers has been connected; see lacking.ts. Absent in the memory of an older sidecar. */
  readonly met?: Met
  /** Two samples of the height, to tell whether it rises. */
  readonly heights: readonly { readonly at: number; readonly height: number }[]
  /** How long the node took, at the last start seen, until it listened. */
  readonly lastStartSeconds?: number
  /** The process whose start is being measured: one that was seen young and has not listened yet. */
  readonly starting?: string
  /** The node's program below a script; see program.ts. */
  readonly learned?: Learned
  /**
   * There was a memory that could not be read; and, once a node has been seen, since when that is known. Its last
   * restart may be a moment ago.
   */
  readonly lost?: true
  readonly lostAt?: number
  readonly hosts: Readonly<Record<string, HostView>>
  /**
   * Newest last; absent where nothing has been given in addresses. A start that happens while another is written may be
   * of either.
   */
  readonly prepared?: readonly Prepared[]
}

export const blank: Memory = {
  version: 1,
  process: null,
  startedWith: null,
  taught: null,
  telling: null,
  told: [],
  desired: null,
  before: null,
  settled: null,
  need: null,
  intent: null,
  restarts: [],
  heights: [],
  hosts: {},
}

/**
 * By peerKey, of the listed peers: null while it is connected, else when it was first seen not to be any more. One that
 * never was is not in it.
 */
export type Met = Readonly<Record<string, number | null>>

/**
 * What was learned of the node's program; `at`: in ms since the epoch. Exports hold its variable from then on, for the
 * starts after it. `listens`: it is the one that listens for peers, and not only likely to be the node.
 */
export type Learned = {
  readonly program: string
  readonly variable: string
  readonly at: number
  readonly listens: boolean
}

/** What is known of the status API of one process. */
export type StatusApi = {
  /** The process; empty where it is out of sight. */
  readonly identity: string
  readonly answered: boolean
  /**
   * Since when, at every look, it has listened for peers without an answer; and since when it was connected to peers
   * besides.
   */
  readonly listeningSince?: number
  readonly connectedSince?: number
  /** When it was found not to be there. Holds until it answers or the process ends. */
  readonly absentSince?: number
  /** The port at which none was there for the process before this one. */
  readonly deadPort?: number
}
