// A node of which nothing is known but its list of host:port: whoever chooses it says so.
import { type Chain, none } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { known } from './names.ts'

export const generic: Chain = {
  clues: { programs: none, otherCommands: none, images: none, containers: none, ports: {} },
  processes: [],
  p2p: { port: 0, flags: ['port', 'p2p-port', 'p2p.port'], names: p2pNames, weakNames: weakP2pNames },
  lists: {
    bare: 'generic-list',
    entries: null,
    formats: ['generic-list'],
    names: [
      [/(^|[-_.])seeds([-_.]|$)/i, known('generic-list', 'seed')],
      [/(^|[-_.])(peers|static[-_.]?nodes)([-_.]|$)/i, known('generic-list')],
    ],
    flags: [{ names: ['peers'], role: 'peer', many: true }],
    files: [],
    variables: ['PEERS'],
    // What a Cosmos SDK program reads.
    ownVariables: { names: /_P2P_(PERSISTENT_PEERS|SEEDS)$/, all: false },
  },
}
