// CometBFT: dial_peers, one of the unsafe routes of its RPC (rpc/core/net.go and p2p/switch.go of v0.38).
import { cometbftList } from '../../../peers/formats/cometbft.ts'
import { isAddress } from '../../../peers/peer.ts'
import { sentence } from '../ask.ts'
import { type Interface, type PeerChange, type PeerToTell, type Told, withoutSeeds } from '../chain.ts'
import { call } from '../json-rpc.ts'

const allows = 'a node can be told its peers with unsafe = true under [rpc] in its config.toml, and laddr on 127.0.0.1'

/**
 * With persistent = true the list REPLACES the node's persistent peers, so all of them are sent; whether a peer is
 * unconditional or private is left as it is. The node answers before it dials, within 3 s, and leaves out each peer
 * that it is connected to, or is just dialling at an old address: it has to be told again until it is connected. A peer
 * that is not in the list any more is not dialled again, but stays connected.
 */
export async function tellCometbft(at: Interface, change: PeerChange): Promise<Told> {
  const { all } = withoutSeeds(change)
  const named = all.filter(peer => peer.addresses.length > 0)
  if (named.length === 0) {
    const none = all.length === 0 ? 'there is no peer to tell' : 'no peer has an address now'
    return { ok: false, refused: false, detail: `${none}, and CometBFT takes no empty list` }
  }
  let peers: string[]
  try {
    peers = named.map(peer => cometbftList.write([asTold(peer)]))
  } catch (error) {
    return { ok: false, refused: false, detail: sentence(error) }
  }
  // By POST: the URI form has a list in a URL, whose length Go limits, and some proxies log.
  const reply = await call(at, 'dial_peers', { peers, persistent: true })
  if (reply.ok) return { ok: true }
  return reply.why === 'refused'
    ? { ok: false, refused: true, detail: `${reply.detail}; ${allows}` }
    : { ok: false, refused: false, detail: reply.detail }
}

/**
 * A peer by its one address, rather than by its name. The node looks each name up twice during the call, one after
 * another, and drops from its persistent peers, without a word, all that do not resolve just then; and from a cache it
 * may learn the address that the peer has left. Either way it keeps an address only. With several, the choice is the
 * node's, as at a start.
 */
function asTold(peer: PeerToTell): PeerToTell {
  const [address, ...others] = peer.addresses
  return address === undefined || others.length > 0 || isAddress(peer.host) ? peer : { ...peer, host: address }
}
