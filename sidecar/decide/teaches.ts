// What starting again would teach a node about a peer. Pure.
import { own } from '../../peers/own.ts'
import { isAddress, type Peer, peerKey } from '../../peers/peer.ts'
import type { Known } from './memory.ts'
import type { HostView } from './observation.ts'
import type { Pins } from './pin.ts'
import { addressesOf } from './snapshots.ts'

/**
 * `perhaps`: it is the same as at the node's start, but it is not known that the node got it then: the answer was too
 * young, or a script was between.
 */
export type Teaches = 'list' | 'address' | 'perhaps' | null

/**
 * What starting again would tell the node about this peer that it was not told at its last start; null for nothing.
 * `pins`: what it would be given in place of names.
 */
export function wouldLearn(
  peer: Peer,
  known: Known,
  hosts: Readonly<Record<string, HostView>>,
  pins: Pins = {},
): Teaches {
  const key = peerKey(peer)
  if (!Object.values(known.lists).some(peers => peers.some(listed => peerKey(listed) === key))) return 'list'
  if (isAddress(peer.host)) return known.uncertain.includes(peer.host) ? 'perhaps' : null
  const pin = own(known.pins, key)
  const then = pin === undefined ? (own(known.addresses, peer.host) ?? []) : [pin]
  // Rotating answers differ at every look; a node that was given any of them would be given another of the same.
  if (own(hosts, peer.host)?.rotating) return then.length === 0 ? 'address' : null
  if (pin !== undefined && own(pins, key) !== undefined) return pin === own(pins, key) ? null : 'address'
  const now = addressesOf(peer.host, hosts)
  if (now.length === 0) return 'address'
  const same = then.length === now.length && then.every(address => now.includes(address))
  if (!same) return 'address'
  return known.uncertain.includes(peer.host) ? 'perhaps' : null
}
