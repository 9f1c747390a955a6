// gno.land: Tendermint 2. Its config.toml is as CometBFT's, with other node IDs; no variables and no flags for peers
// (read in gno's tm2/pkg/p2p and gno.land/cmd/gnoland).
import { namesTm2Node } from '../../peers/formats/tm2.ts'
import { type Chain, none } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { known, perhaps } from './names.ts'
import { inSection } from './written-setting.ts'

export const gnoland: Chain = {
  clues: {
    programs: /^gnoland$/,
    otherCommands: /^(config|secrets|genesis|help|version)/,
    images: /(^|\/)gnoland$/,
    containers: /^gnoland$/,
    // Those of CometBFT, and so no clue.
    ports: {},
    // Its node IDs are nobody else's.
    proof: { isIn: namesTm2Node, weight: 3, what: "names gno.land's nodes" },
    outdoes: 'cometbft',
  },
  processes: ['gnoland'],
  p2p: {
    port: 26656,
    flags: [],
    names: p2pNames,
    weakNames: weakP2pNames,
    written: inSection('p2p', 'laddr'),
  },
  lists: {
    bare: 'tm2-list',
    entries: /g1[02-9ac-hj-np-z]{38}@/g,
    formats: ['tm2-toml', 'tm2-list'],
    names: [
      [/^config\.toml$/i, known('tm2-toml')],
      [/\.toml$/i, perhaps('tm2-toml')],
      [/(unconditional|private)[-_.]?peer/i, undefined],
      [/persistent[-_.]?peers/i, known('tm2-list')],
      [/\.(json|sh|ya?ml)$/i, undefined],
      [/^/, perhaps('tm2-list')],
    ],
    flags: [],
    files: ['config.toml'],
    variables: ['PERSISTENT_PEERS'],
    ownVariables: { names: none, all: true },
  },
}
