// The formats in which chains write peer lists. Each has a file of its own here; this one is their table.

export const formats = [
  'cometbft-toml', // config.toml: [p2p] persistent_peers, seeds (underscores or dashes)
  'cometbft-list', // id@host:port, comma-separated
  'stellar-cfg', // stellar-core.cfg: KNOWN_PEERS, PREFERRED_PEERS
  'stellar-list', // host[:port], separated by commas or newlines
  'geth-toml', // config.toml: [Node.P2P] StaticNodes, TrustedNodes; BootstrapNodes as seeds
  'static-nodes', // static-nodes.json: a JSON array of enode URLs
  'enode-list', // enode URLs, comma-separated
  'multiaddr-list', // multiaddresses, separated by white space or commas
  'generic-list', // host:port a line, or a JSON array of host:port
] as const
export type Format = (typeof formats)[number]
