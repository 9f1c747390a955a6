// When to write repeer.dev/turn-wait on a pod: only what differs, not before somebody could wonder, and not at every
// change of a busy group. Pure.

export type TurnWaitTextTimes = {
  /** How long a pod asks before the first word: most turns come within a second or two. */
  readonly firstSeconds: number
  /** From one word to the next: with a hundred nodes that wait, each turn would change the words of all. */
  readonly againSeconds: number
}

export const turnWaitTextTimes: TurnWaitTextTimes = { firstSeconds: 3, againSeconds: 15 }

/** What is known of one pod's words. Times in ms since the epoch. */
export type TurnWaitText = {
  /** Since when it waits without a break. */
  readonly since?: number
  /** What was written last, and when; the watch may still show what was there before. */
  readonly written?: { readonly text: string | undefined; readonly at: number }
}

/** What stands on the pod, once what was written has come there. */
export function presentText({ written }: TurnWaitText, shown: string | undefined): string | undefined {
  return written ? written.text : shown
}

/**
 * The next state, and what to write: a text, or null to remove it; undefined for nothing.
 * @param shown the annotation as the watch shows it
 * @param reason why it has no turn; undefined where it asks for none, or has one
 */
export function nextTurnWaitText(
  state: TurnWaitText,
  shown: string | undefined,
  reason: string | undefined,
  now: number,
  times: TurnWaitTextTimes,
): { state: TurnWaitText; write?: string | null } {
  const present = presentText(state, shown)
  const { since: _, ...rest } = state
  const waiting = reason === undefined ? rest : { ...state, since: state.since ?? now }
  if (reason === present) return { state: waiting }
  if (reason === undefined) return { state: { written: { text: undefined, at: now } }, write: null }
  const since = state.since ?? now
  const isDue =
    present === undefined
      ? now >= since + times.firstSeconds * 1000
      : now >= (state.written?.at ?? Number.NEGATIVE_INFINITY) + times.againSeconds * 1000
  return isDue ? { state: { ...waiting, written: { text: reason, at: now } }, write: reason } : { state: waiting }
}
