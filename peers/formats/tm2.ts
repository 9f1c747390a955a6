// gno.land's Tendermint 2: NODEID@HOST:PORT as CometBFT has it, with bech32 addresses as node IDs.
import { own } from '../own.ts'
import { hostPort } from '../peer.ts'
import { type Codec, looksLike, type ReadEntry, readEntries, splitEntries } from './codec.ts'
import { lowerKeys, p2pEntries } from './cometbft.ts'
import { readEndpoint } from './endpoint.ts'
import { isTable, mayHaveKey, parseToml, readToml, setting, subTable } from './toml.ts'
import { peerWithId } from './written.ts'

const shape = 'NODEID@HOST:PORT, NODEID being a bech32 address (g1 and 38 characters)'
/**
 * 20 bytes and a checksum in bech32's alphabet, which is not checked: the node logs a wrong one and goes on without
 * that peer.
 */
const nodeId = /^g1[02-9ac-hj-np-z]{38}$/
/** `seeds` is there, and the node never reads it (gno.land/cmd/gnoland, README). */
const spellings = ['persistent_peers'] as const

/**
 * As NewNetAddressFromString has it (tm2/pkg/p2p/types/netaddress.go): a scheme is dropped, ID, host and port are
 * required.
 */
const readEntry: ReadEntry = (text, role) => {
  const [id, endpointText, ...rest] = text.replace(/^[^@]*?:\/\//, '').split('@')
  if (id === undefined || endpointText === undefined || rest.length > 0 || !nodeId.test(id)) return shape
  const endpoint = readEndpoint(endpointText)
  return typeof endpoint === 'string' ? endpoint : { id, ...endpoint, role }
}

export const tm2List: Codec = {
  read: (text, reading) => readEntries(splitEntries(text, ','), readEntry, reading),
  write: peers => peers.map((peer, index) => `${peerWithId(peer, nodeId, shape, index)}@${hostPort(peer)}`).join(','),
  holds: text => text.includes('@') && looksLike(splitEntries(text, ','), readEntry, /^[^\s"'=#{}]+$/),
}

export const tm2Toml: Codec = {
  read(text, { report }) {
    const p2p = subTable(lowerKeys(readToml(text, spellings, report)), 'p2p', '[p2p]', report)
    return readEntries(p2pEntries(p2p, spellings, report), readEntry, { role: 'peer', report })
  },
  write: peers => `[p2p]\npersistent_peers = "${tm2List.write(peers)}"\n`,
  holds(text) {
    if (!mayHaveKey(text, spellings)) return false
    const p2p = own(lowerKeys(parseToml(text)), 'p2p')
    if (!isTable(p2p) || setting(lowerKeys(p2p), 'persistent_peers') === undefined) return false
    const entries = p2pEntries(p2p, spellings, () => {})
    return entries.length === 0 || entries.some(entry => typeof readEntry(entry.text, 'peer') !== 'string')
  },
}

/** Whether a text names one of gno.land's nodes: that alone tells its configuration from CometBFT's. */
export function namesTm2Node(text: string): boolean {
  return /[\s"',/]g1[02-9ac-hj-np-z]{38}@/.test(text)
}
