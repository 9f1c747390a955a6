// How peer lists are named: from the name of a file, a key or a variable to the format that its text should have.
import type { Profile } from '../../peers/plan.ts'
import type { NamedList } from './chain.ts'
import { chains } from './index.ts'

/**
 * A list must not be looked for in these, whatever the profile: keys, what only programs write, and who may connect
 * (GoQuorum's permissioned-nodes.json).
 */
const never =
  /(^|[-_.])(permissioned[-_.]?nodes|permissions[-_.]?config|disallowed[-_.]?nodes|node_?key|priv_validator|genesis|addrbook|chain-?spec|jwt|mnemonic|password|nodekey)/i

/**
 * What a file, key or variable of that name would hold; undefined where the profile's nodes keep no peers under such a
 * name.
 */
export function listNamed(profile: Profile, name: string): NamedList | undefined {
  return never.test(name) ? undefined : chains[profile].lists.names.find(([pattern]) => pattern.test(name))?.[1]
}
