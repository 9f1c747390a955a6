// When a turn was granted, in this process's own time, which nobody sets. Pure.

/** As the annotation says (ms since the epoch, by the clock of the machine that wrote it), and in this process's time. */
export type GrantTime = { readonly stamp: number; readonly at: number }

/**
 * What another leader has written is taken by the machine's clock as it is when it is first seen; what lies ahead was
 * written before that was set back, and is as old as this leader knows.
 * @param stamp what the annotation says now; undefined where nothing was granted
 * @param wallAhead how far the machine's clock is ahead of `now`, in ms
 */
export function grantTime(
  known: GrantTime | undefined,
  stamp: number | undefined,
  now: number,
  wallAhead: number,
): GrantTime | undefined {
  if (stamp === undefined || known?.stamp === stamp) return known
  return { stamp, at: Math.min(stamp - wallAhead, now) }
}
