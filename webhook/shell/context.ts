// What the evaluation of a container's scripts has in hand: its surroundings, what it may still cost, and what it has
// found so far.
import { type Allowance, bounds, spend } from './bounds.ts'
import type { Scope, Surroundings, Variable } from './scope.ts'
import type { Statement } from './syntax.ts'
import { derived, shownText, type Value } from './value.ts'

/** A word of a command as the program gets it. */
export type Word = {
  readonly value: Value
  /** The word's text; what is not known stands as the shell writes it: `$NAME`, `$(cat /file)`. */
  readonly text: string
  /** Where it stands: "command[0]", "args[3]", "ConfigMap scripts/start.sh". */
  readonly place: string
  /** Inside a script: the shell, not the kubelet, expands it. */
  readonly script: boolean
}

/**
 * One program and its arguments. The program is undefined where the image's entrypoint is the program and the spec only
 * gives arguments.
 */
export type Command = {
  /** Without its directory. A variable that is not known stands as `$NAME`. */
  readonly program: string | undefined
  readonly words: readonly Word[]
  /** Variables that its script gave it: exported, or written before it. */
  readonly given: ReadonlyMap<string, Variable>
  /** A wrapper before it takes the variables around it away: env -i, sudo. */
  readonly cleared?: boolean
}

/** A file that a script writes. */
export type Written = {
  readonly path: string
  readonly value: Value
  readonly place: string
  /**
   * `whole`: a new text; `added`: behind the old one; `edited`: in place (sed -i), so what is there decides what
   * becomes of it.
   */
  readonly how: 'whole' | 'added' | 'edited'
  /**
   * Whether the script comes to it at each of its starts, as far as it can be seen; not where a condition stands before
   * it.
   */
  readonly sure: boolean
}

/** A text that a script names: a word of a command, or what it assigns to a variable. */
export type Assigned = { readonly name: string; readonly value: Value; readonly place: string }

/** What a container starts and leaves behind, as far as its command and scripts tell. */
export type Evaluated = {
  readonly commands: readonly Command[]
  readonly writes: readonly Written[]
  readonly assigned: readonly Assigned[]
  /** Scripts that were not read, each with the reason: "args[0]: found ... characters, expected at most ...". */
  readonly unread: readonly string[]
}

export type Context = {
  readonly surroundings: Surroundings
  readonly allowance: Allowance
  readonly found: { commands: Command[]; writes: Written[]; assigned: Assigned[]; unread: string[] }
  /** Of the script that is being evaluated. */
  place: string
  script: boolean
  /** Scripts within scripts. */
  depth: number
  /** Which of several possible values of a variable is taken, and the most that any had. */
  pick: number
  widest: number
  /** Inside a command substitution, whose commands start no node. */
  captured: boolean
  /** Behind a wrapper that takes the environment away. */
  cleared: boolean
  /** Conditions around it that are not known. */
  unsure: number
  /** Looks at what words start: statements need it of commands, and commands of statements. */
  readonly run: (context: Context, scope: Scope, words: readonly Word[], streams: Streams) => Status
  /** What a command substitution prints: words need it of statements. */
  readonly capture: (context: Context, scope: Scope, body: readonly Statement[]) => Value
}

/** Where a command reads and writes. `out` is undefined where nobody looks. */
export type Streams = { readonly input: Value | undefined; readonly out: Value[] | undefined }

/** A value of more pieces counts as unknown: no list is one. */
const mostPieces = 2000

/** The value itself, or an unknown one in its place where it is too long; costs as many characters as it has. */
export function bounded(context: Context, value: Value): Value {
  let length = 0
  for (const piece of value) length += piece.text?.length ?? 0
  // Pieces cost, too, whatever is in them.
  spend(context.allowance, 'expanded', length + value.length * 8)
  return length > bounds.value || value.length > mostPieces
    ? derived([value.slice(0, mostPieces)], 'a long text')
    : value
}

/** A value as a word of the command that is looked at: at its place, in its script. */
export function wordOf(context: Pick<Context, 'place' | 'script'>, value: Value): Word {
  return { value, text: shownText(value), place: context.place, script: context.script }
}

/**
 * How a command ended: as a test that is known to be so or not, as a program that presumably succeeded, or nobody
 * knows.
 */
export type Status = 'yes' | 'no' | 'done' | 'unknown'

/** What a command does that is not only started. */
export type Builtin = (context: Context, scope: Scope, words: readonly Word[], streams: Streams) => Status

/** The values of words, in their order. */
export function valuesOf(words: readonly Word[]): Value[] {
  return words.map(word => word.value)
}

/** Words behind the options. */
export function operandsOf(words: readonly Word[]): Word[] {
  return words.slice(1).filter(word => !/^-[^/]*$/.test(word.text))
}
