// What is known of each profile's nodes: programs, images, ports, and how they name their peer lists. Each table is
// data; find-profile.ts weighs it, find-sources.ts reads it.
import type { Format } from '../../peers/formats/index.ts'
import type { Role } from '../../peers/peer.ts'
import type { Profile } from '../../peers/plan.ts'

export type ProfileFacts = {
  /** Program names, and the first arguments with which such a program is no node. */
  readonly programs: RegExp
  readonly otherCommands: RegExp
  /** Repository of an image, without registry tag and digest. */
  readonly images: RegExp
  /** Container names that say nothing by themselves but help beside another clue. */
  readonly containers: RegExp
  /** TCP ports by which the profile's nodes are known, with what each is worth. */
  readonly ports: Readonly<Record<number, number>>
  readonly p2pPort: number
  readonly p2pPortFlags: readonly string[]
  /**
   * Of the status API, or of the interface through which a node can be told its peers; both are asked for at localhost
   * only.
   */
  readonly rpcPort?: number
  readonly rpcPortFlags: readonly string[]
  /** Flags that name the node's configuration file, whatever it is called. */
  readonly configFlags?: readonly string[]
  /** Names that the kernel shows for the node's process (at most 15 characters). */
  readonly processes: readonly string[]
  /** The format of a bare list. */
  readonly list: Format
  /** Flags that give lists. `many`: a flag may be followed by several values. */
  readonly listFlags: readonly { readonly names: readonly string[]; readonly role: Role; readonly many?: boolean }[]
  /** Files to watch in a volume whose keys cannot be known. */
  readonly files: readonly string[]
  /** Keys to watch behind an envFrom whose keys cannot be known. */
  readonly variables: readonly string[]
  /**
   * Variables that the program itself reads, where these are known to be all: any other reaches it by a script alone.
   */
  readonly ownVariables?: RegExp
}

/** No program and no first argument. */
const none = /^\b$/

/** The Ethereum clients differ in names, hardly in anything else. */
const ethereum = {
  ports: { 30303: 1 },
  p2pPort: 30303,
  rpcPort: 8545,
  list: 'enode-list',
  variables: ['BOOTNODES', 'STATIC_NODES'],
} as const

