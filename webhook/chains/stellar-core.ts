// Stellar's validator and watcher node.
import { type Chain, none } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { known, perhaps } from './names.ts'
import { setting } from './written-setting.ts'

export const stellarCore: Chain = {
  clues: {
    programs: /^stellar-core$/,
    otherCommands:
      /^(new-|gen-|catchup|http-command|convert-|offline-|version|publish|verify-|sec-to-pub|self-check|test|help)/,
    words: [{ fits: /\.cfg$(?<=stellar-core[^/]*)/, weight: 2, what: () => 'a stellar-core.cfg in its arguments' }],
    images: /(^|\/)(unsafe-)?stellar-core$/,
    containers: /^(core|stellar-core|stellar-node|validator)$/,
    ports: { 11625: 2, 11626: 1 },
    // Horizon and Soroban RPC are other types of the same operator; they are clients of a node.
    labels: [
      {
        all: { 'stellar.org/node-type': /^(validator|core|watcher)$/i },
        weight: 3,
        what: 'label stellar.org/node-type',
      },
    ],
  },
  processes: ['stellar-core'],
  p2p: {
    port: 11625,
    flags: [],
    names: [/^core-peer$/, /^(stellar-)?(core-)?peers?(-(tcp|port))?$/, ...p2pNames],
    weakNames: weakP2pNames,
    written: setting('PEER_PORT'),
  },
  rpc: {
    port: 11626,
    flags: [],
    names: [/^(stellar-)?core(-(http|admin|api))?$/, /^(http-)?(core|admin|commands?)$/],
    weakNames: [/^http(-(info|port))?$/, /^info$/],
    probes: /^\/info\/?$/,
    written: setting('HTTP_PORT'),
  },
  lists: {
    bare: 'stellar-list',
    entries: null,
    formats: ['stellar-cfg', 'stellar-list'],
    names: [
      [/\.cfg$(?<=stellar-core.*)/i, known('stellar-cfg')],
      [/\.(cfg|conf|toml)$/i, perhaps('stellar-cfg')],
      [/(known|preferred)[-_.]?peers/i, known('stellar-list')],
      [/(^|[-_.])peers([-_.]|$)/i, perhaps('stellar-list')],
    ],
    flags: [],
    configFlags: ['conf'],
    files: ['stellar-core.cfg'],
    variables: ['KNOWN_PEERS', 'PREFERRED_PEERS'],
    // Peers come from its configuration file alone (read in stellar-core's Config.cpp).
    ownVariables: { names: none, all: true },
  },
  validator: { texts: /^[ \t]*NODE_IS_VALIDATOR[ \t]*=[ \t]*true/m },
  told: ({ what, rpcPort }) => `told ${what}, through its HTTP port ${rpcPort}`,
}
