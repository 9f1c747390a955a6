// CometBFT, and with it all Cosmos SDK chains.
import { overrideVariable } from '../../../peers/override-variable.ts'
import type { Chain } from '../chain.ts'
import { forbidsCometbft } from './forbids.ts'
import { readNodeSettings } from './settings.ts'
import { createSigningCheck } from './signing.ts'
import { askCometbft } from './status.ts'
import { tellCometbft } from './tell.ts'
import { createUpgradeCheck } from './upgrade.ts'
import { createPowerCheck } from './voting-power.ts'

export const cometbft: Chain = {
  api: at => {
    const checks = { upgrade: createUpgradeCheck(at), power: createPowerCheck(at), signing: createSigningCheck(at) }
    return { ask: () => askCometbft(at, checks), tell: change => tellCometbft(at, change) }
  },
  /** Its RPC is on by default, and up before it listens for peers. */
  tellsState: true,
  /** It dials a lost peer every 5 to 8 s, at the address that it looked up when it started. */
  retries: true,
  override: {
    variable: overrideVariable,
    format: 'cometbft-list',
    outrankedBy: / --?p2p\.persistent[_-]peers$/,
  },
  forbids: forbidsCometbft,
  settings: lists => readNodeSettings(lists.flatMap(({ format, text }) => (format === 'cometbft-toml' ? [text] : []))),
}
