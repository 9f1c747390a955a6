// How long a connection to the API server may take to come about. Where packets to its address are lost (a machine that
// is gone, a black hole) nothing answers and nothing refuses: Linux would go on for two minutes, and a watch, which may
// be silent for half an hour, with it (seen: 59 s more than its twin).
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Look-up, TCP and TLS, in milliseconds: two SYNs that are lost cost 3 s, and an API server under load is a second away
 * at most.
 */
export const connectTimeoutMs = 5_000

/**
 * Destroys the request with `error()` where it has no connection within `ms`; one that is used again has it at once.
 */
export function limitConnect(request: ClientRequest, ms: number, error: () => Error): void {
  const timer = setTimeout(() => request.destroy(error()), ms)
  const done = () => clearTimeout(timer)
  request.once('close', done)
  request.once('socket', socket => {
    // Agents for proxies hand out what is connected already; so does one that keeps connections.
    if (isConnected(socket)) done()
    else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', done)
  })
}

function isConnected(socket: Socket): boolean {
  // A TLS socket over one that is connected already (a proxy's agent hands it out before its handshake) tells a
  // protocol from the beginning; what the other side has finished with it tells at the end.
  return !socket.connecting && (!(socket instanceof TLSSocket) || socket.getPeerFinished() !== undefined)
}
