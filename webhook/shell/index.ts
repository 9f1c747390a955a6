// The shell as a language: what a container's command starts, as far as its scripts tell. Pure, linear in the scripts'
// length and bounded; nothing is executed, and no text makes it throw.
//
//   const { commands, writes, assigned, unread } = evaluateCommand(words, surroundings, allowanceFor('full'))
//
// `commands` are the programs that are started, behind wrappers (wrappers.ts), shells and scripts, each word with its
// value: known text, or pieces that say whose they are (value.ts: a variable of the container, a file, what a program
// prints). `writes` are the files that scripts write, `assigned` what they assign to variables, `unread` the scripts
// that could not be read, with reasons.
//
// What is not known is not guessed: an unknown condition has all its branches looked at, and a variable then has
// several possible values, for each of which a command that uses it is noted once. A variable that nobody defines is
// unknown, since the image may define it.
import { type Allowance, BoundError } from './bounds.ts'
import type { Context, Evaluated, Word } from './context.ts'
import { capture } from './evaluate.ts'
import { run } from './run.ts'
import { type Surroundings, topScope } from './scope.ts'

export { type Allowance, afford, allowanceFor, bounds, type Effort, lightPart, TooDear } from './bounds.ts'
export type { Assigned, Command, Evaluated, Word, Written } from './context.ts'
export { baseName } from './note.ts'
export { type Parsed, parse } from './parse.ts'
export { isSubcommand } from './run.ts'
export type { Mounted, Surroundings } from './scope.ts'
export {
  derived,
  joined,
  literalValue,
  nameOf,
  type Origin,
  originsOf,
  type Piece,
  shownText,
  textOf,
  type Value,
  valueFrom,
  wholeOrigin,
} from './value.ts'

/** What the words of a container's command and args start. Spends the allowance; what is over it is `unread`. */
export function evaluateCommand(words: readonly Word[], surroundings: Surroundings, allowance: Allowance): Evaluated {
  const found: Context['found'] = { commands: [], writes: [], assigned: [], unread: [] }
  const place = words[0]?.place ?? 'command'
  const context: Context = {
    surroundings,
    allowance,
    found,
    place,
    script: false,
    depth: 0,
    pick: 0,
    widest: 1,
    captured: false,
    cleared: false,
    unsure: 0,
    run,
    capture,
  }
  try {
    run(context, topScope('sh', []), words, { input: undefined, out: undefined })
  } catch (error) {
    if (!(error instanceof BoundError)) throw error
    found.unread.push(`${context.place}: ${error.message}`)
  }
  return found
}
