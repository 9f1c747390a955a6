// The chains that the sidecar knows, by profile.
import type { Profile } from '../../peers/plan.ts'
import { besu } from './besu.ts'
import type { Chain } from './chain.ts'
import { cometbft } from './cometbft/index.ts'
import { generic } from './generic.ts'
import { geth } from './geth.ts'
import { gnoland } from './gnoland.ts'
import { nethermind } from './nethermind.ts'
import { stellarCore } from './stellar-core.ts'
import { substrate } from './substrate.ts'

export type { Chain, NodeApi, NodeSettings, PeerChange, PeerToTell, Told } from './chain.ts'

/** A profile without its chain does not compile. */
export const chains: Readonly<Record<Profile, Chain>> = {
  cometbft,
  gnoland,
  'stellar-core': stellarCore,
  geth,
  besu,
  nethermind,
  substrate,
  generic,
}
