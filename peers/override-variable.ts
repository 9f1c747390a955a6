// The environment variable that outranks a CometBFT node's configuration file: what the webhook derives from the pod's
// command, and the sidecar from the process that it sees below a script.
import type { Role } from './peer.ts'

/**
 * The variable from which a CometBFT program takes its persistent peers or seeds, outranking its config.toml: CometBFT
 * and Tendermint have a prefix of their own, a Cosmos SDK program its name, with dashes as underscores (read in
 * cosmos-sdk's server package; seen with interchain-security-pd). None for names that no variable can have.
 */
export function overrideVariable(program: string, role: Role): string | undefined {
  if (!/^[A-Za-z_][\w-]*$/.test(program)) return undefined
  const prefix =
    program === 'cometbft' ? 'CMT' : program === 'tendermint' ? 'TM' : program.toUpperCase().replaceAll('-', '_')
  return `${prefix}_P2P_${role === 'peer' ? 'PERSISTENT_PEERS' : 'SEEDS'}`
}
