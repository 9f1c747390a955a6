// How the node stands with each peer that its list names, from what was seen of its connections.
import { hostPort, isAddress, type Peer, peerKey } from '../../peers/peer.ts'
import type { Lists } from './lists.ts'
import { peersOf } from './lists.ts'
import type { Look } from './look.ts'
import type { Known } from './memory.ts'
import type { Connection } from './observation.ts'
import { addressesOf } from './snapshots.ts'
import { type Teaches, wouldLearn } from './teaches.ts'

/**
 * `connected`: at a present address, or at one that was never this peer's (NAT, a proxy's), or at an old one of a host
 * whose answers rotate.
 * `former`: only at an address that the peer had and has no longer. `absent`: no connection. `unseen`: connections
 * cannot be seen.
 */
export type Standing = 'connected' | 'former' | 'absent' | 'unseen' | 'self'

export type Assessed = {
  readonly peer: Peer
  readonly addresses: readonly string[]
  readonly standing: Standing
  /** What the node would learn about it by starting again. */
  readonly restartTeaches: Teaches
  /** Whether one of its present addresses answers; undefined where none was probed. */
  readonly reachable?: boolean
}

/** Every peer of the list with role peer (seeds need no connection), with how the node stands with it. */
export function assess(look: Look, lists: Lists, known: Known | null): Assessed[] {
  return peersOf(lists)
    .filter(peer => peer.role === 'peer')
    .map(peer => {
      const addresses = addressesOf(peer.host, look.hosts)
      const probes = addresses
        .map(address => look.reachable[hostPort({ host: address, port: peer.port })])
        .filter(answer => answer !== undefined)
      const reachable = probes.length === 0 ? undefined : probes.includes(true)
      return {
        peer,
        addresses,
        standing: isSelf(peer, addresses, look) ? 'self' : standingOf(peer, addresses, look),
        restartTeaches: known === null ? 'list' : wouldLearn(peer, known, look.hosts, look.pins),
        ...(reachable === undefined ? {} : { reachable }),
      }
    })
}

/**
 * The addresses whose answer to a TCP connect would matter: those of missing peers that a restart would teach, or all
 * missing ones while one is verified. Of several, one of which the node is given, it says which.
 */
export function suspects(
  look: Look,
  lists: Lists,
  known: Known | null,
  verifying: boolean,
): { address: string; port: number }[] {
  const assessed = assess(look, lists, known)
  // Whether these answer is known by the time that all say so.
  const heard = assessed
    .filter(one => isMissing(one.standing))
    .flatMap(({ peer }) => (look.hosts[peer.host]?.heard ?? []).map(address => ({ address, port: peer.port })))
  const present = assessed
    .filter(one => isMissing(one.standing) && (one.restartTeaches !== null || verifying || isOneOfSeveral(one, look)))
    .flatMap(one => one.addresses.map(address => ({ address, port: one.peer.port })))
  return [...present, ...heard]
}

function isOneOfSeveral({ peer, addresses }: Assessed, look: Look): boolean {
  return addresses.length > 1 && look.pins?.[peerKey(peer)] !== undefined
}

export function isMissing(standing: Standing): boolean {
  return standing === 'absent' || standing === 'former' || standing === 'unseen'
}

/** The hosts that the node was seen to have dialled at a present address. */
export function dialledHosts(assessed: readonly Assessed[], look: Look): string[] {
  return assessed
    .filter(one => one.standing === 'connected')
    .filter(one =>
      look.node.connections.some(
        connection => connection.port !== undefined && one.addresses.includes(connection.address),
      ),
    )
    .map(one => one.peer.host)
}

/** A shared list names every node, so also the one that reads it. */
function isSelf(peer: Peer, addresses: readonly string[], look: Look): boolean {
  if (peer.id !== undefined && look.self.id !== undefined) return peer.id === look.self.id
  return peer.port === look.plan.p2pPort && addresses.some(address => look.self.addresses.includes(address))
}

function standingOf(peer: Peer, addresses: readonly string[], look: Look): Standing {
  if (look.node.seenBy === 'none') return 'unseen'
  const byId = look.node.seenBy === 'net_info' && peer.id !== undefined
  const view = isAddress(peer.host) ? undefined : look.hosts[peer.host]
  const former = view?.former.map(one => one.address) ?? []
  const its = look.node.connections.filter(connection =>
    byId ? connection.id === peer.id : isAt(connection, peer, [...addresses, ...former]),
  )
  if (its.length === 0) return 'absent'
  const elsewhere = its.every(
    connection => !addresses.includes(connection.address) && former.includes(connection.address),
  )
  return elsewhere && !view?.rotating ? 'former' : 'connected'
}

/** Without IDs, a socket belongs to a peer by address; one that the node dialled also by port. */
function isAt(connection: Connection, peer: Peer, addresses: readonly string[]): boolean {
  return addresses.includes(connection.address) && (connection.port === undefined || connection.port === peer.port)
}
