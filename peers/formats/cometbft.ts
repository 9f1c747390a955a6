// CometBFT, Tendermint and Cosmos SDK programs: NODEID@HOST:PORT, comma-separated, alone or in config.toml.
import { own } from '../own.ts'
import type { Peer } from '../peer.ts'
import { hostPort } from '../peer.ts'
import { type Codec, type Entry, looksLike, type ReadEntry, type Report, readEntries, splitEntries } from './codec.ts'
import { readEndpoint } from './endpoint.ts'
import { describe, isTable, mayHaveKey, parseToml, readToml, subTable, type Table } from './toml.ts'
import { peerWithId } from './written.ts'

const shape = 'NODEID@HOST:PORT, NODEID being 40 hex digits'

/**
 * The settings under [p2p] that hold peers. CometBFT and the Cosmos SDK read the spelling with underscores and ignore
 * any other; Tendermint
 * 0.35 and its forks (Sei) read the one with dashes and write no other. cosmos-operator writes both, alike. So the
 * underscores win wherever they are present, even empty: a CometBFT node takes no notice of the dashes beside them.
 */
const settings = [
  { role: 'peer', spellings: ['persistent_peers', 'persistent-peers'] },
  { role: 'seed', spellings: ['seeds'] },
] as const
const spellings = settings.flatMap(setting => [...setting.spellings])

/**
 * As CometBFT's NewNetAddressString has it (p2p/netaddr, v0.38): a scheme before :// is dropped, ID and port are
 * required. A node refuses to start on anything else. Its ID is 40 hex digits; the node compares it in lower case.
 */
const readEntry: ReadEntry = (text, role) => {
  const [id, endpointText, ...rest] = text.replace(/^[^@]*?:\/\//, '').split('@')
  if (id === undefined || endpointText === undefined || rest.length > 0 || !/^[0-9a-f]{40}$/i.test(id)) return shape
  const endpoint = readEndpoint(endpointText)
  return typeof endpoint === 'string' ? endpoint : { id: id.toLowerCase(), ...endpoint, role }
}

export const cometbftList: Codec = {
  // White space of any kind around entries is allowed here: between such a list and the node usually stands a shell.
  read: (text, reading) => readEntries(splitEntries(text, ','), readEntry, reading),
  write: peers => writeList(peers),
  // Every variable of a pod is asked about: most end here, without being split.
  holds: text => text.includes('@') && looksLike(splitEntries(text, ','), readEntry, /^[^\s"'=#{}]+$/),
}

export const cometbftToml: Codec = {
  read(text, { report }) {
    const p2p = subTable(lowerKeys(readToml(text, spellings, report)), 'p2p', '[p2p]', report)
    return settings.flatMap(({ role, spellings }) =>
      readEntries(p2pEntries(p2p, spellings, report), readEntry, { role, report }),
    )
  },
  write(peers) {
    const [persistent, seeds] = (['peer', 'seed'] as const).map(role =>
      writeList(peers.filter(peer => peer.role === role)),
    )
    return `[p2p]\npersistent_peers = "${persistent}"\nseeds = "${seeds}"\n`
  },
  holds(text) {
    if (!mayHaveKey(text, spellings)) return false
    const p2p = own(lowerKeys(parseToml(text)), 'p2p')
    return isTable(p2p) && spellings.some(spelling => own(lowerKeys(p2p), spelling) !== undefined)
  },
}

/**
 * The entries of the first spelling that is present. The node trims spaces and nothing else, so other white space stays
 * and is an error.
 */
export function p2pEntries(p2p: Table | undefined, spellings: readonly string[], report: Report): Entry[] {
  const table = lowerKeys(p2p)
  const key = spellings.find(spelling => own(table, spelling) !== undefined)
  if (key === undefined) return []
  const value = own(table, key)
  const where = `[p2p] ${key}`
  if (typeof value !== 'string') {
    report(where, describe(value), 'a string of comma-separated NODEID@HOST:PORT')
    return []
  }
  const parts = value.split(',').map(part => part.replace(/^ +/, '').replace(/(?<! ) +$/, ''))
  return parts.filter(part => part !== '').map((text, index) => ({ text, where: `${where} entry ${index + 1}` }))
}

/** Viper, which reads the file for the node, knows no upper case in keys. */
export function lowerKeys(table: Table | undefined): Table | undefined {
  return (
    table &&
    Object.assign(
      Object.create(null),
      Object.fromEntries(Object.entries(table).map(([key, value]) => [key.toLowerCase(), value])),
    )
  )
}

function writeList(peers: readonly Peer[]): string {
  return peers.map((peer, index) => `${peerWithId(peer, /^[0-9a-f]{40}$/, shape, index)}@${hostPort(peer)}`).join(',')
}
