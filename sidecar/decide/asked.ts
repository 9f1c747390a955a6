// For which change the node asks its turn. Pure.
//
// A turn names a snapshot, and takes some seconds to come: the controller reads the page, and the kubelet the
// annotation. Meanwhile a name that has nothing to do with it may move, and the snapshot is another: whoever moves a
// listed name every few seconds would keep the node from its turn for ever. So what is asked stays asked as long as
// one of those for whose sake it was is missing at the same addresses.
import { peerKey } from '../../peers/peer.ts'
import { type Assessed, soughtOf } from './assess.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import type { Wish } from './wish.ts'

/** Of so many for whose sake it is it is remembered who they are: one who is left is enough. */
const mostKept = 16

/** The need without what was asked for the sake of peers of whom none is sought any more. */
export function withAsked(need: Memory['need'], wish: Wish): Memory['need'] {
  if (!need?.asked) return need
  const { asked, ...rest } = need
  const sought = new Set(soughtBy(wish))
  return asked.forPeers.some(words => sought.has(words)) ? need : rest
}

/** The need of a node that waits for nothing but its turn: the one for this snapshot, unless it asks already. */
export function asking(need: Memory['need'], wish: Wish, look: Look): Memory['need'] {
  if (need === null || need.asked) return need
  return { ...need, asked: { hash: look.desired.snapshotHash, forPeers: soughtBy(wish).slice(0, mostKept) } }
}

/** The snapshot for which a turn is asked: the present one, unless it asks for an older one already. */
export function askedSnapshot({ need }: Memory, look: Look): string {
  return need?.asked?.hash ?? look.desired.snapshotHash
}

/** Each at its present addresses, in words that are the same each time. */
function soughtBy({ missing }: Wish): string[] {
  return soughtOf(missing).map(inWords)
}

function inWords({ peer, addresses }: Assessed): string {
  return `${peerKey(peer)} at ${[...addresses].sort().join(' ')}`
}
