// How many of each, as of the things under way of each tenant. What there is none of is not kept.

export type Tally = {
  count(of: string): number
  /** `change` may be negative; the count never is. */
  add(of: string, change: number): void
}

export function createTally(): Tally {
  const counts = new Map<string, number>()
  return {
    count: of => counts.get(of) ?? 0,
    add: (of, change) => {
      const sum = (counts.get(of) ?? 0) + change
      if (sum > 0) counts.set(of, sum)
      else counts.delete(of)
    },
  }
}
