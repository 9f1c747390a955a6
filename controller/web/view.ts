// What the page shows, before it is HTML: all texts are plain, all lists bounded. Types, and the names of moods.

/**
 * How a node stands, as a colour and a sign: `good` connected to all that it lists; `busy` something is being done to
 * it; `hold` it waits for what comes by itself; `care` somebody should look; `dim` nothing is known yet.
 */
export const moods = ['good', 'busy', 'hold', 'care', 'dim'] as const
export type Mood = (typeof moods)[number]

export type NodeView = {
  /** podKey, as it is: for look-ups and links, never shown. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly mood: Mood
  /** One or two words. */
  readonly state: string
  /** A sentence: why. Empty where there is nothing to say. */
  readonly why: string
  /** Milliseconds since the epoch; when this state began. */
  readonly since?: number
  readonly connected?: number
  readonly validator: boolean
  /** It is in the group's queue for turns, and told of there. */
  readonly queued: boolean
}

export type LinkView = { readonly from: string; readonly to: string; readonly connected: boolean }

export type QueueEntry = {
  readonly key: string
  readonly name: string
  /** `has`: a turn, or is restarting; `next`: may be given one; `waits`: and why. */
  readonly place: 'has' | 'next' | 'waits'
  readonly mood: Mood
  readonly why: string
  readonly since?: number
}

export type GroupView = {
  readonly group: string
  /** As shown. */
  readonly name: string
  readonly nodes: readonly NodeView[]
  /** How many the group has; more than `nodes` where these are too many. */
  readonly size: number
  readonly counts: Readonly<Record<Mood, number>>
  readonly links: readonly LinkView[]
  /** Listed peers that are no pods of the group. */
  readonly outside: { readonly connected: number; readonly missing: number }
  readonly away: number
  readonly allowed: number
  readonly queue: readonly QueueEntry[]
  /** Waiting for a turn beyond those in `queue`. */
  readonly queueMore: number
  readonly stopped: readonly string[]
}

export type View = {
  readonly groups: readonly GroupView[]
  readonly size: number
  readonly counts: Readonly<Record<Mood, number>>
  /** Sentences: what cannot be followed at the moment. */
  readonly degraded: readonly string[]
}
