// Hyperledger Besu. Each of its flags has a variable BESU_ and its name.
import type { Chain } from './chain.ts'
import { ethereum } from './ethereum.ts'
import { known, perhaps } from './names.ts'
import { setting } from './written-setting.ts'

export const besu: Chain = {
  clues: {
    programs: /^besu$/,
    otherCommands: /^(blocks|operator|password|public-key|rlp|storage|validate-config)/,
    images: /(^|\/)besu$/,
    containers: /^(besu|execution|node)$/,
    ports: ethereum.ports,
  },
  processes: ['java', 'besu'],
  p2p: {
    ...ethereum.p2p,
    flags: ['p2p-port'],
    variables: /^BESU_P2P_PORT$/,
    written: setting('p2p-port'),
  },
  rpc: {
    ...ethereum.rpc,
    flags: ['rpc-http-port'],
    variables: /^BESU_RPC_HTTP_PORT$/,
    probes: /^\/(liveness|readiness)\/?$/,
    written: setting('rpc-http-port'),
  },
  lists: {
    ...ethereum.lists,
    formats: ['static-nodes', 'enode-list', 'besu-toml'],
    names: [
      [/\.json$(?<=static[-_.]?nodes.*)/i, known('static-nodes')],
      [/\.json$/i, perhaps('static-nodes')],
      [/\.toml$/i, perhaps('besu-toml', 'seed')],
      [/\.(sh|ya?ml)$/i, undefined],
      ...ethereum.names,
    ],
    flags: [{ names: ['bootnodes'], role: 'seed' }],
    configFlags: ['config-file'],
    files: ['static-nodes.json'],
    ownVariables: { names: /^BESU_/, all: true },
  },
  told: ethereum.told,
}
