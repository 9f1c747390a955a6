// Leaving without a failed admission: unready first, then closed.
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises'
import type { WebhookServer } from './server.ts'

/**
 * Milliseconds that requests still under way get after the drain. An API server waits for an admission for 5 s
 * (timeoutSeconds).
 */
const lastRequestsMs = 5000

/**
 * Resolves when the server is closed. From the moment of the call the caller says "unready" and "draining"; the server
 * goes on for `drainSeconds`, since the kube-proxies and API servers learn only one after the other that this replica
 * goes: 10 s is several times what that takes, and well below the 30 s that the kubelet waits by default.
 */
export async function drain(app: WebhookServer, drainSeconds: number): Promise<void> {
  await delay(drainSeconds * 1000)
  // A connection that was idle all the while has not been told to connect anew. On a busy machine a request may have
  // arrived on it that nobody has read yet: closed now, it would be reset, and Go's client does not send a POST again
  // (seen: one pod uninjected). Immediates come right after what has arrived was read, timers before.
  await immediate()
  app.server.closeIdleConnections()
  const late = setTimeout(() => app.server.closeAllConnections(), lastRequestsMs)
  await app.close()
  clearTimeout(late)
}
