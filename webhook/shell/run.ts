// What a command's words start: a function, a builtin, another shell, a script that can be read, or a program behind wrappers.
import { spend } from './bounds.ts'
import { builtins, printed } from './builtins.ts'
import type { Command, Context, Status, Streams, Word } from './context.ts'
import { assign, readFile, statements } from './evaluate.ts'
import { kubelet } from './expand.ts'
import { type Parsed, parse } from './parse.ts'
import { exportedIn, functionIn, layer, merge, type Scope, variableIn } from './scope.ts'
import type { Statement } from './syntax.ts'
import { literalValue, textOf, type Value } from './value.ts'
import { unwrapped, wrappers } from './wrappers.ts'

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'mksh'])
/** Scripts within scripts, wrappers within wrappers, functions within functions: deeper than this is nobody's manifest. */
const deepest = 12

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Looks at what the words start. */
export function run(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status {
  const [program] = words
  if (!program) return 'done'
  if (context.depth >= deepest) return 'unknown'
  context.depth += 1
  const status = start(context, scope, words, streams)
  context.depth -= 1
  return status
}

function start(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status {
  const program = words[0]?.text ?? ''
  const body = functionIn(scope, program)
  if (body) return callFunction(context, scope, body, words, streams)
  if (program === 'eval') return evaluateText(context, scope, joinedText(words.slice(1)), streams)
  if (program === '.' || program === 'source') return source(context, scope, words.slice(1), streams)
  const name = baseName(program)
  const builtin = builtins.get(name)
  if (builtin && context.script) {
    const status = builtin(context, scope, words, streams)
    // Lists stand in what these write, too.
    if (!context.captured && noted.has(name)) note(context, scope, words)
    return status
  }
  const status = behindWrapper(context, scope, name, words, streams) ?? script(context, scope, name, words, streams)
  if (status !== undefined) return status
  streams.out?.push(printed(context, scope, words, streams))
  note(context, scope, words)
  return /^(grep|egrep|pidof|pgrep|command|curl|wget|nc|diff|cmp)$/.test(name) ? 'unknown' : 'done'
}

/** Builtins whose words may hold a list that they put into a file. */
const noted = new Set(['sed', 'echo', 'printf', 'cat', 'tee', 'cp'])

/** Writes down a program that is started. */
function note(context: Context, scope: Scope, words: readonly Word[]): void {
  if (context.captured) return
  const given = context.script ? exportedIn(scope) : new Map()
  spend(context.allowance, 'expanded', given.size * 8)
  const program = words[0]?.text
  const command: Command = { program: program === undefined ? undefined : baseName(program), words, given }
  const last = context.found.commands.at(-1)
  // The same once more for another value of a variable that it does not use.
  if (context.pick > 0 && last && last.words.length === words.length && last.words.every((word, index) => word.text === words[index]?.text))
    return
  context.found.commands.push(command)
}

function behindWrapper(context: Context, scope: Scope, name: string, words: readonly Word[], streams: Streams): Status | undefined {
  const wrapper = wrappers.get(name)
  if (!wrapper || (name === 'init' && words[0]?.text !== '/init')) return undefined
  const found = unwrapped(
    wrapper,
    words.map(word => word.text),
  )
  if (found.kind === 'nothing') return words.length === 1 && name !== 'exec' && !context.script ? undefined : 'unknown'
  if (found.kind === 'script') return runText(context, scope, words, found.at, found.joined, found.rest, streams)
  const own = layer(scope)
  for (const word of words.slice(1, found.at)) {
    const [, variable] = wrapper.assignments ? (/^([A-Za-z_]\w*)=/.exec(word.text) ?? []) : []
    if (variable !== undefined) assign(context, own, variable, withoutText(word.value, variable.length + 1), true)
  }
  const status = run(context, own, words.slice(found.at), streams)
  // exec puts the program in the shell's place.
  if (own.ended || (name === 'exec' && context.script)) scope.ended = true
  return status
}

function withoutText(value: Value, length: number): Value {
  const [first, ...rest] = value
  return first?.text === undefined ? value : [...literalValue(first.text.slice(length)), ...rest]
}

/** A shell with its script, a script that can be read, or an image's entrypoint that starts what it is given. */
function script(context: Context, scope: Scope, name: string, words: readonly Word[], streams: Streams): Status | undefined {
  if (shells.has(name)) return shell(context, scope, words, streams)
  const path = textOf(words[0]?.value ?? [])
  if (path !== undefined && (path.includes('/') || name.endsWith('.sh'))) {
    const read = readScript(context, scope, path)
    if (read) return runScript(context, layer(scope, { positional: words.slice(1).map(word => word.value), name: path }), read, streams)
  }
  if (!/^(docker-)?entrypoint$|\.(sh|bash)$/.test(name) || words.length < 2) return undefined
  // What any other script makes of its arguments is not known; where they read like a program with its subcommand, it may be that.
  if (!/^(docker-)?entrypoint(\.sh)?$/.test(name)) {
    if (!/^[A-Za-z][\w.-]*$/.test(words[1]?.text ?? '') || !isSubcommand(words[2]?.text ?? '')) return undefined
    note(context, scope, words)
    return run(context, scope, words.slice(1), streams)
  }
  // Entrypoints mostly end with exec "$@", or hand what they are given to the image's one program.
  const next = words[1]?.text ?? ''
  if (next.startsWith('-') || isSubcommand(next)) {
    if (!context.captured) context.found.commands.push({ program: undefined, words: words.slice(1), given: new Map() })
    return 'done'
  }
  return run(context, scope, words.slice(1), streams)
}

/** First arguments that are subcommands, and so never the program of an image with an entrypoint. */
const subcommands = new Set([
  'start',
  'run',
  'node',
  'run_node',
  'unsafe-start',
  'init',
  'export',
  'prune',
  'snapshot',
  'snapshots',
  'version',
  'keys',
  'tx',
  'query',
  'q',
  'config',
  'validate-genesis',
  'rollback',
  'status',
  'tendermint',
  'comet',
  'import',
  'attach',
  'console',
  'db',
  'help',
])

export function isSubcommand(text: string): boolean {
  return subcommands.has(text)
}

function shell(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status | undefined {
  let at = 1
  let command = false
  for (; at < words.length; at += 1) {
    const text = words[at]?.text ?? ''
    if (text === '--' || text === '-') {
      at += 1
      break
    }
    if (!/^[-+]./.test(text)) break
    if (text.startsWith('--')) {
      if (text === '--rcfile' || text === '--init-file') at += 1
      continue
    }
    if (text.startsWith('-') && text.includes('c')) command = true
    // -o pipefail, also as -euo pipefail; -O extglob.
    if (/[oO]$/.test(text)) at += 1
  }
  if (at >= words.length) return undefined
  if (command) return runText(context, scope, words, at, undefined, at + 1, streams)
  const path = textOf(words[at]?.value ?? [])
  const read = path === undefined ? undefined : readScript(context, scope, path)
  if (read)
    return runScript(context, layer(scope, { positional: words.slice(at + 1).map(word => word.value), name: path ?? '' }), read, streams)
  note(context, scope, words.slice(at))
  return 'done'
}

/** sh -c: the script is a word, and those behind it are $0, $1 and so on. */
function runText(
  context: Context,
  scope: Scope,
  words: readonly Word[],
  at: number,
  joined: string | undefined,
  rest: number,
  streams: Streams,
): Status {
  const word = words[at]
  if (!word) return 'unknown'
  const [name, ...positional] = words.slice(rest)
  const text = joined ?? scriptText(word)
  if (text === undefined) return 'unknown'
  const inner = layer(scope, { positional: positional.map(value => value.value), name: name?.text ?? 'sh' })
  return runScript(context, inner, { text, place: word.place, parsed: undefined }, streams)
}

/**
 * A word as a script's text. What the kubelet has put in stays marked, so that its origin is known, unless it is shell code itself; a text
 * that the script's own shell does not know is no script.
 */
function scriptText({ value, script }: Word): string | undefined {
  let text = ''
  for (const piece of value) {
    const [origin] = piece.from
    const isCode = value.length === 1 || /[;&|<>()"'`$]/.test(piece.text ?? '')
    if (piece.from.length === 1 && origin?.kind === 'variable' && !script && !isCode)
      text += `${kubelet.open}${origin.name}${kubelet.close}`
    else if (piece.text === undefined) return undefined
    else text += piece.text
  }
  return text
}

type Readable = { readonly text: string; readonly place: string; readonly parsed: Parsed | undefined }

/** A script that the container mounts or a script wrote; undefined where there is none to be read, or it is for another interpreter. */
function readScript(context: Context, scope: Scope, path: string): Readable | undefined {
  const mounted = context.surroundings.file(path)
  if (mounted && mounted.text === undefined) {
    context.found.unread.push(`${mounted.place}: its text cannot be read here`)
    return undefined
  }
  const value = mounted ? literalValue(mounted.text ?? '') : readFile(context, scope, literalValue(path))
  const text = textOf(value)
  if (text === undefined || text === '') return undefined
  const interpreter = /^#![ \t]*(\S{1,200})(?:[ \t]+(\S{1,200}))?/.exec(text)
  if (interpreter && ![interpreter[1], interpreter[2]].some(word => shells.has(baseName(word ?? '')))) return undefined
  return { text, place: mounted?.place ?? `${context.place} (${path})`, parsed: mounted?.parsed?.() }
}

function runScript(context: Context, scope: Scope, { text, place, parsed }: Readable, streams: Streams): Status {
  const before = { place: context.place, script: context.script }
  context.place = place
  context.script = true
  const status = evaluateText(context, scope, text, streams, parsed)
  context.place = before.place
  context.script = before.script
  return status
}

function evaluateText(context: Context, scope: Scope, text: string | undefined, streams: Streams, ready?: Parsed): Status {
  if (text === undefined) return 'unknown'
  spend(context.allowance, 'characters', text.length)
  const parsed = ready ?? parse(text)
  if ('unread' in parsed) {
    context.found.unread.push(`${context.place}: ${parsed.unread}`)
    return 'unknown'
  }
  return statements(context, scope, parsed.body, streams)
}

/** Its variables are the caller's. */
function source(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status {
  const path = textOf(words[0]?.value ?? [])
  const read = path === undefined ? undefined : readScript(context, scope, path)
  return read ? runScript(context, scope, read, streams) : 'unknown'
}

function callFunction(context: Context, scope: Scope, body: Statement, words: readonly Word[], streams: Streams): Status {
  const inner = layer(scope, { positional: words.slice(1).map(word => word.value) })
  const status = statements(context, inner, [body], streams)
  merge(scope, [inner], false, name => variableIn(scope, name)?.values ?? [])
  return status
}

function joinedText(words: readonly Word[]): string | undefined {
  const texts = words.map(word => textOf(word.value))
  return texts.includes(undefined) ? undefined : texts.join(' ')
}
