// The help texts, made from the same tables that the parser reads.
import { type Command, type Flag, helpFlag } from './command.ts'
import { wrapped } from './text/wrapped.ts'

/** `repeer COMMAND --help`. @param program as its user has called it */
export function commandHelp(command: Command, program: string): string {
  const flags = Object.entries({ ...command.flags, help: helpFlag })
    .filter(([, flag]) => !flag.hidden)
    .map(([name, flag]) => [spelling(name, flag), flagText(flag)] as const)
  return [
    wrapped(`${program} ${command.name}: ${command.summary}`, 0),
    '',
    `Usage: ${usage(`${program} ${command.name} ${command.usage}`.trimEnd())}`,
    '',
    ...command.about.split('\n\n').flatMap(paragraph => [wrapped(paragraph, 0), '']),
    'Flags:',
    ...table(flags),
    '',
    command.examples.length > 1 ? 'Examples:' : 'Example:',
    ...command.examples.map(example => `  ${example.replaceAll(ownName, `${program} `)}`),
    '',
    'Exit codes:',
    ...table(command.exitCodes),
    '',
  ].join('\n')
}

/** In lines that no pair of brackets is broken over, each further one below what follows "Usage: ". */
function usage(text: string): string {
  const whole = text.replaceAll(/\[[^[\]]*\]/g, bracket => bracket.replaceAll(' ', unbroken))
  return wrapped(whole, 'Usage: '.length).replaceAll(unbroken, ' ')
}

/** wrapped() breaks at plain spaces only. */
const unbroken = '\u00a0'

/** Where an example starts the program, and not where it names a file or an object of repeer's. */
const ownName = /(?<![\w/-])repeer (?=[a-z])/g

/** `repeer --help`. @param program as its user has called it */
export function programHelp(commands: readonly (readonly [name: string, summary: string])[], program: string): string {
  return [
    wrapped(
      'repeer keeps blockchain nodes connected in Kubernetes: a mutating webhook injects a sidecar that follows peer ' +
        'lists and peer addresses, and restarts a node in place only when nothing gentler works.',
      0,
    ),
    '',
    `Usage: ${program} COMMAND [FLAGS]`,
    '',
    'Commands:',
    ...table(commands),
    '',
    'Flags:',
    ...table([
      ['-h, --help', `show this help; \`${program} COMMAND --help\` tells about a command`],
      ['--version', 'print the version'],
    ]),
    '',
    'Examples:',
    ...table(
      [
        ['demo', 'demo', 'the whole job on this machine'],
        ['explain', 'explain -f statefulset.yaml', 'what it would do with these pods, and why'],
        ['check', 'check --install', 'whether an installation works'],
      ].flatMap(([name, args, says]): [string, string][] =>
        commands.some(([known]) => known === name) ? [[`${program} ${args}`, says ?? '']] : [],
      ),
    ),
    '',
    'Exit codes:',
    ...table([
      ['0', 'done'],
      ['1', 'failed; the message says what was found, what was expected and what to do'],
      ['2', 'wrong usage'],
      ['141', 'the reader of its output went away before the end (a pipe into head)'],
    ]),
    '',
  ].join('\n')
}

function spelling(name: string, flag: Flag): string {
  const long = flag.type === 'string' ? `--${name} ${flag.value ?? 'VALUE'}` : `--${name}`
  return flag.short ? `-${flag.short}, ${long}` : long
}

function flagText(flag: Flag): string {
  const fallback =
    flag.default === undefined ? undefined : typeof flag.default === 'string' ? flag.default : flag.default.join(', ')
  return `${flag.help}${flag.multiple ? '; may be repeated' : ''}${fallback === undefined ? '' : ` (default: ${fallback})`}`
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const column = Math.min(44, Math.max(...rows.map(([left]) => left.length))) + 4
  return rows.map(([left, right]) => {
    const text = wrapped(right, column)
    return left.length + 2 >= column ? `  ${left}\n${' '.repeat(column)}${text}` : `  ${left.padEnd(column - 2)}${text}`
  })
}
