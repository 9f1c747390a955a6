// Bounds the connections of a server, with TLS or without: how many, how many bytes are held for them, and how long
// each may take for what it does; in all and by address. bounds.ts decides, this looks and closes.
//
// Node's own timeouts are not used: they are looked at every 30 s, take a connection that Go's client keeps in reserve
// for a slow one, and know nothing of an answer that nobody reads.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { type Connection, isOverdue, type Limits, overBytes, type Phase, roomFor } from './bounds.ts'

export const closings = ['slow-handshake', 'idle', 'slow-request', 'slow-reader', 'room', 'bytes'] as const
/**
 * Why a connection was closed. `slow-handshake`, `idle`, `slow-request`, `slow-reader`: too long in that phase. `room`:
 * for another, or because there was none. `bytes`: too much was held.
 */
export type Closed = (typeof closings)[number]

const overdue = {
  opening: 'slow-handshake',
  idle: 'idle',
  asking: 'slow-request',
  answering: 'slow-reader',
} as const satisfies Record<Phase, Closed>

export type ConnectionBounds = {
  /**
   * Bytes that are held from now on for the request under way on this connection, until it is answered or the
   * connection ends. Whoever holds most is closed where there are too many.
   * @returns whether this connection is still open
   */
  hold(socket: Socket, bytes: number): boolean
  /** Open connections, and bytes held. */
  counts(): { readonly connections: number; readonly bytes: number }
}

export type BoundOptions = {
  readonly limits: Limits
  /** Told of each connection that was closed here. */
  readonly closed?: (why: Closed, address: string) => void
  /** Milliseconds, from any clock that only goes forward. */
  readonly now?: () => number
  /** Between two looks at who takes too long. 250 ms. */
  readonly lookMs?: number
}

type Open = { -readonly [Field in keyof Connection]: Connection[Field] } & {
  socket: Socket
  /** What had been read of the connection when it became idle. */
  bytesRead: number
  request: IncomingMessage | undefined
  /** Requests that are not answered yet: a client may send the next before it has read the last answer. */
  unanswered: number
}

/** Connections that the kernel's queue may bring at once, before those that make room for them are gone. */
const burst = 32

/** From now until the server closes. Call it before the server listens. */
export function boundConnections(server: Server, options: BoundOptions): ConnectionBounds {
  const { limits, closed, now = () => performance.now(), lookMs = 250 } = options
  const open = new Set<Open>()
  const bySocket = new WeakMap<Socket, Open>()
  /** TLS sockets are told apart from the TCP sockets below them; what both know is the client's end. */
  const opening = new Map<string, Open>()
  const hasTls = 'setSecureContext' in server
  /** The bytes of all of them: while these are within one address's share, nobody has to be looked for. */
  let held = 0

  function enter(connection: Open, phase: Phase): void {
    connection.phase = phase
    connection.since = now()
  }

  function release(connection: Open): void {
    held -= connection.bytes
    connection.bytes = 0
  }

  function forget(connection: Open): void {
    open.delete(connection)
    release(connection)
  }

  function close(connection: Open, why: Closed): void {
    forget(connection)
    closed?.(why, connection.address)
    connection.socket.destroy()
  }

  function take(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const room = roomFor(address, [...open], now(), limits)
    // Later: whoever listens after us, TLS for one, wants a socket that is there.
    if (room === 'none') {
      closed?.('room', address)
      return void setImmediate(() => socket.destroy())
    }
    if (room !== 'free') close(room, 'room')
    const phase = hasTls ? 'opening' : 'idle'
    const connection: Open = {
      address,
      phase,
      since: now(),
      answered: false,
      bytes: 0,
      socket,
      bytesRead: 0,
      request: undefined,
      unanswered: 0,
    }
    open.add(connection)
    bySocket.set(socket, connection)
    const end = endOf(socket)
    if (hasTls) opening.set(end, connection)
    socket.once('close', () => {
      forget(connection)
      if (opening.get(end) === connection) opening.delete(end)
    })
  }

  function secure(socket: Socket): void {
    const end = endOf(socket)
    const connection = opening.get(end)
    opening.delete(end)
    if (!connection) return
    connection.socket = socket
    bySocket.set(socket, connection)
    enter(connection, 'idle')
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const connection = bySocket.get(request.socket)
    if (!connection) return
    if (connection.phase === 'idle') enter(connection, 'asking')
    connection.request = request
    connection.unanswered++
    response.once('close', () => {
      connection.answered = true
      connection.unanswered--
      if (connection.unanswered > 0) return enter(connection, 'asking')
      release(connection)
      connection.request = undefined
      connection.bytesRead = connection.socket.bytesRead
      enter(connection, 'idle')
    })
  }

  function look(): void {
    for (const connection of open) {
      // Of a head that is not complete nobody is told.
      if (connection.phase === 'idle' && connection.socket.bytesRead > connection.bytesRead) enter(connection, 'asking')
      if (connection.phase === 'asking' && connection.request?.complete) enter(connection, 'answering')
      if (isOverdue(connection, now(), limits)) close(connection, overdue[connection.phase])
    }
  }

  server.maxConnections = limits.connections + burst
  server.prependListener('connection', take)
  if (hasTls) server.prependListener('secureConnection', secure)
  server.prependListener('request', serve)
  let looking: NodeJS.Timeout | undefined
  server.once('listening', () => {
    looking = setInterval(look, lookMs).unref()
  })
  server.once('close', () => clearInterval(looking))

  return {
    hold: (socket, bytes) => {
      const connection = bySocket.get(socket)
      if (!connection) return true
      if (!open.has(connection)) return false
      connection.bytes += bytes
      held += bytes
      while (held > Math.min(limits.bytes, limits.bytesOfAddress)) {
        const most = overBytes([...open], now(), limits)
        if (!most) break
        close(most, 'bytes')
      }
      return open.has(connection)
    },
    counts: () => ({ connections: open.size, bytes: held }),
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
