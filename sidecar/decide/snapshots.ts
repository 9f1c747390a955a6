// From lists and answers to the addresses behind each host, and the hash of both. Pure.
import { own } from '../../peers/own.ts'
import { isAddress, type Peer } from '../../peers/peer.ts'
import { type Snapshot, snapshotHash } from '../../peers/snapshot.ts'
import { type Lists, peersOf } from './lists.ts'
import type { HostView } from './observation.ts'

/** The addresses a peer has now; none where its name has no answer. */
export function addressesOf(host: string, hosts: Readonly<Record<string, HostView>>): readonly string[] {
  if (isAddress(host)) return [host]
  const { addresses = [], behind = [] } = own(hosts, host) ?? {}
  return behind.length === 0 ? addresses : [...new Set([...addresses, ...behind])]
}

export function snapshotOf(peers: readonly Peer[], hosts: Readonly<Record<string, HostView>>): Snapshot {
  const names = [...new Set(peers.map(peer => peer.host))].filter(host => !isAddress(host))
  return { peers, addresses: Object.fromEntries(names.map(host => [host, addressesOf(host, hosts)])) }
}

export function hashOf(lists: Lists, hosts: Readonly<Record<string, HostView>>): string {
  return snapshotHash(snapshotOf(peersOf(lists), hosts))
}
