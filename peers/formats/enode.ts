// Ethereum's peers: enode URLs and ENRs, as a list between commas or as a JSON array (static-nodes.json of besu and
// nethermind).
import { hostPort, type Peer } from '../peer.ts'
import { type Codec, looksLike, type ReadEntry, readEntries, splitEntries } from './codec.ts'
import { portRange, readEndpoint, readPort } from './endpoint.ts'
import { readEnr } from './enr.ts'
import { readJsonArray } from './json-array.ts'
import { peerWithId } from './written.ts'

const shape = 'enode://ID@HOST:PORT, ID being 128 hex digits'
const scheme = /^(enode|enr):/i

/**
 * An enode URL as geth's p2p/enode ParseV4 has it, or an ENR. Peers are dialled at their TCP port; seeds are asked over
 * UDP, so theirs is discport where it is given (`HOST:0?discport=30301` is how geth's bootnode prints itself). An entry
 * that is a public key alone, which geth takes and finds by discovery, names no address that could be followed, and is
 * refused. That the key lies on the curve is not checked.
 */
export const readEnode: ReadEntry = (text, role) => {
  if (/^enr:/i.test(text)) return readEnr(text, role)
  const [, id, endpointText, query = ''] = /^enode:\/\/([0-9a-f]{128})@([^/?#@]*)\/?(?:\?([^#]*))?$/i.exec(text) ?? []
  if (id === undefined || endpointText === undefined) return shape
  const discportText = new URLSearchParams(query).get('discport')
  const discport = discportText ? readPort(discportText, 0) : 0
  if (discport === undefined) return 'a discport from 0 to 65535'
  const udpOnly = role === 'seed' && discport > 0
  const endpoint = readEndpoint(endpointText, undefined, udpOnly ? 0 : 1)
  if (typeof endpoint === 'string') return endpoint === portRange ? `${portRange} (TCP)` : endpoint
  return { id: id.toLowerCase(), host: endpoint.host, port: udpOnly ? discport : endpoint.port, role }
}

export const enodeList: Codec = {
  read: (text, reading) => readEntries(splitEntries(text, ','), readEnode, reading),
  write: peers => enodes(peers).join(','),
  holds: text => looksLike(splitEntries(text, ','), readEnode, scheme),
}

export const staticNodes: Codec = {
  read: (text, reading) => readEntries(readJsonArray(text, reading.report), readEnode, reading),
  write: peers => `${JSON.stringify(enodes(peers), null, 2)}\n`,
  holds(text) {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(entry => typeof entry === 'string' && scheme.test(entry))
  },
}

export function enodes(peers: readonly Peer[]): string[] {
  return peers.map((peer, index) => `enode://${peerWithId(peer, /^[0-9a-f]{128}$/, shape, index)}@${hostPort(peer)}`)
}
