// The programs that a container starts, and the files that its scripts write: its command and args, seen through
// shells, scripts (also mounted ones) and wrappers. Everything that asks about commands, flags, lists and ports reads
// this one result.
//
//   commandsOf(container)   the commands that are started, in the order of the script
//   startedBy(container)    the same with the files written, the variables assigned, and the scripts that were not read
//   environment(container)  the container's variables
//   fileOf(container)(path) the ConfigMap's or Secret's key at a path
//   flagsOf(command, names) the values of a flag

import {
  type Command,
  type Evaluated,
  evaluateCommand,
  isSubcommand,
  literalValue,
  type Mounted,
  type Parsed,
  parse,
  shownText,
  type Value,
  type Word,
} from '../../shell/index.ts'
import { dataOf, textOf as dataText } from './content.ts'
import { type Environment, environmentOf } from './environment.ts'
import { type MountedKey, mountedFiles } from './mounted-files.ts'
import type { ContainerView } from './pod-view.ts'
import { createMemory } from './remembering.ts'

export { baseName, type Command, type Word } from '../../shell/index.ts'

export type Flag = {
  readonly flag: string
  /** The text; what is not known stands as `$NAME` or `$(...)`. */
  readonly value: string
  /** The value with what is known of its origin. */
  readonly pieces: Value
  readonly place: string
  readonly script: boolean
}

type Around = {
  readonly environment: Environment
  readonly file: (path: string) => MountedKey | undefined
  evaluated: Evaluated | undefined
  named: string | undefined
}

/** Found once for each container. */
const found = new WeakMap<ContainerView, Around>()

function around(container: ContainerView): Around {
  const known = found.get(container)
  if (known) return known
  const { pod, configMap, allowance } = container.around
  const made: Around = {
    environment: environmentOf(container, { podName: pod().name, configMap, allowance }),
    file: mountedFiles(pod(), container, configMap),
    evaluated: undefined,
    named: undefined,
  }
  found.set(container, made)
  return made
}

/** The commands of a container, in the order in which its scripts come to them. */
export function commandsOf(container: ContainerView): readonly Command[] {
  return startedBy(container).commands
}

/** What a container starts and leaves behind. */
export function startedBy(container: ContainerView): Evaluated {
  const own = around(container)
  own.evaluated ??= evaluate(container, own)
  return own.evaluated
}

/** The container's variables. */
export function environment(container: ContainerView): Environment {
  return around(container).environment
}

/** Which key stands at a path of the container. */
export function fileOf(container: ContainerView): (path: string) => MountedKey | undefined {
  return around(container).file
}

function evaluate(container: ContainerView, own: Around): Evaluated {
  const command = placed(own.environment, container.command, 'command')
  const args = placed(own.environment, container.args, 'args')
  const first = args[0]?.text ?? ''
  // Without a command the image's entrypoint is the program, or starts the one that its first argument names.
  if (command.length === 0 && (first.startsWith('-') || isSubcommand(first)))
    return { commands: [{ program: undefined, words: args, given: new Map() }], writes: [], assigned: [], unread: [] }
  const { configMap, allowance } = container.around
  const file = (path: string): Mounted | undefined => {
    const key = own.file(path)
    if (!key) return undefined
    const place = `${key.kind} ${key.name}/${key.key}`
    const data = key.kind === 'ConfigMap' ? dataOf(configMap(key.name)) : undefined
    const text = data && dataText(data, key.key)
    return text === undefined ? { text, place } : { text, place, parsed: () => parsedKey(data ?? {}, key.key, text) }
  }
  return evaluateCommand([...command, ...args], { variable: name => own.environment.variable(name), file }, allowance)
}

function placed({ expanded }: Environment, texts: readonly string[], list: string): Word[] {
  return texts.map((text, index) => {
    const value = text === '' ? literalValue('') : expanded(text)
    return { value, text: shownText(value), place: `${list}[${index}]`, script: false }
  })
}

type Data = Readonly<Record<string, string>>

/** Bytes of the tree of a script for each command, word and part, as seen of long scripts. */
const nodeBytes = 120
/** Many pods run one script. Enough for 80 scripts of 1,000 lines. */
const scripts = createMemory<Parsed>(
  32 * 1024 * 1024,
  ({ size }) => (size.commands + size.words + size.parts) * nodeBytes,
)

function parsedKey(data: Data, key: string, text: string): Parsed {
  return scripts.ask(data, key, 'script', () => parse(text))
}

/**
 * The values given for a flag, in all spellings of `names` (without dashes): "--flag=value", "--flag value", and with
 * `many` all words up to the next flag, each by itself. What follows a standalone "--" belongs to another node (a
 * collator's relay chain) and is left out.
 */
export function flagsOf(command: Command, names: readonly string[], many = false): Flag[] {
  const flags: Flag[] = []
  const end = command.words.findIndex(word => word.text === '--')
  const words = end < 0 ? command.words : command.words.slice(0, end)
  words.forEach((word, index) => {
    const [, flag, joined] = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(word.text) ?? []
    if (flag === undefined || !names.includes(flag)) return
    const add = ({ place, script }: Word, pieces: Value) =>
      flags.push({ flag: `--${flag}`, value: shownText(pieces), pieces, place, script })
    if (joined !== undefined) add(word, behind(word.value, word.text.length - joined.length))
    for (let next = index + 1; joined === undefined && next < words.length; next += 1) {
      const value = words[next]
      if (!value || value.text.startsWith('-')) break
      add(value, value.value)
      if (!many) break
    }
  })
  return flags
}

/** What of a value stands behind its first characters, which are known. */
function behind(value: Value, length: number): Value {
  const [first, ...rest] = value
  if (!first) return value
  if (first.text === undefined || first.text.length < length) return behind(rest, length - (first.text?.length ?? 0))
  return first.text.length === length ? rest : [{ ...first, text: first.text.slice(length), whole: false }, ...rest]
}

/**
 * Characters in which the paths of mounts are looked for. A pod's own words have no more; what scripts expand beyond
 * that are not paths.
 */
const mostNamed = 512 * 1024

/** The words of a container's command and of what it starts, as one text: it is asked for each of its mounts. */
function namedIn(container: ContainerView): string {
  const words: string[] = []
  let left = mostNamed
  const add = (word: string) => {
    left -= word.length + 1
    if (left >= 0) words.push(word)
  }
  for (const word of [...container.command, ...container.args]) add(word)
  for (const { words } of commandsOf(container)) for (const { text } of words) add(text)
  return words.join('\0')
}

/** Whether a command's text names a path. */
export function mentions(container: ContainerView, path: string): boolean {
  const own = around(container)
  own.named ??= namedIn(container)
  return own.named.includes(path)
}
