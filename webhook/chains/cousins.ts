// Nodes for which repeer has no profile, and that the profile `generic` follows: what they run as, and how their
// command lines and files name their peers. Names were read in each project's own documentation of its command line.

export type Cousin = {
  /** As it is called in the plan and on the page; letters, digits, dots and dashes. */
  readonly name: string
  readonly programs: RegExp
  /** The last part of an image's repository, or more of it. */
  readonly images: RegExp
  /** First arguments with which the program is no node that has peers. */
  readonly otherCommands?: RegExp
  /** The node only with one of these first arguments. */
  readonly commands?: RegExp
  /**
   * Flags, and settings of its file, that list peers to stay connected to; seeds and bootnodes are no peers. Without
   * dashes.
   */
  readonly peers: readonly string[]
  /** For entries without a port. */
  readonly port: number
}

const bitcoin = { peers: ['addnode', 'connect'], otherCommands: /^-?-?(version|help)$/ } as const

export const cousins: readonly Cousin[] = [
  {
    name: 'lighthouse',
    programs: /^lighthouse$/,
    images: /(^|\/)sigp\/lighthouse$|(^|\/)lighthouse$/,
    commands: /^(bn|b|beacon|beacon_node|beacon-node)$/,
    peers: ['trusted-peers', 'libp2p-addresses'],
    port: 9000,
  },
  {
    name: 'prysm',
    programs: /^(beacon-chain|prysm\.sh)$/,
    images: /(^|\/)(prysm-)?beacon-chain$|(^|\/)prysm\/beacon-chain/,
    otherCommands: /^validator$/,
    peers: ['peer', 'p2p-static-peer'],
    port: 13000,
  },
  {
    name: 'teku',
    programs: /^teku$/,
    images: /(^|\/)teku$/,
    otherCommands: /^(validator-client|vc|voluntary-exit|slashing-protection|genesis|peer|transition|debug-tools)$/,
    peers: ['p2p-static-peers', 'p2p-direct-peers'],
    port: 9000,
  },
  {
    name: 'nimbus',
    programs: /^nimbus(_beacon_node|-beacon-node)?$/,
    images: /(^|\/)nimbus(-eth2)?$/,
    otherCommands: /^(deposits|wallets|record|web3|slashingdb|trustedNodeSync)$/,
    peers: ['direct-peer'],
    port: 9000,
  },
  {
    name: 'lodestar',
    programs: /^lodestar$/,
    images: /(^|\/)lodestar$/,
    commands: /^(beacon|dev)$/,
    peers: ['directPeers'],
    port: 9000,
  },
  {
    name: 'grandine',
    programs: /^grandine$/,
    images: /(^|\/)grandine$/,
    peers: ['trusted-peers', 'libp2p-nodes'],
    port: 9000,
  },
  {
    name: 'reth',
    programs: /^([a-z]+-)?reth$/,
    images: /(^|\/)([a-z]+-)?reth$/,
    commands: /^node$/,
    peers: ['trusted-peers', 'trusted_nodes', 'trusted-nodes'],
    port: 30303,
  },
  {
    name: 'erigon',
    programs: /^([a-z]+-)?erigon$/,
    images: /(^|\/)([a-z]+-)?erigon$/,
    otherCommands: /^(init|import|snapshots|support|seg|downloader)$/,
    peers: ['staticpeers', 'trustedpeers'],
    port: 30303,
  },
  { name: 'ethrex', programs: /^ethrex$/, images: /(^|\/)ethrex$/, peers: [], port: 30303 },
  { name: 'op-node', programs: /^op-node$/, images: /(^|\/)op-node$/, peers: ['p2p.static'], port: 9222 },
  {
    name: 'bor',
    programs: /^bor$/,
    images: /(^|\/)bor$/,
    commands: /^server$/,
    peers: ['static-nodes', 'trusted-nodes'],
    port: 30303,
  },
  {
    name: 'bitcoind',
    programs: /^(bitcoind|btcd)$/,
    images: /(^|\/)(bitcoind|btcd|bitcoin-core|bitcoin\/bitcoin|kylemanna\/bitcoind|btcpayserver\/bitcoin)$/,
    ...bitcoin,
    port: 8333,
  },
  {
    name: 'litecoind',
    programs: /^litecoind$/,
    images: /(^|\/)(litecoind|litecoin-core|litecoin)$/,
    ...bitcoin,
    port: 9333,
  },
  { name: 'dogecoind', programs: /^dogecoind$/, images: /(^|\/)(dogecoind|dogecoin)$/, ...bitcoin, port: 22556 },
  { name: 'dashd', programs: /^dashd$/, images: /(^|\/)dashd$/, ...bitcoin, port: 9999 },
  { name: 'zcashd', programs: /^zcashd$/, images: /(^|\/)zcashd?$/, ...bitcoin, port: 8233 },
  {
    name: 'monerod',
    programs: /^monerod$/,
    images: /(^|\/)monerod?$/,
    peers: ['add-peer', 'add-priority-node', 'add-exclusive-node'],
    port: 18080,
  },
  {
    name: 'avalanchego',
    programs: /^avalanchego$/,
    images: /(^|\/)avalanchego$/,
    peers: ['bootstrap-ips'],
    port: 9651,
  },
  {
    name: 'solana',
    programs: /^(solana|agave)-(test-)?validator$/,
    images: /(^|\/)(solana|agave|solanalabs\/solana)(-validator)?$/,
    peers: ['entrypoint', 'gossip-validators'],
    port: 8001,
  },
  {
    name: 'rippled',
    programs: /^(rippled|xrpld)$/,
    images: /(^|\/)(rippled|xrpld)$/,
    peers: ['ips_fixed'],
    port: 51235,
  },
  {
    name: 'neard',
    programs: /^neard$/,
    images: /(^|\/)(nearcore|neard)$/,
    commands: /^run$/,
    peers: ['whitelist-nodes'],
    port: 24567,
  },
  {
    name: 'octez-node',
    programs: /^(octez|tezos)-node$/,
    images: /(^|\/)(tezos|octez)$/,
    commands: /^run$/,
    peers: ['peer'],
    port: 9732,
  },
  {
    name: 'celestia',
    programs: /^celestia$/,
    images: /(^|\/)celestia-node$/,
    commands: /^(bridge|full|light)$/,
    peers: ['p2p.mutual'],
    port: 2121,
  },
  {
    name: 'cardano-node',
    programs: /^cardano-node$/,
    images: /(^|\/)cardano-node$/,
    commands: /^run$/,
    peers: [],
    port: 3001,
  },
  { name: 'lotus', programs: /^lotus$/, images: /(^|\/)lotus$/, commands: /^daemon$/, peers: [], port: 1347 },
  { name: 'aptos-node', programs: /^aptos-node$/, images: /(^|\/)(aptos-node|validator)$/, peers: [], port: 6180 },
  { name: 'ipfs', programs: /^ipfs$/, images: /(^|\/)(kubo|go-ipfs)$/, commands: /^daemon$/, peers: [], port: 4001 },
]
