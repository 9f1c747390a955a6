// How peer lists are named: from the name of a file, a key or a variable to the format that its text should have.
import type { Format } from '../../peers/formats/index.ts'
import type { Role } from '../../peers/peer.ts'
import type { Profile } from '../../peers/plan.ts'

export type NamedList = {
  readonly format: Format
  readonly role: Role
  /** The name alone says that peers are in there, even where the content cannot be read. */
  readonly wellKnown: boolean
}

type Rule = readonly [name: RegExp, list: NamedList | undefined]

const known = (format: Format, role: Role = 'peer'): NamedList => ({ format, role, wellKnown: true })
const perhaps = (format: Format, role: Role = 'peer'): NamedList => ({ format, role, wellKnown: false })

const bootNodes = /boot[-_.]?nodes/i
const staticNodes = /static[-_.]?(nodes|peers)/i
/**
 * A list must not be looked for in these, whatever the profile: keys, what only programs write, and who may connect
 * (GoQuorum's permissioned-nodes.json).
 */
const never =
  /(^|[-_.])(permissioned[-_.]?nodes|permissions[-_.]?config|disallowed[-_.]?nodes|node_?key|priv_validator|genesis|addrbook|chain-?spec|jwt|mnemonic|password|nodekey)/i

/** In order; the first rule that fits decides. A rule without a list says that such a name holds none. */
const rules: Readonly<Record<Profile, readonly Rule[]>> = {
  cometbft: [
    [/^config(-overlay)?\.toml$/i, known('cometbft-toml')],
    [/^(app|client)([-.].*)?\.toml$/i, undefined],
    [/\.toml$/i, perhaps('cometbft-toml')],
    [/(unconditional|private)[-_.]?peer/i, undefined],
    [/persistent[-_.]?peers/i, known('cometbft-list')],
    [/(^|[-_.])seeds([-_.]|$)/i, known('cometbft-list', 'seed')],
    [/\.(json|sh|ya?ml)$/i, undefined],
    [/^/, perhaps('cometbft-list')],
  ],
  gnoland: [
    [/^config\.toml$/i, known('tm2-toml')],
    [/\.toml$/i, perhaps('tm2-toml')],
    [/(unconditional|private)[-_.]?peer/i, undefined],
    [/persistent[-_.]?peers/i, known('tm2-list')],
    [/\.(json|sh|ya?ml)$/i, undefined],
    [/^/, perhaps('tm2-list')],
  ],
  'stellar-core': [
    [/stellar-core.*\.cfg$/i, known('stellar-cfg')],
    [/\.(cfg|conf|toml)$/i, perhaps('stellar-cfg')],
    [/(known|preferred)[-_.]?peers/i, known('stellar-list')],
    [/(^|[-_.])peers([-_.]|$)/i, perhaps('stellar-list')],
  ],
  geth: [
    [/^config\.toml$/i, known('geth-toml')],
    [/\.toml$/i, perhaps('geth-toml')],
    [/\.(json|sh|ya?ml)$/i, undefined],
    [staticNodes, known('enode-list')],
    [bootNodes, known('enode-list', 'seed')],
    [/^/, perhaps('enode-list')],
  ],
  besu: [
    [/static[-_.]?nodes.*\.json$/i, known('static-nodes')],
    [/\.json$/i, perhaps('static-nodes')],
    [/\.toml$/i, perhaps('besu-toml', 'seed')],
    [/\.(sh|ya?ml)$/i, undefined],
    [staticNodes, known('enode-list')],
    [bootNodes, known('enode-list', 'seed')],
    [/^/, perhaps('enode-list')],
  ],
  nethermind: [
    [/static[-_.]?nodes.*\.json$/i, known('static-nodes')],
    [/\.json$/i, perhaps('static-nodes')],
    [/\.(toml|cfg|sh|ya?ml)$/i, undefined],
    [staticNodes, known('enode-list')],
    [bootNodes, known('enode-list', 'seed')],
    [/^/, perhaps('enode-list')],
  ],
  substrate: [
    [/\.(json|toml|sh|ya?ml)$/i, undefined],
    [/reserved[-_.]?nodes/i, known('multiaddr-list')],
    [bootNodes, known('multiaddr-list', 'seed')],
    [/^/, perhaps('multiaddr-list')],
  ],
  generic: [
    [/(^|[-_.])seeds([-_.]|$)/i, known('generic-list', 'seed')],
    [/(^|[-_.])(peers|static[-_.]?nodes)([-_.]|$)/i, known('generic-list')],
  ],
}

/**
 * What a file, key or variable of that name would hold; undefined where the profile's nodes keep no peers under such a
 * name.
 */
export function listNamed(profile: Profile, name: string): NamedList | undefined {
  return never.test(name) ? undefined : rules[profile].find(([pattern]) => pattern.test(name))?.[1]
}

/** The formats in which a profile's nodes keep files, for content whose name says nothing. */
export const fileFormats: Readonly<Record<Profile, readonly Format[]>> = {
  cometbft: ['cometbft-toml', 'cometbft-list'],
  gnoland: ['tm2-toml', 'tm2-list'],
  'stellar-core': ['stellar-cfg', 'stellar-list'],
  geth: ['geth-toml', 'enode-list'],
  besu: ['static-nodes', 'enode-list', 'besu-toml'],
  nethermind: ['static-nodes', 'enode-list'],
  substrate: ['multiaddr-list'],
  generic: ['generic-list'],
}
