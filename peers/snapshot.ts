// A snapshot: the peers that the watched sources list, and the addresses behind each host. Its hash is what three
// programs (webhook, sidecar, controller) and two versions of each must agree on, so its canonical form is fixed here,
// with golden tests.
import { createHash } from 'node:crypto'
import { isAddress, type Peer, peerKey, uniquePeers } from './peer.ts'

export type Snapshot = {
  readonly peers: readonly Peer[]
  /**
   * For each host that is a name: its addresses, in normal form. A host without an answer has none: absent and empty
   * are the same.
   */
  readonly addresses: Readonly<Record<string, readonly string[]>>
}

/**
 * The hash of a peer list: `p1:` and 32 hex digits (128 bits of SHA-256). Order, duplicates, comments and white space
 * do not count; id, host, port and role do. This is what `repeer.dev/peer-hash` carries.
 */
export function peerHash(peers: readonly Peer[]): string {
  return `p1:${digest(uniquePeers(peers).map(peerKey))}`
}

/**
 * The hash of a snapshot, `s1:` and 32 hex digits: the list and the addresses behind each of its hosts, in any order.
 */
export function snapshotHash(snapshot: Snapshot): string {
  const hosts = new Set(snapshot.peers.map(peer => peer.host))
  const lines = Object.entries(snapshot.addresses)
    .filter(([host, addresses]) => hosts.has(host) && !isAddress(host) && addresses.length > 0)
    .map(([host, addresses]) => `${host} = ${[...new Set(addresses)].sort().join(' ')}`)
    .sort()
  return `s1:${digest([...uniquePeers(snapshot.peers).map(peerKey), '', ...lines])}`
}

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32)
}
