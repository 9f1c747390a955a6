// How much of a script is read and evaluated. Whoever may create a pod may write any script into it, and an admission
// has to be over in milliseconds; the longest entrypoints of public charts have some 1,000 lines and 40,000 characters.

export const bounds = {
  /** Characters of one script: what the cache keeps of a ConfigMap's key. */
  characters: 256 * 1024,
  /** Characters of all of a pod's scripts together, a script counted at each place that runs it. */
  podCharacters: 1024 * 1024,
  /** Simple commands of one script. */
  commands: 10_000,
  words: 20_000,
  /** Pieces of its words: texts, variables, substitutions. */
  parts: 60_000,
  /**
   * Simple and compound commands of all of a pod's scripts together, a script counted at each place that runs it, as
   * its words and their parts are. The tree of a script takes up to 400 bytes for each.
   */
  podCommands: 20_000,
  podWords: 40_000,
  podParts: 100_000,
  /** Compound commands, quotes, substitutions, functions and scripts within each other. */
  depth: 60,
  /** Simple commands that are evaluated in one pod: loops and functions run theirs several times. */
  steps: 20_000,
  /** Characters that expansions make in one pod. */
  expanded: 4 * 1024 * 1024,
  /** Characters of one value. Linux hands no longer word to a program (MAX_ARG_STRLEN). */
  value: 128 * 1024,
  /** Values that a variable may have at one place, by the branches before it. */
  alternatives: 4,
  /** Rounds of a loop over known words. */
  rounds: 32,
} as const

/** Thrown inside, and caught where a script begins: that script counts as not read. */
export class BoundError extends Error {
  override readonly name = 'BoundError'
}

/** Thrown where a pod is looked at lightly, and is not looked at lightly any more. Caught by whoever asked for that. */
export class TooDear extends Error {
  override readonly name = 'TooDear'
}

/** `light`: a part of what `full` allows, beyond which nothing is decided. What is decided is the same. */
export type Effort = 'light' | 'full'

/**
 * Of what is allowed in all: some 15 ms instead of 250. Longer than most entrypoints of public charts, and shorter than
 * the longest.
 */
export const lightPart = 1 / 16

type Cost = 'characters' | 'commands' | 'words' | 'parts' | 'steps' | 'expanded'

/** What a pod's scripts may still cost. One object for a pod. */
export type Allowance = Record<Cost, number> & { readonly effort: Effort }

/** What all scripts of one pod may cost together, before anything is spent. */
export function allowanceFor(effort: Effort): Allowance {
  const part = effort === 'full' ? 1 : lightPart
  return {
    effort,
    characters: bounds.podCharacters * part,
    commands: bounds.podCommands * part,
    words: bounds.podWords * part,
    parts: bounds.podParts * part,
    steps: bounds.steps * part,
    expanded: bounds.expanded * part,
  }
}

/**
 * Takes from an allowance; throws a BoundError where nothing is left, or TooDear where there was little to begin with.
 */
export function spend(allowance: Allowance, what: Cost, amount: number): void {
  allowance[what] -= amount
  if (allowance[what] >= 0) return
  if (allowance.effort === 'light') throw new TooDear()
  throw new BoundError(`the scripts of the pod cost too much: ${sentences[what]}`)
}

/** Takes from an allowance, if there is enough. Throws TooDear where there was little to begin with. */
export function afford(allowance: Allowance, what: Cost, amount: number): boolean {
  if (allowance[what] < amount) {
    if (allowance.effort === 'light') throw new TooDear()
    return false
  }
  allowance[what] -= amount
  return true
}

const sentences: Readonly<Record<Cost, string>> = {
  characters: `expected at most ${bounds.podCharacters} characters in all`,
  commands: `expected at most ${bounds.podCommands} written commands in all`,
  words: `expected at most ${bounds.podWords} words in all`,
  parts: `expected at most ${bounds.podParts} parts of words in all`,
  steps: `expected at most ${bounds.steps} commands in all, each counted as often as loops and functions run it`,
  expanded: `expected at most ${bounds.expanded} characters from expansions in all`,
}
