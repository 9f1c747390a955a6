// Keys of pods that have changed, gathered for a moment: what changes together is told together.

export type GatheredKeys = {
  add(key: string): void
  /** Tells nothing any more. */
  close(): void
}

/**
 * @param ms how long keys are gathered from the first on
 * @param before called before they are told; what it adds is told with them
 */
export function gatherKeys(ms: number, before: () => void, tell: (keys: ReadonlySet<string>) => void): GatheredKeys {
  const gathered = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    before()
    timer = undefined
    const keys = new Set(gathered)
    gathered.clear()
    tell(keys)
  }

  return {
    add: key => {
      gathered.add(key)
      timer ??= setTimeout(flush, ms)
    },
    close: () => clearTimeout(timer),
  }
}
