// The shell's own commands, by what they do to variables, arguments and the flow of a script.
import { testOf } from './conditions.ts'
import { type Builtin, type Context, operandsOf, type Status, type Streams, valuesOf, type Word } from './context.ts'
import { assign } from './evaluate.ts'
import { lookUp } from './expand.ts'
import type { Scope } from './scope.ts'
import { textPrograms } from './text-programs.ts'
import { derived, empty, joined, literalValue, type Value } from './value.ts'

const nothing: Builtin = () => 'done'

/** By name, with the programs whose output can be known. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 'yes'],
  ['true', () => 'yes'],
  ['false', () => 'no'],
  [
    '[',
    (context, scope, words) =>
      testOf(context, scope, valuesOf(words.slice(1, words.at(-1)?.text === ']' ? -1 : undefined))),
  ],
  ['[[', (context, scope, words) => testOf(context, scope, valuesOf(words.slice(1)))],
  ['test', (context, scope, words) => testOf(context, scope, valuesOf(words.slice(1)))],
  ['export', declare(true)],
  ['declare', declare(false)],
  ['typeset', declare(false)],
  ['local', declare(false)],
  ['readonly', declare(false)],
  ['unset', unset],
  ['read', read],
  ['mapfile', read],
  ['readarray', read],
  ['getopts', read],
  ['set', set],
  ['shift', shift],
  ['exit', end],
  ['return', end],
  ...textPrograms,
  ...[
    'trap',
    'cd',
    'pushd',
    'popd',
    'wait',
    'umask',
    'ulimit',
    'let',
    'alias',
    'shopt',
    'type',
    'which',
    'hash',
    'jobs',
  ].map(name => [name, nothing] as const),
])

function declare(exports: boolean): Builtin {
  return (context, scope, words) => {
    const marked = exports || words.some(word => /^-[a-zA-Z]*x/.test(word.text))
    for (const word of operandsOf(words)) {
      const [, name, plus] = /^([A-Za-z_]\w*)(\+?)=/.exec(word.text) ?? []
      if (name !== undefined) {
        const value = dropText(word.value, name.length + (plus ?? '').length + 1)
        assign(
          context,
          scope,
          name,
          plus === '+' ? joined([lookUp(context, scope, name) ?? empty, value]) : value,
          marked,
        )
      } else if (marked && /^[A-Za-z_]\w*$/.test(word.text)) {
        const value = lookUp(context, scope, word.text)
        if (value !== undefined) assign(context, scope, word.text, value, true)
      }
    }
    return 'done'
  }
}

/** Without the first characters, which are known. */
function dropText(value: Value, length: number): Value {
  const [first, ...rest] = value
  return first?.text === undefined ? value : joined([literalValue(first.text.slice(length)), rest])
}

function unset(context: Context, scope: Scope, words: readonly Word[]): Status {
  for (const word of operandsOf(words)) assign(context, scope, word.text, empty, false)
  return 'done'
}

function read(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status {
  for (const word of operandsOf(words))
    if (/^[A-Za-z_]\w*$/.test(word.text))
      assign(context, scope, word.text, derived(streams.input ? [streams.input] : [], 'read'), false)
  return 'unknown'
}

function set(_: Context, scope: Scope, words: readonly Word[]): Status {
  const dashes = words.findIndex(word => word.text === '--')
  if (dashes >= 0) scope.positional = valuesOf(words.slice(dashes + 1))
  else if (words.length > 1 && !/^[-+]/.test(words[1]?.text ?? '')) scope.positional = valuesOf(words.slice(1))
  return 'done'
}

function shift(_: Context, scope: Scope, words: readonly Word[]): Status {
  scope.positional = scope.positional.slice(Number(words[1]?.text ?? 1) || 1)
  return 'done'
}

function end(_: Context, scope: Scope): Status {
  scope.ended = true
  return 'done'
}
