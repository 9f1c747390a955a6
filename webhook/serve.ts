// The webhook's server from its first request to its last.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Logger } from 'pino'
import { drain } from './drain.ts'
import type { WebhookOptions } from './options.ts'
import type { WebhookServer } from './server.ts'

export type ServeParts = {
  readonly log: Pick<Logger, 'info'>
  /** Aborts to drain and end. */
  readonly signal: AbortSignal
  /** Called once with the port, when the server listens. */
  readonly listening?: (port: number) => void
}

/** Listens until `signal` aborts, drains, and resolves when the server is closed. Rejects for a port in use. */
export async function serve(
  app: WebhookServer,
  { listen, image, turns, drainSeconds }: Pick<WebhookOptions, 'listen' | 'image' | 'turns' | 'drainSeconds'>,
  { log, signal, listening }: ServeParts,
): Promise<void> {
  await app.listen({ port: listen.port, host: listen.host || everyAddress() })
  const { port } = app.server.address() as AddressInfo
  log.info({ port, image, turns }, 'repeer webhook is serving')
  listening?.(port)
  if (!signal.aborted) await once(signal, 'abort')
  log.info({ drainSeconds }, 'repeer webhook is draining')
  await drain(app, drainSeconds)
}

/** `::` takes IPv4 as well, but does not exist where IPv6 is switched off. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(interfaces => interfaces ?? [])
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0'
}
