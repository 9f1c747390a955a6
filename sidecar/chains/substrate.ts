// Substrate: system_addReservedPeer, system_removeReservedPeer and system_peers, which a node answers only at
// localhost, or with --rpc-methods unsafe.
import { isPeerId } from '../../peers/formats/base58.ts'
import { multiaddrList } from '../../peers/formats/multiaddr.ts'
import { isRecord } from '../../peers/is-record.ts'
import type { Connection } from '../decide/observation.ts'
import { sentence, short } from './ask.ts'
import { type Chain, type Interface, type PeerChange, type Told, withoutSeeds } from './chain.ts'
import { call } from './json-rpc.ts'

const allows = 'a node can be told its peers with its RPC on localhost, or with --rpc-methods unsafe'

/**
 * Peers are named as the list names them: libp2p looks a name up at each dial. A transport other than plain TCP (/ws,
 * /wss), which the list may state, is not kept, and such a peer will not connect when told.
 */
export const substrate: Chain = {
  api: at => {
    let id: string | undefined
    return {
      async ask() {
        const reply = await call(at, 'system_peers', [])
        if (!reply.ok) return { ok: false, silent: reply.detail }
        try {
          const connections = readSystemPeers(reply.result)
          id ??= await ownId(at)
          return { ok: true, connections, ...(id === undefined ? {} : { id }) }
        } catch (error) {
          return { ok: false, silent: sentence(error) }
        }
      },
      tell: change => tell(at, change),
    }
  },
}

async function tell(at: Interface, change: PeerChange): Promise<Told> {
  const { add, drop } = withoutSeeds(change)
  const problems: string[] = []
  for (const [method, peer] of [
    ...drop.map(peer => ['system_removeReservedPeer', peer] as const),
    ...add.map(peer => ['system_addReservedPeer', peer] as const),
  ]) {
    let named: string
    try {
      named = multiaddrList.write([peer])
    } catch (error) {
      problems.push(sentence(error))
      continue
    }
    const reply = await call(at, method, [method === 'system_removeReservedPeer' ? peer.id : named])
    if (reply.ok) continue
    if (reply.why === 'refused') return { ok: false, refused: true, detail: `${reply.detail}; ${allows}` }
    if (reply.why !== 'error') return { ok: false, refused: false, detail: reply.detail }
    problems.push(reply.detail)
  }
  return problems.length === 0 ? { ok: true } : { ok: false, refused: false, detail: problems.slice(0, 3).join('; ') }
}

/**
 * The peers in the answer to system_peers (sc-rpc-api's PeerInfo), which tells no addresses. Those are in
 * system_unstable_networkState, which is not asked: a node with the litep2p backend ends its answering of system calls
 * when it fails there (sc-service's build_system_rpc_future).
 */
export function readSystemPeers(result: unknown): Connection[] {
  if (!Array.isArray(result)) throw odd('the answer to system_peers', result, 'a list')
  return result.map((peer: unknown, index) => {
    const id = isRecord(peer) ? peer.peerId : undefined
    if (typeof id !== 'string' || !isPeerId(id))
      throw odd(`the answer to system_peers, peer ${index + 1}, peerId`, id, 'a peer ID')
    return { id, address: '' }
  })
}

async function ownId(at: Interface): Promise<string | undefined> {
  const reply = await call(at, 'system_localPeerId', [])
  return reply.ok && typeof reply.result === 'string' && isPeerId(reply.result) ? reply.result : undefined
}

function odd(where: string, found: unknown, expected: string): Error {
  return new Error(`${where}: found ${short(found)}, expected ${expected}; is this Substrate's RPC?`)
}
