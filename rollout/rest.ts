// Whether what a pod should be told is at rest: a turn while it changes would be for what is old by then. Pure.
import type { RolloutTimes } from './times.ts'

/** What a pod should be told, as text, since when, and since when it has changed without a pause (ms since the epoch). */
export type Rest = {
  /** Undefined: not seen yet. */
  readonly text: string | undefined
  readonly changedAt: number
  readonly changingSince: number
}

export const unseen: Rest = { text: undefined, changedAt: 0, changingSince: 0 }

/** The first sight is no change: after a change of leaders every pod would look changed. */
export function afterSight(rest: Rest, text: string, at: number, { quietSeconds }: RolloutTimes): Rest {
  if (rest.text === text) return rest
  if (rest.text === undefined) return { ...rest, text }
  const hadPause = at > rest.changedAt + quietSeconds * 1000
  return { text, changedAt: at, changingSince: hadPause ? at : rest.changingSince }
}

/** Changed a moment ago, and may go on to; changes that never pause count for `longestQuietSeconds`, and no longer. */
export function isChanging({ changedAt, changingSince }: Rest, at: number, times: RolloutTimes): boolean {
  return at < changedAt + times.quietSeconds * 1000 && at < changingSince + times.longestQuietSeconds * 1000
}
