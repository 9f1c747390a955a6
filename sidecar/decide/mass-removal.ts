// Whether an edited list would take most peers away. Pure.
import { type Peer, peerKey } from '../../peers/peer.ts'
import { type Lists, peersOf } from './lists.ts'
import type { Look } from './look.ts'

/**
 * Says how many peers would go, where that is more than half of them and the list gets shorter: a list whose only peer
 * is replaced by another is an ordinary edit. A peer that keeps its ID and changes its address is not gone. Null where
 * it is no mass removal, or permitted.
 */
export function massRemoval(known: Lists, look: Pick<Look, 'allowMassRemoval' | 'desired'>): string | null {
  if (look.allowMassRemoval) return null
  const name = (peer: Peer) => peer.id ?? peerKey({ ...peer, role: 'peer' })
  const old = new Set(peersOf(known).map(name))
  const now = new Set(look.desired.peers.map(name))
  const gone = [...old].filter(peer => !now.has(peer)).length
  if (gone * 2 <= old.size || now.size >= old.size) return null
  return `${gone} of ${old.size} peers would be removed`
}
