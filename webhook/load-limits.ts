// How many connections, and how much of request bodies, the webhook holds at a time: decided by client address, so that
// one who opens many, or sends slowly, takes room from himself before he takes it from an API server. Pure but for what
// it remembers; who is to be closed is closed by others.

export type LoadLimits = {
  /**
   * Connections from one address. An API server asks for at most 600 mutations at a time (max-requests-inflight and
   * max-mutating-requests-inflight, 400 and 200, together under API Priority and Fairness), on a connection each.
   */
  readonly connectionsEach: number
  readonly connectionsInAll: number
  /** Of bodies that are being received, as announced. A review of a pod has some 20 KB, at most 3 MiB. */
  readonly bodyBytes: number
  /** A body that has not arrived within this time gives way to another, in ms: API servers send theirs at once. */
  readonly bodyGraceMs: number
}

export const loadLimits: LoadLimits = {
  connectionsEach: 600,
  connectionsInAll: 1000,
  bodyBytes: 32 * 1024 * 1024,
  bodyGraceMs: 1000,
}

/** Keys of connections that have to be closed. */
export type Close = readonly string[]

export type Load = {
  /** A connection is open; its own key is returned where it is the one too many. */
  opened(key: string, address: string): Close
  /** It has been answered a request. */
  answered(key: string): void
  /** A body of so many bytes has begun; refused where no room can be made. */
  receiving(key: string, bytes: number): { readonly accepted: boolean; readonly close: Close }
  /** The body is here. */
  received(key: string): void
  closed(key: string): void
}

type Connection = {
  readonly address: string
  /** Opened as the nth. */
  readonly order: number
  hasAnswer: boolean
  body?: { readonly bytes: number; readonly since: number }
}

/** @param now milliseconds, from any clock that only goes forward */
export function createLoad(limits: LoadLimits, now: () => number): Load {
  const connections = new Map<string, Connection>()
  /** Of connections, by address. */
  const counts = new Map<string, number>()
  let order = 0
  let bodyBytes = 0

  function count(address: string, more: 1 | -1): void {
    const left = (counts.get(address) ?? 0) + more
    if (left === 0) counts.delete(address)
    else counts.set(address, left)
  }

  function bytesOf(address: string): number {
    return [...connections.values()].reduce(
      (sum, connection) => sum + (connection.address === address ? (connection.body?.bytes ?? 0) : 0),
      0,
    )
  }

  function end(key: string): void {
    received(key)
    const connection = connections.get(key)
    if (connection) count(connection.address, -1)
    connections.delete(key)
  }

  function received(key: string): void {
    const connection = connections.get(key)
    bodyBytes -= connection?.body?.bytes ?? 0
    if (connection) delete connection.body
  }

  /** Of the address with the most: one that was never answered before one that was, the oldest first. */
  function mostDispensable(): string | undefined {
    const most = Math.max(...counts.values())
    const theirs = [...connections].filter(([, { address }]) => counts.get(address) === most)
    theirs.sort(([, a], [, b]) => Number(a.hasAnswer) - Number(b.hasAnswer) || a.order - b.order)
    return theirs[0]?.[0]
  }

  /** Somebody's body that has been coming for long, or of an address that holds more than this one would: the oldest. */
  function givesWay(own: string, address: string, bytes: number): string | undefined {
    const mine = bytesOf(address) + bytes
    const bodies = [...connections].filter(
      ([key, { body, ...its }]) =>
        key !== own &&
        body !== undefined &&
        (now() - body.since >= limits.bodyGraceMs || (its.address !== address && bytesOf(its.address) > mine)),
    )
    bodies.sort(([, a], [, b]) => (a.body?.since ?? 0) - (b.body?.since ?? 0) || a.order - b.order)
    return bodies[0]?.[0]
  }

  return {
    opened: (key, address) => {
      if ((counts.get(address) ?? 0) >= limits.connectionsEach) return [key]
      count(address, 1)
      connections.set(key, { address, order: order++, hasAnswer: false })
      if (connections.size <= limits.connectionsInAll) return []
      const dispensable = mostDispensable() ?? key
      end(dispensable)
      return [dispensable]
    },
    answered: key => {
      const connection = connections.get(key)
      if (connection) connection.hasAnswer = true
    },
    receiving: (key, bytes) => {
      const connection = connections.get(key)
      if (!connection) return { accepted: true, close: [] }
      received(key)
      const close: string[] = []
      while (bodyBytes + bytes > limits.bodyBytes) {
        const other = givesWay(key, connection.address, bytes)
        if (other === undefined) return { accepted: false, close }
        end(other)
        close.push(other)
      }
      connection.body = { bytes, since: now() }
      bodyBytes += bytes
      return { accepted: true, close }
    },
    received,
    closed: end,
  }
}
