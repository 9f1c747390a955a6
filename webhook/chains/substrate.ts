// Polkadot and other nodes that are built with Substrate, collators of parachains among them.
import { type Chain, none } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { bootNodes, known, perhaps } from './names.ts'

export const substrate: Chain = {
  clues: {
    programs:
      /^(polkadot|substrate|substrate-node|node-template|polkadot-(parachain|omni-node)|moonbeam|.+-(collator|parachain|omni-node))$/,
    otherCommands:
      /^(benchmark|build-spec|check-block|export-|import-blocks|inspect|key|purge-chain|revert|try-runtime)/,
    listValues: { fits: /^\/(dns|ip)[46]?\//, weight: 3, what: () => 'multiaddresses in its arguments' },
    images:
      /(^|\/)(polkadot|substrate|substrate-node|node-template|polkadot-(parachain|omni-node)|moonbeam|[a-z-]+-(collator|parachain))$/,
    containers: /^(polkadot|kusama|westend|rococo|node|collator|.+-(collator|node))$/,
    ports: { 30333: 2 },
  },
  processes: ['polkadot'],
  p2p: {
    port: 30333,
    flags: ['port', 'listen-addr'],
    // A collator's container runs the relay chain's node as well: p2p is that one's, para-p2p its own.
    names: [/^para-p2p$/, ...p2pNames],
    weakNames: weakP2pNames,
  },
  rpc: {
    // One port for HTTP and WebSocket since 2023; before, HTTP was at 9933.
    port: 9944,
    flags: ['rpc-port'],
    names: [/^(http-)?(json-?)?rpc(-(http|port))?$/],
    weakNames: [/^(ws|websocket)-?rpc$/, /^rpc-ws$/],
    weakProbes: /^\/health(\/readiness)?\/?$/,
  },
  lists: {
    bare: 'multiaddr-list',
    entries: /\/(?:ip4|ip6|dns[46]?)\//g,
    formats: ['multiaddr-list'],
    names: [
      [/\.(json|toml|sh|ya?ml)$/i, undefined],
      [/reserved[-_.]?nodes/i, known('multiaddr-list')],
      [bootNodes, known('multiaddr-list', 'seed')],
      [/^/, perhaps('multiaddr-list')],
    ],
    flags: [
      { names: ['reserved-nodes'], role: 'peer', many: true },
      { names: ['bootnodes'], role: 'seed', many: true },
    ],
    files: [],
    variables: ['RESERVED_NODES', 'BOOTNODES'],
    // Its flags have no variables (read in polkadot-sdk's client/cli).
    ownVariables: { names: none, all: true },
  },
  validator: { words: /^--(validator|collator)$/ },
  told: ({ what }) => `told ${what}, if its RPC allows unsafe methods at localhost`,
}
