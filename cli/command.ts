// What a command of the `repeer` program is: its flags as a table, from which the parser and the help text are both
// made, and a `run`.
import { parseArgs } from 'node:util'

export type Flag = {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands for the value in the help text: FILE, SECONDS. */
  readonly value?: string
  readonly default?: string | readonly string[]
  readonly help: string
  /** All values that there are, for a shell's completion. */
  readonly choices?: readonly string[]
  /** Left out of the help text: for tests. */
  readonly hidden?: boolean
}
export type Flags = Readonly<Record<string, Flag>>

/** Of the commands that programs read as well. */
export const outputFlag: Flag = {
  type: 'string',
  short: 'o',
  value: 'FORMAT',
  default: 'text',
  choices: ['text', 'json'],
  help: 'text or json',
}

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** Everything of the outside world that a command may use, passed in by cli/repeer.ts. */
export type Io = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** All of standard input. */
  readonly stdin: () => Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether standard output is a terminal that shows colour. */
  readonly colour: boolean
  /** Columns of the terminal; 100 where there is none. */
  readonly columns: number
  /** Aborts at the first SIGINT or SIGTERM; the second ends the program at once. Installed at the first call. */
  readonly signal: () => AbortSignal
  /** Throws where there is no such process. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  /** Ends the program at once. */
  readonly exit: (code: number) => void
  readonly platform: string
  readonly pid: number
  /** The running Node, and this program's entry file: how the demo starts the other commands. */
  readonly execPath: string
  readonly entry: string
}

export type Command = {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** What follows the name in the usage line. */
  readonly usage: string
  readonly about: string
  readonly flags: Flags
  /** The one argument that is no flag, which then has to be given: all its values. `Values` has it as `argument`. */
  readonly argument?: readonly string[]
  readonly examples: readonly string[]
  readonly exitCodes: readonly (readonly [code: string, meaning: string])[]
  /** Returns the exit code. */
  readonly run: (values: Values, io: Io) => Promise<number>
}

/** Wrong usage: exit code 2, with the message and where to find help. */
export class UsageError extends Error {}

export const helpFlag: Flag = { type: 'boolean', short: 'h', help: 'show this help' }

/**
 * The flags' values. Throws UsageError for a flag that the command does not have, a value that is missing or an
 * argument that is not a flag.
 */
export function parseFlags(command: Pick<Command, 'name' | 'flags' | 'argument'>, args: readonly string[]): Values {
  const flags: Flags = { ...command.flags, help: helpFlag }
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.type,
        ...(flag.short ? { short: flag.short } : {}),
        ...(flag.multiple ? { multiple: true } : {}),
      },
    ]),
  )
  const { values: given, positionals } = parse(flags, args, options, command.argument !== undefined)
  const defaults = Object.fromEntries(
    Object.entries(flags).flatMap(([name, flag]) => (flag.default === undefined ? [] : [[name, flag.default]])),
  )
  if (command.argument === undefined || given.help === true) return { ...defaults, ...given }
  const [argument] = positionals
  if (positionals.length !== 1 || argument === undefined || !command.argument.includes(argument))
    throw new UsageError(
      `found ${positionals.length === 0 ? 'no argument' : `"${positionals.join(' ')}"`}, expected one of ${command.argument.join(', ')}`,
    )
  return { ...defaults, ...given, argument }
}

function parse(
  flags: Flags,
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'],
  allowPositionals: boolean,
): { values: Values; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: options ?? {},
      strict: true,
      allowPositionals,
    })
    return { values: { ...values } as Values, positionals }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /Unknown option '([^']+)'/.exec(message)?.[1]
    if (unknown)
      throw new UsageError(
        `found the flag ${unknown}, expected one of ${Object.keys(flags)
          .map(name => `--${name}`)
          .join(', ')}`,
      )
    const argument = /Unexpected argument '([^']*)'/.exec(message)?.[1]
    if (argument !== undefined) throw new UsageError(`found the argument "${argument}", expected only flags`)
    throw new UsageError(message)
  }
}

/** A flag's text, or undefined; throws UsageError where `allowed` is given and does not hold it. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** A flag's text where it is one of those allowed. Throws UsageError for any other, and where it is missing. */
export function choiceOf<T extends string>(values: Values, name: string, allowed: readonly T[]): T {
  const value = values[name]
  const choice = allowed.find(word => word === value)
  if (choice === undefined)
    throw new UsageError(`--${name}: found "${String(value)}", expected ${allowed.join(' or ')}`)
  return choice
}

/** A whole number of at least `least`. Throws UsageError for anything else. */
export function numberOf(values: Values, name: string, least = 0): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least)
    throw new UsageError(`--${name}: found "${text}", expected a whole number of at least ${least}`)
  return number
}

/** All texts of a flag that may be repeated, in their order; empty where it was not given. */
export function listOf(values: Values, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : []
}
