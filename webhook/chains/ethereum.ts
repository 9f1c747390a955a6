// What Ethereum's execution clients share: they differ in names, hardly in anything else.
import type { Chain, Listener } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { bootNodes, known, perhaps, staticNodes } from './names.ts'

const p2p = {
  port: 30303,
  names: [...p2pNames, /^(eth|el|geth|besu|nethermind)-p2p(-tcp)?$/, /^rlpx(-tcp)?$/],
  weakNames: [...weakP2pNames, /^(tcp-)?discovery(-tcp)?$/],
} as const satisfies Partial<Listener>

const rpc = {
  port: 8545,
  names: [/^((tcp|http)-)?(json-?)?rpc(-(http|tcp|port))?$/, /^(eth|el|geth|besu|nethermind)-?(http|(json-?)?rpc)$/],
  weakNames: [/^http$/],
} as const satisfies Partial<Listener>

export const ethereum = {
  ports: { 30303: 1 },
  p2p,
  rpc,
  lists: { bare: 'enode-list', entries: /enode:\/\/[0-9a-fA-F]{128}@/g, variables: ['BOOTNODES', 'STATIC_NODES'] },
  /** What names say of files and variables, behind a client's own rules. */
  names: [
    [staticNodes, known('enode-list')],
    [bootNodes, known('enode-list', 'seed')],
    [/^/, perhaps('enode-list')],
  ],
  told: ({ what }) => `told ${what}, if its HTTP API has the admin methods on`,
} as const satisfies Pick<Chain, 'told'> & {
  readonly ports: Chain['clues']['ports']
  readonly lists: Partial<Chain['lists']>
  readonly names: Chain['lists']['names']
  readonly p2p: Partial<Listener>
  readonly rpc: Partial<Listener>
}