export const profileFacts: Readonly<Record<Profile, ProfileFacts>> = {
  cometbft: {
    // Cosmos SDK programs are recognised by their subcommand `start`, see find-profile.ts.
    programs: /^(cometbft|tendermint|cosmovisor)$/,
    otherCommands: /^(?!start$|node$|run$|run_node$|unsafe-start$)/,
    images:
      /(^|\/)(cometbft|tendermint|heighliner\/.+|gaia|gaiad|osmosis|juno|neutron|noble|celestia-app|stride|evmos|kava|axelar-core|interchain-security(-[pc]d)?|simapp|simd)$/,
    containers: /^(cometbft|tendermint|node|validator|sentry|fullnode|full-node|consumer-daemon|chain|[a-z0-9-]+d)$/,
    ports: { 26656: 2, 26657: 1 },
    p2pPort: 26656,
    p2pPortFlags: ['p2p.laddr'],
    rpcPort: 26657,
    rpcPortFlags: ['rpc.laddr'],
    processes: ['cometbft'],
    list: 'cometbft-list',
    listFlags: [
      { names: ['p2p.persistent_peers', 'p2p.persistent-peers'], role: 'peer' },
      { names: ['p2p.seeds'], role: 'seed' },
    ],
    files: ['config.toml', 'config-overlay.toml'],
    variables: ['PERSISTENT_PEERS', 'SEEDS'],
  },
  gnoland: {
    // Tendermint 2: config.toml as CometBFT's, other node IDs, no variables and no flags for peers (read in gno's
    // tm2/pkg/p2p and gno.land/cmd/gnoland).
    programs: /^gnoland$/,
    otherCommands: /^(config|secrets|genesis|help|version)/,
    images: /(^|\/)gnoland$/,
    containers: /^gnoland$/,
    // Those of CometBFT, and so no clue.
    ports: {},
    p2pPort: 26656,
    p2pPortFlags: [],
    rpcPortFlags: [],
    processes: ['gnoland'],
    list: 'tm2-list',
    listFlags: [],
    files: ['config.toml'],
    variables: ['PERSISTENT_PEERS'],
    ownVariables: none,
  },
  'stellar-core': {
    programs: /^stellar-core$/,
    otherCommands:
      /^(new-|gen-|catchup|http-command|convert-|offline-|version|publish|verify-|sec-to-pub|self-check|test|help)/,
    images: /(^|\/)(unsafe-)?stellar-core$/,
    containers: /^(core|stellar-core|stellar-node|validator)$/,
    ports: { 11625: 2, 11626: 1 },
    p2pPort: 11625,
    p2pPortFlags: [],
    rpcPort: 11626,
    rpcPortFlags: [],
    configFlags: ['conf'],
    processes: ['stellar-core'],
    list: 'stellar-list',
    listFlags: [],
    files: ['stellar-core.cfg'],
    variables: ['KNOWN_PEERS', 'PREFERRED_PEERS'],
    // Peers come from its configuration file alone (read in stellar-core's Config.cpp).
    ownVariables: none,
  },
  geth: {
    ...ethereum,
    programs: /^geth$/,
    otherCommands:
      /^(account|attach|console|db|dump|dumpconfig|dumpgenesis|export|import|init|js|license|removedb|snapshot|version|wallet)/,
    images: /(^|\/)(client-go|geth|op-geth|(go-?)?quorum)$/,
    containers: /^(geth|execution|node)$/,
    p2pPortFlags: ['port'],
    rpcPortFlags: ['http.port', 'rpcport'],
    configFlags: ['config'],
    processes: ['geth'],
    listFlags: [{ names: ['bootnodes'], role: 'seed' }],
    files: ['config.toml'],
    ownVariables: /^GETH_/,
  },
  besu: {
    ...ethereum,
    programs: /^besu$/,
    otherCommands: /^(blocks|operator|password|public-key|rlp|storage|validate-config)/,
    images: /(^|\/)besu$/,
    containers: /^(besu|execution|node)$/,
    p2pPortFlags: ['p2p-port'],
    rpcPortFlags: ['rpc-http-port'],
    configFlags: ['config-file'],
    processes: ['java', 'besu'],
    listFlags: [{ names: ['bootnodes'], role: 'seed' }],
    files: ['static-nodes.json'],
    ownVariables: /^BESU_/,
  },
  nethermind: {
    ...ethereum,
    programs: /^(nethermind|Nethermind\.Runner(\.dll)?)$/,
    otherCommands: none,
    images: /(^|\/)nethermind$/,
    containers: /^(nethermind|execution|node)$/,
    p2pPortFlags: ['Network.P2PPort', 'network-p2pport'],
    rpcPortFlags: ['JsonRpc.Port', 'jsonrpc-port'],
    processes: ['nethermind', 'Nethermind.Runn', 'dotnet'],
    listFlags: [
      { names: ['Network.StaticPeers', 'network-staticpeers'], role: 'peer' },
      { names: ['Discovery.Bootnodes', 'discovery-bootnodes'], role: 'seed' },
    ],
    files: ['static-nodes.json'],
    ownVariables: /^NETHERMIND_/,
  },
  substrate: {
    programs:
      /^(polkadot|substrate|substrate-node|node-template|polkadot-(parachain|omni-node)|moonbeam|.+-(collator|parachain|omni-node))$/,
    otherCommands:
      /^(benchmark|build-spec|check-block|export-|import-blocks|inspect|key|purge-chain|revert|try-runtime)/,
    images:
      /(^|\/)(polkadot|substrate|substrate-node|node-template|polkadot-(parachain|omni-node)|moonbeam|[a-z-]+-(collator|parachain))$/,
    containers: /^(polkadot|kusama|westend|rococo|node|collator|.+-(collator|node))$/,
    ports: { 30333: 2 },
    p2pPort: 30333,
    p2pPortFlags: ['port', 'listen-addr'],
    // One port for HTTP and WebSocket since 2023; before, HTTP was at 9933.
    rpcPort: 9944,
    rpcPortFlags: ['rpc-port'],
    processes: ['polkadot'],
    list: 'multiaddr-list',
    listFlags: [
      { names: ['reserved-nodes'], role: 'peer', many: true },
      { names: ['bootnodes'], role: 'seed', many: true },
    ],
    files: [],
    variables: ['RESERVED_NODES', 'BOOTNODES'],
    // Its flags have no variables (read in polkadot-sdk's client/cli).
    ownVariables: none,
  },
  generic: {
    programs: none,
    otherCommands: none,
    images: none,
    containers: none,
    ports: {},
    p2pPort: 0,
    p2pPortFlags: ['port', 'p2p-port', 'p2p.port'],
    rpcPortFlags: [],
    processes: [],
    list: 'generic-list',
    listFlags: [{ names: ['peers'], role: 'peer', many: true }],
    files: [],
    variables: ['PEERS'],
  },
}
