// geth's config.toml, as `geth dumpconfig` writes it: enode URLs in arrays under [Node.P2P].
import { type Codec, readEntries } from './codec.ts'
import { enodes, readEnode } from './enode.ts'
import { arrayEntries, isTable, mayHaveKey, parseToml, readToml, setting, subTable } from './toml.ts'

/**
 * BootstrapNodesV5 is left out: discovery v5 alone uses it, over UDP, and its records are often of other networks'
 * nodes.
 */
const settings = [
  { key: 'StaticNodes', role: 'peer' },
  { key: 'TrustedNodes', role: 'peer' },
  { key: 'BootstrapNodes', role: 'seed' },
] as const
const keys = settings.map(({ key }) => key)

export const gethToml: Codec = {
  read(text, { report }) {
    const node = subTable(readToml(text, keys, report), 'Node', '[Node]', report)
    const p2p = subTable(node, 'P2P', '[Node.P2P]', report)
    return settings.flatMap(({ key, role }) => {
      return readEntries(arrayEntries(setting(p2p, key), `[Node.P2P] ${key}`, report), readEnode, { role, report })
    })
  },
  write(peers) {
    const array = (role: 'peer' | 'seed') => JSON.stringify(enodes(peers.filter(peer => peer.role === role)))
    return `[Node.P2P]\nBootstrapNodes = ${array('seed')}\nStaticNodes = ${array('peer')}\n`
  },
  holds(text) {
    if (!mayHaveKey(text, keys)) return false
    const node = setting(parseToml(text), 'Node')
    const p2p = isTable(node) ? setting(node, 'P2P') : undefined
    return isTable(p2p) && keys.some(key => setting(p2p, key) !== undefined)
  },
}
