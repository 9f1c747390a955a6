// The flags of the programs that run for long (webhook, controller, sidecar), as commands of `repeer`: each has a table
// and a parser of its own, apart from the command line.
import { type FlagTable, helpHint } from '../options/read-options.ts'
import { type Flags, textOf, UsageError, type Values } from './command.ts'

/**
 * The table as a command's flags. A default that is empty stands for the environment, which the parser asks.
 * @param placeholder what stands for a flag's value in the help text
 * @param hidden flags that the help text leaves out: for tests
 */
export function programFlags(
  table: FlagTable,
  placeholder: (name: string) => string,
  hidden: readonly string[] = [],
): Flags {
  return Object.fromEntries(
    Object.entries(table).map(([name, { default: fallback, help }]) => [
      name,
      {
        type: 'string',
        value: placeholder(name),
        help,
        ...(fallback === '' ? {} : { default: fallback }),
        hidden: hidden.includes(name),
      },
    ]),
  )
}

/**
 * The command's values through the program's own parser.
 * @param program its name behind `repeer`
 * Throws UsageError with what the parser says, which lists every problem.
 */
export function parsedBy<Options>(
  program: string,
  table: FlagTable,
  values: Values,
  parse: (args: readonly string[]) => Options,
): Options {
  const args = Object.keys(table).flatMap(name => {
    const value = textOf(values, name)
    return value === undefined ? [] : [`--${name}=${value}`]
  })
  try {
    return parse(args)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint = helpHint(program)
    throw new UsageError(message.endsWith(hint) ? message.slice(0, -hint.length) : message)
  }
}
