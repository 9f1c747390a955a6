// What is fuzzed: a way to make a case from a seed, the code under test, and what its answer has to be.
import type { Random } from './random.ts'

export type Target = {
  readonly name: string
  /** Its share of all cases, beside the others' weights. */
  readonly weight: number
  /** Everything that needs to be read or started, once. */
  readonly open: () => Promise<Opened> | Opened
}

export type Opened = {
  /** A case, by nothing but what is drawn: so its seed repeats it. */
  readonly make: (random: Random) => Case
  readonly close?: () => Promise<void> | void
}

export type Case = {
  /** What the code is given, as it can be printed and pasted into a test. */
  readonly input: unknown
  /** The code under test and nothing else: its processor time is measured. Whatever it throws is a fault. */
  readonly run: () => unknown
  /** Looks at what `run` returned (or resolved to); throws a Fault where it must not be. Not measured. */
  readonly check?: (answer: unknown) => void
}

/** An answer that must not be. The message says what was found and what was expected. */
export class Fault extends Error {
  override readonly name = 'Fault'
}

export function expect(holds: boolean, found: string): asserts holds {
  if (!holds) throw new Fault(found)
}

/** A case whose code may refuse its input by an Error of this kind, and by no other. */
export function refusing<T>(kind: new (...values: never[]) => Error, run: () => T): T | Error {
  try {
    return run()
  } catch (error) {
    if (error instanceof kind && error.constructor === kind) return error
    throw error
  }
}

/** Errors that nobody throws on purpose: a value was not what the code took it for. */
export function isSlip(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}
