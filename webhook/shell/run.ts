// What a command's words start: a function, a builtin, another shell, a script that can be read, or a program behind
// wrappers.
import { builtins } from './builtins.ts'
import type { Context, Status, Streams, Word } from './context.ts'
import { assign, statements } from './evaluate.ts'
import { baseName, note } from './note.ts'
import { evaluateText, isShell, readScript, runScript, runText, shell, source } from './run-script.ts'
import { functionIn, layer, merge, type Scope, variableIn } from './scope.ts'
import type { Statement } from './syntax.ts'
import { printed } from './text-programs.ts'
import { literalValue, textOf, type Value } from './value.ts'
import { clearsEnvironment, unwrapped, type Wrapper, wrappers } from './wrappers.ts'

/**
 * Scripts within scripts, wrappers within wrappers, functions within functions: deeper than this is nobody's manifest.
 */
const deepest = 12

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

function behindWrapper(
  context: Context,
  scope: Scope,
  name: string,
  words: readonly Word[],
  streams: Streams,
): Status | undefined {
  const wrapper = wrappers.get(name)
  if (!wrapper || (name === 'init' && words[0]?.text !== '/init')) return undefined
  const found = unwrapped(
    wrapper,
    words.map(word => word.text),
  )
  if (found.kind === 'nothing') return words.length === 1 && name !== 'exec' && !context.script ? undefined : 'unknown'
  const before = context.cleared
  context.cleared ||= clearsEnvironment(
    wrapper,
    words.slice(1, found.at).map(word => word.text),
  )
  const status =
    found.kind === 'script'
      ? runText(context, scope, words, found.at, found.joined, found.rest, streams)
      : runBehind(context, scope, wrapper, words, found.at, streams)
  context.cleared = before
  // exec puts the program in the shell's place.
  if (name === 'exec' && context.script && found.kind === 'program') scope.ended = true
  return status
}

function runBehind(
  context: Context,
  scope: Scope,
  wrapper: Wrapper,
  words: readonly Word[],
  at: number,
  streams: Streams,
): Status {
  const own = layer(scope)
  for (const word of words.slice(1, at)) {
    const [, variable] = wrapper.assignments ? (/^([A-Za-z_]\w*)=/.exec(word.text) ?? []) : []
    if (variable !== undefined) assign(context, own, variable, withoutText(word.value, variable.length + 1), true)
  }
  const status = run(context, own, words.slice(at), streams)
  if (own.ended) scope.ended = true
  return status
}

function withoutText(value: Value, length: number): Value {
  const [first, ...rest] = value
  return first?.text === undefined ? value : [...literalValue(first.text.slice(length)), ...rest]
}

/** A shell with its script, a script that can be read, or an image's entrypoint that starts what it is given. */
function script(
  context: Context,
  scope: Scope,
  name: string,
  words: readonly Word[],
  streams: Streams,
): Status | undefined {
  if (isShell(name)) return shell(context, scope, words, streams)
  const path = textOf(words[0]?.value ?? [])
  if (path !== undefined && (path.includes('/') || name.endsWith('.sh'))) {
    const read = readScript(context, scope, path)
    if (read)
      return runScript(
        context,
        layer(scope, { positional: words.slice(1).map(word => word.value), name: path }),
        read,
        streams,
      )
  }
  if (!/^(docker-)?entrypoint$|\.(sh|bash)$/.test(name) || words.length < 2) return undefined
  // What any other script makes of its arguments is not known; where they read like a program with its subcommand, it
  // may be that.
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

/** Whether a first argument is a subcommand of nodes, and so never a program. */
export function isSubcommand(text: string): boolean {
  return subcommands.has(text)
}

function callFunction(
  context: Context,
  scope: Scope,
  body: Statement,
  words: readonly Word[],
  streams: Streams,
): Status {
  const inner = layer(scope, { positional: words.slice(1).map(word => word.value) })
  const status = statements(context, inner, [body], streams)
  merge(scope, [inner], false, name => variableIn(scope, name)?.values ?? [])
  return status
}

function joinedText(words: readonly Word[]): string | undefined {
  const texts = words.map(word => textOf(word.value))
  return texts.includes(undefined) ? undefined : texts.join(' ')
}
