// go-ethereum. Each of its flags has a variable GETH_ and its name (read in its internal/flags).
import type { Chain } from './chain.ts'
import { ethereum } from './ethereum.ts'
import { goQuorum } from './goquorum.ts'
import { known, perhaps } from './names.ts'
import { inSection } from './written-setting.ts'

export const geth: Chain = {
  clues: {
    programs: /^geth$/,
    otherCommands:
      /^(account|attach|console|db|dump|dumpconfig|dumpgenesis|export|import|init|js|license|removedb|snapshot|version|wallet)/,
    images: /(^|\/)(client-go|geth|op-geth|(go-?)?quorum)$/,
    containers: /^(geth|execution|node)$/,
    ports: ethereum.ports,
  },
  processes: ['geth'],
  p2p: {
    ...ethereum.p2p,
    flags: ['port'],
    variables: /^GETH_PORT$/,
    written: inSection('Node\\.P2P', 'ListenAddr'),
  },
  rpc: {
    ...ethereum.rpc,
    flags: ['http.port', 'rpcport'],
    variables: /^GETH_HTTP_PORT$/,
    written: inSection('Node', 'HTTPPort'),
  },
  lists: {
    ...ethereum.lists,
    formats: ['geth-toml', 'enode-list'],
    names: [
      [/^config\.toml$/i, known('geth-toml')],
      [/\.toml$/i, perhaps('geth-toml')],
      [/\.(json|sh|ya?ml)$/i, undefined],
      ...ethereum.names,
    ],
    flags: [{ names: ['bootnodes'], role: 'seed' }],
    configFlags: ['config'],
    files: ['config.toml'],
    ownVariables: { names: /^GETH_/, all: true },
    ignored: {
      names: /^static-nodes.*\.json$/,
      advice: file => `geth ignores ${file}; its static nodes belong in config.toml under [Node.P2P]`,
    },
    forks: [goQuorum],
  },
  told: ethereum.told,
}
