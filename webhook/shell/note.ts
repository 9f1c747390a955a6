// Writes down the commands that are started.
import { spend } from './bounds.ts'
import type { Command, Context, Word } from './context.ts'
import { exportedIn, type Scope } from './scope.ts'

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Writes down a program that is started. */
export function note(context: Context, scope: Scope, words: readonly Word[]): void {
  if (context.captured) return
  const given = context.script ? exportedIn(scope) : new Map()
  spend(context.allowance, 'expanded', given.size * 8)
  const program = words[0]?.text
  const command: Command = {
    program: program === undefined ? undefined : baseName(program),
    words,
    given,
    ...(context.cleared ? { cleared: true } : {}),
  }
  const last = context.found.commands.at(-1)
  // The same once more for another value of a variable that it does not use.
  if (
    context.pick > 0 &&
    last &&
    last.words.length === words.length &&
    last.words.every((word, index) => word.text === words[index]?.text)
  )
    return
  context.found.commands.push(command)
}
