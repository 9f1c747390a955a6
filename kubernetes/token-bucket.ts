// Limits how often something is done: a bucket of tokens that fills at a steady rate.

export type TokenBucket = {
  /** Takes a token; false where there is none. */
  take(): boolean
  /** Milliseconds until there is a token; 0 where there is one. */
  waitMs(): number
}

/**
 * @param now milliseconds, only forward @param burst how many tokens the bucket holds, and holds at the start: at least
 * 1
 */
export function tokenBucket({
  perSecond,
  burst,
  now,
}: {
  perSecond: number
  burst: number
  now: () => number
}): TokenBucket {
  let tokens = burst
  let filledAt = now()

  function fill(): void {
    const at = now()
    tokens = Math.min(burst, tokens + (Math.max(0, at - filledAt) / 1000) * perSecond)
    filledAt = at
  }

  return {
    take() {
      fill()
      // A sum of fractions can end just short of a whole.
      if (tokens < 1 - 1e-9) return false
      tokens -= 1
      return true
    },
    waitMs() {
      fill()
      return tokens >= 1 - 1e-9 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000)
    },
  }
}
