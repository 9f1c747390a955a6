// From what was seen to a look: lists, hashes, and how the node stands with each peer, made once. Pure.
import { own } from '../../peers/own.ts'
import { isAddress, type Peer } from '../../peers/peer.ts'
import { peerHash, snapshotHash } from '../../peers/snapshot.ts'
import { type Lists, peersOf } from './lists.ts'
import type { Desired, Look, Observed, PeerStanding, Standing } from './look.ts'
import type { Connection } from './observation.ts'
import { addressesOf, snapshotOf } from './snapshots.ts'

/** `lastGood`: the lists that count where the look has none that can be used. */
export function enriched(seen: Observed, lastGood: Lists): Look {
  const desired = desiredOf(seen.list.ok ? seen.list.lists : lastGood, seen.hosts)
  return { ...seen, desired, standings: desired.peers.filter(({ role }) => role === 'peer').map(standingIn(seen)) }
}

function desiredOf(lists: Lists, hosts: Observed['hosts']): Desired {
  const peers = peersOf(lists)
  return { lists, peers, listHash: peerHash(peers), snapshotHash: snapshotHash(snapshotOf(peers, hosts)) }
}

function standingIn(seen: Observed): (peer: Peer) => PeerStanding {
  return peer => {
    const addresses = addressesOf(peer.host, seen.hosts)
    return { peer, addresses, standing: isSelf(peer, addresses, seen) ? 'self' : standingOf(peer, addresses, seen) }
  }
}

/** A shared list names every node, so also the one that reads it. */
function isSelf(peer: Peer, addresses: readonly string[], seen: Observed): boolean {
  if (peer.id !== undefined && seen.self.id !== undefined) return peer.id === seen.self.id
  return peer.port === seen.plan.p2pPort && addresses.some(address => seen.self.addresses.includes(address))
}

function standingOf(peer: Peer, addresses: readonly string[], seen: Observed): Standing {
  if (seen.node.seenBy === 'none') return 'unseen'
  const byId = seen.node.seenBy === 'net_info' && peer.id !== undefined
  const view = isAddress(peer.host) ? undefined : own(seen.hosts, peer.host)
  const former = view?.former.map(({ address }) => address) ?? []
  const its = seen.node.connections.filter(connection =>
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
