// From arguments to an exit code: finds the command, loads only its modules, and turns errors into messages that say
// what to do.

import packageJson from '../package.json' with { type: 'json' }
import { own } from '../peers/own.ts'
import { type Command, type Io, parseFlags, UsageError } from './command.ts'
import { completeCommand, completions, completionText } from './completion/complete.ts'
import { commandHelp, programHelp } from './help.ts'

export type Entry = {
  readonly summary: string
  readonly hidden?: true
  readonly load: () => Promise<{ readonly command: Command }>
}
export type Entries = Readonly<Record<string, Entry>>

/** What a program is called by its user, and what it can do. */
export type Program = { readonly name: 'repeer' | 'kubectl repeer'; readonly commands: Entries }

/**
 * Runs the program with its arguments (without node and file); returns the exit code: 0 done, 1 failed, 2 wrong usage.
 */
export async function run(args: readonly string[], io: Io, program: Program): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    io.err(help(program))
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(help(program))
    return 0
  }
  if (name === '--version' || name === 'version') {
    io.out(`${packageJson.version}\n`)
    return 0
  }
  if (name === completeCommand) {
    io.out(completionText(await completions(rest, program.commands)))
    return 0
  }
  const entry = own(program.commands, name)
  if (!entry) {
    const kind = name.startsWith('-') ? 'flag' : 'command'
    io.err(
      `repeer: found the ${kind} "${name}", expected a command: ${shown(program)
        .map(([command]) => command)
        .join(', ')}. See ${program.name} --help\n`,
    )
    return 2
  }
  const { command } = await entry.load()
  try {
    const values = parseFlags(command, rest)
    if (values.help === true) {
      io.out(commandHelp(command, program.name))
      return 0
    }
    return await command.run(values, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`repeer ${name}: ${error.message}. See ${program.name} ${name} --help\n`)
      return 2
    }
    io.err(`repeer ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    if (io.env.REPEER_STACK && error instanceof Error) io.err(`${error.stack}\n`)
    return 1
  }
}

function help(program: Program): string {
  return programHelp(shown(program), program.name)
}

function shown({ commands }: Program): [name: string, summary: string][] {
  return Object.entries(commands)
    .filter(([, entry]) => !entry.hidden)
    .map(([name, entry]) => [name, entry.summary])
}
