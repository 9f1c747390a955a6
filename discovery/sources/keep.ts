// Who was fit a moment ago stays listed for a while: a node that restarts in place is not Ready meanwhile, and if it
// left the list for that, all the others would restart for the new list, and leave it in turn.

export type Keep = {
  /** Whether it counts as fit; `key` stands for one endpoint, so that a new address is another. */
  stays(key: string, isFit: boolean): boolean
}

/** @param now milliseconds */
export function createKeep(keepMs: number, now: () => number): Keep {
  const fitAt = new Map<string, number>()
  return {
    stays: (key, isFit) => {
      const at = now()
      if (isFit) {
        fitAt.set(key, at)
        return true
      }
      const last = fitAt.get(key)
      if (last !== undefined && at - last < keepMs) return true
      fitAt.delete(key)
      return false
    },
  }
}
