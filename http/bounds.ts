// Which connections of a server have to go: those that take too long, and those that make room. Pure: what is open, the
// time and the limits in; connections out.
//
// Nobody is known by more than an address, and anybody who reaches the port may connect. So nobody who is new is turned
// away for what others hold: whoever holds most, and does least with it, makes room.

/**
 * `opening`: the TLS handshake is under way. `idle`: nothing of a request is there. `asking`: a part of one is.
 * `answering`: it is complete, and its answer is not with the client yet.
 */
export type Phase = 'opening' | 'idle' | 'asking' | 'answering'

export type Connection = {
  readonly address: string
  readonly phase: Phase
  /** When the phase began, milliseconds. */
  readonly since: number
  /** Whether a request of it has been answered yet. */
  readonly answered: boolean
  /** Held in memory for it: what has come of a body, and what the client has not read of an answer. */
  readonly bytes: number
}

export type Limits = {
  /** Connections, of all addresses and of one. */
  readonly connections: number
  readonly connectionsOfAddress: number
  /** Bytes held, for all addresses and for one. */
  readonly bytes: number
  readonly bytesOfAddress: number
  /** The longest that a connection may be in a phase, milliseconds. */
  readonly phaseMs: Readonly<Record<Phase, number>>
  /**
   * Milliseconds. Whoever is longer in a phase than this, other than idle, is slow, and first to make room: what an API
   * server, a kubelet or Prometheus does takes a few milliseconds.
   */
  readonly patienceMs: number
}

/** Whether a connection has been in its phase for too long. */
export function isOverdue({ phase, since }: Connection, now: number, { phaseMs }: Limits): boolean {
  return now - since > phaseMs[phase]
}

/**
 * What happens so that a connection from `address` can be taken: nothing, one that is closed for it, or no room: it is
 * closed itself.
 *
 * An address beyond its share makes room among its own. Where all places are taken, the address that has most makes
 * room. First goes who has been slow for longest, then who has been idle for longest, and of these who has never asked
 * anything. Where nobody is either, the oldest of an address that has more than the newcomer's goes; of its own, which
 * may be answered in a moment, none.
 */
export function roomFor<T extends Connection>(
  address: string,
  open: readonly T[],
  now: number,
  limits: Limits,
): 'free' | 'none' | T {
  const own = open.filter(connection => connection.address === address)
  if (own.length >= limits.connectionsOfAddress) return leastWorth(own, now, limits) ?? 'none'
  if (open.length < limits.connections) return 'free'
  const most = largest(open, () => 1)
  const first = leastWorth(most, now, limits)
  if (first) return first
  return most.length > own.length + 1 ? (oldest(most) ?? 'none') : 'none'
}

/** Who is closed because too many bytes are held: for one address, or in all. Undefined where there are not. */
export function overBytes<T extends Connection>(open: readonly T[], now: number, limits: Limits): T | undefined {
  const most = largest(open, ({ bytes }) => bytes)
  if (sum(most) <= limits.bytesOfAddress && sum(open) <= limits.bytes) return undefined
  const slow = most.filter(connection => isSlow(connection, now, limits) && connection.bytes > 0)
  return (slow.length > 0 ? slow : most).reduce<T | undefined>(
    (found, connection) => (found && found.bytes >= connection.bytes ? found : connection),
    undefined,
  )
}

function leastWorth<T extends Connection>(among: readonly T[], now: number, limits: Limits): T | undefined {
  const idle = among.filter(({ phase }) => phase === 'idle')
  return (
    oldest(among.filter(connection => isSlow(connection, now, limits))) ??
    oldest(idle.filter(({ answered }) => !answered)) ??
    oldest(idle)
  )
}

function isSlow({ phase, since }: Connection, now: number, { patienceMs }: Limits): boolean {
  return phase !== 'idle' && now - since > patienceMs
}

function oldest<T extends Connection>(among: readonly T[]): T | undefined {
  return among.reduce<T | undefined>(
    (found, connection) => (found && found.since <= connection.since ? found : connection),
    undefined,
  )
}

/** The connections of the address that has most by this measure; of equals, the one that came first. */
function largest<T extends Connection>(open: readonly T[], measure: (connection: T) => number): readonly T[] {
  const by = new Map<string, { total: number; readonly connections: T[] }>()
  for (const connection of open) {
    const entry = by.get(connection.address) ?? { total: 0, connections: [] }
    entry.total += measure(connection)
    entry.connections.push(connection)
    by.set(connection.address, entry)
  }
  let most: { readonly total: number; readonly connections: readonly T[] } = { total: -1, connections: [] }
  for (const entry of by.values()) if (entry.total > most.total) most = entry
  return most.connections
}

function sum(connections: readonly Connection[]): number {
  return connections.reduce((total, { bytes }) => total + bytes, 0)
}
