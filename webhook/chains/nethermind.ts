// Nethermind, as its own program or under dotnet.
import { type Chain, none } from './chain.ts'
import { ethereum } from './ethereum.ts'
import { known, perhaps } from './names.ts'

export const nethermind: Chain = {
  clues: {
    programs: /^(nethermind|Nethermind\.Runner(\.dll)?)$/,
    otherCommands: none,
    command: (program, [first = '']) =>
      program === 'dotnet' && /Nethermind\.Runner/.test(first)
        ? [{ weight: 5, what: 'it runs Nethermind.Runner' }]
        : [],
    images: /(^|\/)nethermind$/,
    containers: /^(nethermind|execution|node)$/,
    ports: ethereum.ports,
  },
  processes: ['nethermind', 'Nethermind.Runn', 'dotnet'],
  p2p: {
    ...ethereum.p2p,
    flags: ['Network.P2PPort', 'network-p2pport'],
    variables: /^NETHERMIND_NETWORKCONFIG_P2PPORT$/,
  },
  rpc: {
    ...ethereum.rpc,
    flags: ['JsonRpc.Port', 'jsonrpc-port'],
    variables: /^NETHERMIND_JSONRPCCONFIG_PORT$/,
    weakProbes: /^\/health\/?$/,
  },
  lists: {
    ...ethereum.lists,
    formats: ['static-nodes', 'enode-list'],
    names: [
      [/\.json$(?<=static[-_.]?nodes.*)/i, known('static-nodes')],
      [/\.json$/i, perhaps('static-nodes')],
      [/\.(toml|cfg|sh|ya?ml)$/i, undefined],
      ...ethereum.names,
    ],
    flags: [
      { names: ['Network.StaticPeers', 'network-staticpeers'], role: 'peer' },
      { names: ['Discovery.Bootnodes', 'discovery-bootnodes'], role: 'seed' },
    ],
    files: ['static-nodes.json'],
    ownVariables: { names: /^NETHERMIND_/, all: true },
  },
  told: ethereum.told,
}
