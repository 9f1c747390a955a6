// stellar-core: HOST[:PORT], in stellar-core.cfg (TOML) or as a list between commas or newlines.
import { hostPort } from '../peer.ts'
import { type Codec, type ReadEntry, readEntries, splitLines } from './codec.ts'
import { readEndpoint } from './endpoint.ts'
import { arrayEntries, mayHaveKey, parseToml, readToml, setting } from './toml.ts'

/** DEFAULT_PEER_PORT in stellar-core's Config. */
const stellarPort = 11625
const settings = ['KNOWN_PEERS', 'PREFERRED_PEERS'] as const

/**
 * As stellar-core's PeerBareAddress::resolve has it. It resolves IPv4 only and logs what it cannot resolve; an IPv6
 * address does it no harm, and is no error here.
 */
const readEntry: ReadEntry = (text, role, defaultPort = stellarPort) => {
  const endpoint = readEndpoint(text, defaultPort)
  return typeof endpoint === 'string' ? `HOST or HOST:PORT: ${endpoint}` : { ...endpoint, role }
}

export const stellarList: Codec = {
  read: (text, reading) => readEntries(splitLines(text, ','), readEntry, reading),
  write: peers => peers.map(hostPort).join(','),
  holds(text) {
    const entries = splitLines(text, ',')
    const read = (entry: string) => typeof readEntry(entry, 'peer') !== 'string'
    // Any word is a host; a word with neither dot nor port is more likely none.
    return entries.length > 0 && entries.every(entry => /[.:]/.test(entry.text) && read(entry.text))
  },
}

export const stellarCfg: Codec = {
  read(text, { report, defaultPort }) {
    const document = readToml(text, settings, report)
    return settings.flatMap(key =>
      readEntries(arrayEntries(setting(document, key), key, report), readEntry, { role: 'peer', defaultPort, report }),
    )
  },
  write: peers => `KNOWN_PEERS=[${peers.map(peer => `\n  "${hostPort(peer)}"`).join(',')}\n]\n`,
  holds(text) {
    if (!mayHaveKey(text, settings)) return false
    const document = parseToml(text)
    return settings.some(key => setting(document, key) !== undefined)
  },
}
