// What `repeer check --pre` and `--install` report: a line for each thing that was looked at. These types are also
// their JSON output.

export const levels = ['ok', 'warning', 'failure'] as const

/** `failure`: repeer does not work like this, or would not. `warning`: part of it, or nobody could look. */
export type Level = (typeof levels)[number]

export type Line = {
  /** What was looked at, in a word or two; the same from one release to the next. */
  readonly check: string
  readonly level: Level
  /** A sentence: what was found. */
  readonly found: string
  /** What to do; on every warning and failure. */
  readonly advice?: string
  /** A fresh installation passes through it: worth another look in a moment. */
  readonly isPassing?: true
}

export type InstallReport = {
  readonly at: string
  readonly mode: 'pre' | 'install'
  /** repeer's own. */
  readonly namespace: string
  readonly lines: readonly Line[]
  /** What this cannot tell, and how it can be known. */
  readonly notKnown: readonly string[]
  /** No line is a failure. */
  readonly ok: boolean
}

export function ok(check: string, found: string): Line {
  return { check, level: 'ok', found }
}

export function warning(check: string, found: string, advice: string): Line {
  return { check, level: 'warning', found, advice }
}

export function failure(check: string, found: string, advice: string): Line {
  return { check, level: 'failure', found, advice }
}

/** A failure that a fresh installation passes through. */
export function notYet(check: string, found: string, advice: string): Line {
  return { ...failure(check, found, advice), isPassing: true }
}

export function isOk(lines: readonly Line[]): boolean {
  return lines.every(({ level }) => level !== 'failure')
}

/** A value of the cluster, or why it is not known: a permission that lacks, mostly. */
export type Known<T> = { readonly value: T } | { readonly unknown: string }

/** The line for something that could not be looked at. */
export function unseen(check: string, why: string): Line {
  return warning(check, `not looked at: ${why}`, 'run this with an account that may read it')
}
