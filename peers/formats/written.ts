// What a peer needs to be written in a format that proves identities.
import { type Peer, peerKey } from '../peer.ts'
import { PeerListError } from '../peer-list-error.ts'

/** The peer's ID, which has to match; throws a PeerListError where it does not. `index` counts from 0. */
export function peerWithId(peer: Peer, id: RegExp, expected: string, index: number): string {
  if (peer.id !== undefined && id.test(peer.id)) return peer.id
  throw new PeerListError([{ source: 'peers to write', where: `entry ${index + 1}`, found: peerKey(peer), expected }])
}
