// The programs that a container starts: its command and args, seen through the shells and small wrappers that charts put around them.
import type { ContainerView } from './pod-view.ts'

export type Word = {
  readonly text: string
  /** Where it stands in the pod spec: "command[0]", "args[3]". */
  readonly place: string
  /** Inside a script: the shell, not the kubelet, expands it. */
  readonly script: boolean
}

/** One program and its arguments. The program is undefined where the image's entrypoint is the program and the spec only gives arguments. */
export type Command = { readonly program: string | undefined; readonly words: readonly Word[] }

export type Flag = { readonly flag: string; readonly value: string; readonly place: string; readonly script: boolean }

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh'])
/** What starts the next word as a program, without options of its own that take a value. */
const prefixes = new Set(['exec', 'env', 'nohup', 'time', 'command', 'then', 'do', 'else', 'if', 'while', 'until', '{', '!', 'busybox'])
const inits = new Set(['tini', 'tini-static', 'dumb-init', 'catatonit', 'docker-init', 'nice', 'ionice', 'setsid', 'stdbuf', 'catchsegv'])
/** These take one word before the program: a user, or a time. */
const oneWord = new Set(['gosu', 'su-exec', 'timeout'])
/** First arguments that are subcommands, and so never the program of an image with an entrypoint. */
const subcommands = new Set(['start', 'run', 'node', 'run_node', 'unsafe-start'])
/** A script nested deeper than this is nobody's manifest. */
const deepest = 4

const found = new WeakMap<ContainerView, readonly Command[]>()

/** The commands of a container, in the order of their text; found once for each container. */
export function commandsOf(container: ContainerView): readonly Command[] {
  const commands = found.get(container) ?? findCommands(container)
  found.set(container, commands)
  return commands
}

function findCommands(container: ContainerView): Command[] {
  const command = placed(container.command, 'command')
  const args = placed(container.args, 'args')
  if (command.length > 0) return unwrap([...command, ...args], 0)
  const first = args[0]?.text ?? ''
  if (args.length === 0) return []
  return first.startsWith('-') || subcommands.has(first) ? [{ program: undefined, words: args }] : unwrap(args, 0)
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/**
 * The values given for a flag, in all spellings of `names` (without dashes): "--flag=value", "--flag value", and with `many` all words up to
 * the next flag, each by itself. What follows a standalone "--" belongs to another node (a collator's relay chain) and is left out.
 */
export function flagsOf(command: Command, names: readonly string[], many = false): Flag[] {
  const found: Flag[] = []
  const end = command.words.findIndex(word => word.text === '--')
  const words = end < 0 ? command.words : command.words.slice(0, end)
  words.forEach((word, index) => {
    const [, flag, joined] = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(word.text) ?? []
    if (flag === undefined || !names.includes(flag)) return
    if (joined !== undefined) found.push({ flag: `--${flag}`, value: joined, place: word.place, script: word.script })
    for (let next = index + 1; joined === undefined && next < words.length; next += 1) {
      const value = words[next]
      if (!value || value.text.startsWith('-')) break
      found.push({ flag: `--${flag}`, value: value.text, place: value.place, script: value.script })
      if (!many) break
    }
  })
  return found
}

/** Whether a command's text names a path. */
export function mentions(container: ContainerView, path: string): boolean {
  return [...container.command, ...container.args].some(word => word.includes(path))
}

function placed(words: readonly string[], list: string): Word[] {
  return words.map((text, index) => ({ text, place: `${list}[${index}]`, script: false }))
}

function unwrap(all: readonly Word[], depth: number): Command[] {
  const words = all.slice(programAt(all))
  const program = words[0]
  if (program === undefined) return []
  if (shells.has(baseName(program.text)) && depth < deepest) {
    const option = words.findIndex((word, index) => index > 0 && /^-[a-z]*c$/.test(word.text))
    const script = option < 0 ? undefined : words[option + 1]
    if (script)
      return simpleCommands(script.text).flatMap(texts =>
        unwrap(
          texts.map(text => ({ ...script, text, script: true })),
          depth + 1,
        ),
      )
    const file = words.slice(afterOptions(words, 1))
    if (file.length > 0) return [{ program: baseName(file[0]?.text ?? ''), words: file }]
  }
  return [{ program: baseName(program.text), words }]
}

/** The index of the program behind assignments and wrappers. */
function programAt(words: readonly Word[]): number {
  let at = 0
  for (;;) {
    const head = words[at]
    if (head === undefined) return at
    const name = baseName(head.text)
    if (/^[A-Za-z_]\w*=/.test(head.text) || (prefixes.has(name) && at < words.length - 1)) at += 1
    else if (inits.has(name)) at = afterOptions(words, at + 1)
    else if (oneWord.has(name)) at = afterOptions(words, at + 1) + 1
    else return at
  }
}

function afterOptions(words: readonly Word[], from: number): number {
  let at = from
  while (words[at]?.text.startsWith('-')) at += 1
  return at
}

/** A script's simple commands as words: quotes and comments removed, expansions left as they are. Not a shell: enough to find a program. */
function simpleCommands(script: string): string[][] {
  const commands: string[][] = [[]]
  let word: string | undefined
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  for (let at = 0; at < script.length; at += 1) {
    const char = script.charAt(at)
    if (char === '\\') {
      at += 1
      if (script.charAt(at) !== '\n') word = (word ?? '') + script.charAt(at)
    } else if (char === "'" || char === '"') {
      const end = closing(script, at, char)
      word = (word ?? '') + script.slice(at + 1, end)
      at = end
    } else if (char === '$' && script.charAt(at + 1) === '(') {
      const end = closing(script, at + 1, ')')
      word = (word ?? '') + script.slice(at, end + 1)
      at = end
    } else if (char === '#' && word === undefined) {
      const end = script.indexOf('\n', at)
      at = (end < 0 ? script.length : end) - 1
    } else if (/\s/.test(char) || ';&|()'.includes(char)) {
      endWord()
      if (char === '\n' || ';&|()'.includes(char)) commands.push([])
    } else word = (word ?? '') + char
  }
  endWord()
  return commands.filter(words => words.length > 0)
}

/** The index of the character that closes what opens at `from`; the text's end where nothing does. */
function closing(script: string, from: number, close: string): number {
  let depth = 0
  for (let at = from + 1; at < script.length; at += 1) {
    const char = script.charAt(at)
    if (char === '\\' && close !== "'") at += 1
    else if (close === ')' && char === '(') depth += 1
    else if (char === close && depth > 0) depth -= 1
    else if (char === close) return at
  }
  return script.length
}
