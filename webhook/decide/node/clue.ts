// Clues, each with the profile for which it speaks.
import type { Profile } from '../../../peers/plan.ts'
import type { Clue, Sign } from '../../chains/chain.ts'

export type ProfileClue = Clue & { readonly profile: Profile }

/** The clues of a profile. */
export function speakingFor(profile: Profile, clues: readonly Clue[]): ProfileClue[] {
  return clues.map(({ weight, what }) => ({ profile, weight, what }))
}

/** The clue that the first of some texts gives which has the sign; none without a sign. */
export function clueIn(texts: readonly string[], sign: Sign | undefined): Clue[] {
  if (sign === undefined) return []
  const found = texts.find(text => sign.fits.test(text))
  return found === undefined ? [] : [{ weight: sign.weight, what: sign.what(found) }]
}
