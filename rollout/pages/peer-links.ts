// What is kept of the peers that a status page lists: enough to draw who is connected to whom. Pure.
import { detached } from '../../peers/detached.ts'
import type { Page } from '../../peers/page.ts'

/** `standing` as the page says it: connected, former, absent, unseen, self, or a word of a later version. */
export type PeerLink = {
  readonly id?: string
  /** HOST:PORT */
  readonly peer: string
  /** Its first address. */
  readonly address?: string
  readonly standing: string
}

/**
 * Of one page: 1,000 nodes keep 15 MB of them. A picture of more lines shows nothing; the page itself has them all.
 */
export const mostLinks = 64
/** Characters: the longest node ID, an enode's public key, has 128; hosts in a cluster have some 60. */
const mostText = 128

/** Those that are not connected first, so that none of them is among those left out for their number. */
export function peerLinks(peers: Page['peers']): readonly PeerLink[] {
  const rank = ({ standing }: { readonly standing: string }) =>
    standing === 'connected' || standing === 'self' ? 1 : 0
  const [missing, others] = [peers.filter(peer => rank(peer) === 0), peers.filter(peer => rank(peer) === 1)]
  return [...missing, ...others].slice(0, mostLinks).map(({ id, peer, addresses: [address], standing }) => ({
    ...(id === undefined ? {} : { id: kept(id) }),
    peer: kept(peer),
    ...(address === undefined ? {} : { address: kept(address) }),
    standing: kept(standing),
  }))
}

function kept(text: string): string {
  return detached(text.slice(0, mostText))
}
