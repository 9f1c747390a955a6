// HOST:PORT as all formats but multiaddresses write it.
import { normalHost } from '../peer.ts'

/** The secret key of a Stellar node (strkey, SEP-23), which is a DNS label by its characters: NODE_SEED. */
const stellarSeed = /^S[A-Z2-7]{55}$/

export const portRange = 'a port from 1 to 65535'

/**
 * HOST:PORT, or HOST where there is a default port; IPv6 in brackets. Returns what is expected instead where it is
 * neither. `lowest` is 0 where the port stands for none.
 */
export function readEndpoint(
  text: string,
  defaultPort?: number,
  lowest: 0 | 1 = 1,
): { host: string; port: number } | string {
  const [, hostText, portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text) ?? []
  if (hostText === undefined) return 'HOST:PORT'
  if (portText?.includes(':')) return 'HOST:PORT, an IPv6 address in brackets'
  // As a host it would be shown, and name servers would be asked for it.
  if (stellarSeed.test(hostText)) return 'a DNS name or an IP address as host, and no secret seed'
  const host = normalHost(hostText)
  if (host === undefined) return 'a DNS name or an IP address as host'
  const port = portText === undefined ? defaultPort : readPort(portText, lowest)
  if (port !== undefined) return { host, port }
  return portText === undefined ? `${portRange} after the host` : portRange
}

/** A decimal port from 1 (or `lowest`) to 65535. */
export function readPort(text: string, lowest = 1): number | undefined {
  const port = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN
  return port >= lowest && port <= 65535 ? port : undefined
}
