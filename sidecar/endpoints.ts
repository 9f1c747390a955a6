// What the controller tells of the addresses behind the hosts (repeer.dev/endpoints). DNS stays the authority, since it is what the node will ask: an
// address that only the controller knows is a reason to ask DNS again, at once.
import type { Logger } from 'pino'
import { type Behind, type Endpoints, parseEndpoints } from '../peers/endpoints.ts'
import type { Peer } from '../peers/peer.ts'
import type { Input } from './input.ts'
import type { HostView } from './observation.ts'

/** `since`: when this text was first seen, ms since the epoch. */
export type KnownEndpoints = { readonly text: string | undefined; readonly endpoints: Endpoints; readonly since: number }

export const noEndpoints: KnownEndpoints = { text: undefined, endpoints: {}, since: 0 }

/** Parsed once for each text. One that cannot be read counts as none, and is logged. */
export function endpointsOf(
  input: Pick<Input, 'endpoints'>,
  known: KnownEndpoints,
  log: Pick<Logger, 'warn'>,
  now: number,
): KnownEndpoints {
  const text = input.endpoints
  if (text === known.text) return known
  if (text === undefined) return noEndpoints
  try {
    return { text, endpoints: parseEndpoints(text), since: now }
  } catch (error) {
    log.warn(
      { detail: error instanceof Error ? error.message : String(error) },
      'repeer.dev/endpoints cannot be read; DNS alone tells the addresses',
    )
    return { text, endpoints: {}, since: now }
  }
}

/** Whether DNS answered last with other addresses than those that the controller sees. A Service with an address of its own has that one in DNS. */
export function isBehind(view: HostView | undefined, behind: Behind | undefined): boolean {
  if (!behind || behind.stable) return false
  const { addresses = [] } = view ?? {}
  return addresses.length !== behind.addresses.length || behind.addresses.some(address => !addresses.includes(address))
}

/** The addresses of listed peers that the controller sees and DNS does not give yet: whether they answer is known by the time that it does. */
export function addressesAhead(
  peers: readonly Peer[],
  views: Readonly<Record<string, HostView>>,
  endpoints: Endpoints,
): { address: string; port: number }[] {
  return peers
    .filter(({ role, host }) => role === 'peer' && isBehind(views[host], endpoints[host]))
    .flatMap(({ host, port }) => (endpoints[host]?.addresses ?? []).map(address => ({ address, port })))
}

/** The views with the pods behind hosts that are Services with an address of their own. */
export function withStable(views: Readonly<Record<string, HostView>>, endpoints: Endpoints): Record<string, HostView> {
  return Object.fromEntries(
    Object.entries(views).map(([host, view]) => {
      const { behind: _, ...bare } = view
      const its = endpoints[host]
      return [host, its?.stable ? { ...bare, behind: its.addresses } : bare]
    }),
  )
}
