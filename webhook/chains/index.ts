// The chains, each a file of its own. A profile without one does not compile.
import type { Profile } from '../../peers/plan.ts'
import { besu } from './besu.ts'
import type { Chain } from './chain.ts'
import { cometbft } from './cometbft.ts'
import { generic } from './generic.ts'
import { geth } from './geth.ts'
import { gnoland } from './gnoland.ts'
import { nethermind } from './nethermind.ts'
import { stellarCore } from './stellar-core.ts'
import { substrate } from './substrate.ts'

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

/** The profile of nodes of which nothing is known: never found by clues. */
export const fallback: Profile = 'generic'
