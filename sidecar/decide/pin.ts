// Addresses in place of names, where the list reaches a CometBFT node by the variable that it takes before any file.
// Such a node looks a name up once, at its start, and keeps the address: given the address, it has the one that the
// sidecar has decided on, and what it was given is known. Pure.

import { writePeers } from '../../peers/formats/index.ts'
import { own } from '../../peers/own.ts'
import { hostPort, isAddress, type Peer, peerKey } from '../../peers/peer.ts'
import type { Connection, HostView } from './observation.ts'

/** By variable, the peers of its list. */
export type Pinnable = Readonly<Record<string, readonly Peer[]>>

/** By peerKey, the address that stands in place of the peer's name. No peer without one. */
export type Pins = Readonly<Record<string, string>>

/**
 * Linux takes one environment string of 128 KiB at most (MAX_ARG_STRLEN), its end included: a longer one keeps the node
 * from starting.
 */
export const longestVariable = 128 * 1024 - 1

export type Seen = {
  readonly hosts: Readonly<Record<string, HostView>>
  readonly connections: readonly Connection[]
  /** Whether an address answers, by `host:port`; absent where it was not asked. */
  readonly reachable: Readonly<Record<string, boolean>>
  /** What was pinned last. */
  readonly before: Pins
}

/** The hosts of which a start of the node asks no name server, as long as an address is known. */
export function pinnableHosts(pinnable: Pinnable): ReadonlySet<string> {
  const peers = Object.values(pinnable).flat()
  return new Set(peers.filter(({ role, host }) => role === 'peer' && !isAddress(host)).map(peer => peer.host))
}

/**
 * What the next start of the node would be given: the variables' texts, and which address stands for which peer. A
 * variable that addresses would make too long, which only IPv6 in place of short names can, keeps its names.
 */
export function pinned(
  exports: Readonly<Record<string, string>>,
  pinnable: Pinnable,
  seen: Seen,
): { exports: Record<string, string>; pins: Pins } {
  const texts: Record<string, string> = Object.assign(Object.create(null), exports)
  const pins: Record<string, string> = Object.create(null)
  for (const [variable, peers] of Object.entries(pinnable)) {
    const chosen = Object.fromEntries(peers.flatMap(peer => entryFor(peer, seen)))
    if (Object.keys(chosen).length === 0) continue
    const text = writePeers(
      'cometbft-list',
      peers.map(peer => ({ ...peer, host: own(chosen, peerKey(peer)) ?? peer.host })),
    )
    if (Buffer.byteLength(`${variable}=${text}`) > longestVariable) continue
    texts[variable] = text
    Object.assign(pins, chosen)
  }
  return { exports: texts, pins }
}

function entryFor(peer: Peer, seen: Seen): [string, string][] {
  if (peer.role !== 'peer' || isAddress(peer.host)) return []
  const address = choose(peer, seen)
  return address === undefined ? [] : [[peerKey(peer), address]]
}

/**
 * CometBFT keeps one address for each ID, so one has to be chosen where a name has several. The one over which the node
 * is connected to this peer proves itself. Else one that answers a connect, else any; among these the one that was
 * pinned last, so that what is given does not change without need, else the first in the view's own order, which is
 * sorted. Of a Service with an address of its own that address, which outlives the pods behind it.
 */
function choose(peer: Peer, { hosts, connections, reachable, before }: Seen): string | undefined {
  const addresses = own(hosts, peer.host)?.addresses ?? []
  if (addresses.length < 2) return addresses[0]
  const connected = addresses.find(address =>
    connections.some(
      connection => connection.id !== undefined && connection.id === peer.id && connection.address === address,
    ),
  )
  if (connected !== undefined) return connected
  const answers = (address: string) => own(reachable, hostPort({ host: address, port: peer.port }))
  const answering = addresses.filter(address => answers(address) === true)
  const candidates = answering.length > 0 ? answering : addresses
  const last = own(before, peerKey(peer))
  return last !== undefined && candidates.includes(last) ? last : candidates[0]
}
