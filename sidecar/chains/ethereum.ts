// What geth, besu and nethermind share: admin_addPeer, admin_removePeer and admin_peers, over HTTP where the admin API
// is enabled there. None has it so by default. geth's IPC socket lies on the node's own volume, beside its keys, which
// the sidecar does not mount.
import { enodes } from '../../peers/formats/enode.ts'
import { isRecord } from '../../peers/is-record.ts'
import { normalHost } from '../../peers/peer.ts'
import type { Connection } from '../decide/observation.ts'
import { sentence, short } from './ask.ts'
import { type Chain, type Interface, type PeerChange, type PeerToTell, type Told, withoutSeeds } from './chain.ts'
import { call } from './json-rpc.ts'

export type Client = {
  /** What the node has to be started with. */
  readonly allows: string
  /**
   * The node ignores an addition of a peer whose ID it knows: it keeps the old address, unless the peer is removed
   * first.
   */
  readonly removeFirst: boolean
  /** What admin_removePeer is given. */
  readonly gone: (peer: PeerToTell) => string
}

/**
 * Peers are named as the list names them: a node that takes names looks them up again at each dial (geth from 1.15,
 * besu with --Xdns-update-enabled), and would follow an address no further.
 */
export function enodeOf(peer: PeerToTell): string {
  return enodes([peer])[0] ?? ''
}

export function ethereumApi(client: Client): NonNullable<Chain['api']> {
  return at => {
    let id: string | undefined
    return {
      async ask() {
        const reply = await call(at, 'admin_peers', [])
        if (!reply.ok) return { ok: false, silent: reply.detail }
        try {
          const connections = readAdminPeers(reply.result)
          // The node's own ID does not change while it runs, and is no reason to doubt the rest.
          id ??= await ownId(at)
          return { ok: true, connections, ...(id === undefined ? {} : { id }) }
        } catch (error) {
          return { ok: false, silent: sentence(error) }
        }
      },
      tell: change => tell(at, client, change),
    }
  }
}

async function tell(at: Interface, client: Client, change: PeerChange): Promise<Told> {
  const { add, drop } = withoutSeeds(change)
  const problems: string[] = []
  for (const [method, peer] of callsFor(client, add, drop)) {
    let enode: string
    try {
      enode = method === 'admin_addPeer' ? enodeOf(peer) : client.gone(peer)
    } catch (error) {
      problems.push(sentence(error))
      continue
    }
    const reply = await call(at, method, [enode])
    if (!reply.ok) {
      // These clients have the interface off by default, and nobody listening means just that.
      const refused = reply.why === 'refused' || reply.why === 'absent'
      if (refused) return { ok: false, refused, detail: `${reply.detail}; ${client.allows}` }
      // One that does not answer would not answer the next question either, and each takes its time.
      if (reply.why === 'silent') return { ok: false, refused, detail: reply.detail }
      problems.push(reply.detail)
    }
    // What a false means differs: besu has the peer already, or does not have the one to remove. Whether it helped
    // shows in the connections.
    else if (typeof reply.result !== 'boolean' && typeof reply.result !== 'string') {
      problems.push(`the answer to ${method}: found ${short(reply.result)}, expected true or false`)
    }
  }
  return problems.length === 0 ? { ok: true } : { ok: false, refused: false, detail: problems.slice(0, 3).join('; ') }
}

function* callsFor(
  client: Client,
  add: readonly PeerToTell[],
  drop: readonly PeerToTell[],
): Generator<['admin_addPeer' | 'admin_removePeer', PeerToTell]> {
  for (const peer of drop) yield ['admin_removePeer', peer]
  for (const peer of add) {
    if (client.removeFirst) yield ['admin_removePeer', peer]
    yield ['admin_addPeer', peer]
  }
}

/**
 * The peers in the answer to admin_peers. One that cannot be read spoils the answer: a missing one would look like a
 * lost one. Besides the connection's ends an old besu tells no enode, but the public key as ID; to geth and nethermind
 * the ID is a hash of it.
 */
export function readAdminPeers(result: unknown): Connection[] {
  if (!Array.isArray(result)) throw odd('the answer to admin_peers', result, 'a list')
  return result.map((peer: unknown, index) => {
    const where = `the answer to admin_peers, peer ${index + 1}`
    if (!isRecord(peer)) throw odd(where, peer, 'an object')
    const id = publicKey(peer.enode) ?? publicKey(peer.id)
    if (id === undefined) throw odd(`${where}, enode`, peer.enode, 'an enode URL')
    const network = isRecord(peer.network) ? peer.network : {}
    const [, host = '', port = ''] =
      /^(.*):(\d{1,5})$/.exec(typeof network.remoteAddress === 'string' ? network.remoteAddress : '') ?? []
    // Java writes an address after a slash where it has no name for it.
    const address = normalHost(host.replace(/^\//, '').replace(/%[^\]]*/, ''))
    if (address === undefined)
      throw odd(`${where}, network.remoteAddress`, network.remoteAddress, 'an IP address and a port')
    return { id, address, ...(network.inbound === false ? { port: Number(port) } : {}) }
  })
}

async function ownId(at: Interface): Promise<string | undefined> {
  const reply = await call(at, 'admin_nodeInfo', [])
  return reply.ok && isRecord(reply.result) ? publicKey(reply.result.enode) : undefined
}

function publicKey(value: unknown): string | undefined {
  return typeof value === 'string'
    ? /^(?:enode:\/\/|0x)?([0-9a-f]{128})(?:@|$)/i.exec(value)?.[1]?.toLowerCase()
    : undefined
}

function odd(where: string, found: unknown, expected: string): Error {
  return new Error(`${where}: found ${short(found)}, expected ${expected}; is this the node's JSON-RPC?`)
}
