// besu's configuration file: bootnodes as an array of enode URLs, in the root of a TOML document. Static nodes have a
// file of their own (static-nodes.json).
import { type Codec, readEntries } from './codec.ts'
import { enodes, readEnode } from './enode.ts'
import { arrayEntries, mayHaveKey, parseToml, readToml, setting } from './toml.ts'

const keys = ['bootnodes'] as const

export const besuToml: Codec = {
  read(text, { report }) {
    const value = setting(readToml(text, keys, report), 'bootnodes')
    // picocli takes one text between commas as well as an array (read in besu's TomlConfigurationDefaultProvider).
    const entries = typeof value === 'string' ? value.split(',').map(entry => entry.trim()) : value
    return readEntries(arrayEntries(entries, 'bootnodes', report), readEnode, { role: 'seed', report })
  },
  write: peers => `bootnodes = ${JSON.stringify(enodes(peers))}\n`,
  holds: text => mayHaveKey(text, keys) && setting(parseToml(text), 'bootnodes') !== undefined,
}
