// Small programs between the others: what they print, as far as that can be known, and the files that they write.
import { spend } from './bounds.ts'
import {
  type Builtin,
  bounded,
  type Context,
  operandsOf,
  type Status,
  type Streams,
  valuesOf,
  type Word,
} from './context.ts'
import { readFile, record } from './evaluate.ts'
import { lookUp, undefinedVariable } from './expand.ts'
import type { Scope } from './scope.ts'
import { derived, empty, joined, literalValue, mapped, originsOf, type Piece, textOf, type Value } from './value.ts'

export const textPrograms: readonly (readonly [name: string, program: Builtin])[] = [
  ['echo', echo],
  ['printf', printf],
  ['cat', cat],
  ['seq', seq],
  ['tee', tee],
  ['cp', copy],
  ['mv', copy],
  ['install', copy],
  ['ln', copy],
  ['tr', translate],
  ['sed', sed],
  ['envsubst', substitute],
]

/** Programs that print what they read, changed. */
const filters = new Set(
  'awk gawk grep egrep fgrep cut paste sort uniq head tail xargs jq yq base64 rev wc tac column fold nl dasel tomlq toml2json python3 python perl'.split(
    ' ',
  ),
)

/** What a program prints of which no more is known: a filter what it reads, anything else its own words. */
export function printed(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Value {
  const name = words[0]?.text ?? ''
  const files = words.slice(1).flatMap(word => {
    const path = textOf(word.value)
    return path?.startsWith('/') && context.surroundings.file(path) ? [readFile(context, scope, word.value)] : []
  })
  if (filters.has(name)) return derived([...(streams.input ? [streams.input] : []), ...files], name)
  return [
    {
      text: undefined,
      from: [{ kind: 'program', name }, ...derived(files, name).flatMap(piece => piece.from)],
      whole: false,
    },
  ]
}

function echo(_: Context, _scope: Scope, words: readonly Word[], { out }: Streams): Status {
  let from = 1
  while (/^-[neE]+$/.test(words[from]?.text ?? '')) from += 1
  const options = words
    .slice(1, from)
    .map(word => word.text)
    .join('')
  const texts = words.slice(from).flatMap((word, index) => (index > 0 ? [literalValue(' '), word.value] : [word.value]))
  const line = joined(options.includes('n') ? texts : [...texts, literalValue('\n')])
  out?.push(options.includes('e') ? mapped(line, text => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t')) : line)
  return 'done'
}

/** %s and %d in a known format, which is used again while arguments are left. */
function printf(_: Context, _scope: Scope, words: readonly Word[], { out }: Streams): Status {
  if (!out) return 'done'
  const format = textOf(words[1]?.value ?? empty)
  const values = words.slice(2).map(word => word.value)
  if (format === undefined || /%[^sd%]/.test(format)) {
    out.push(derived(valuesOf(words.slice(1)), 'printf'))
    return 'done'
  }
  const pieces = format
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .split(/(%[sd%])/)
  const wanted = pieces.filter(piece => piece === '%s' || piece === '%d').length
  let next = 0
  do {
    out.push(
      joined(
        pieces.map(piece =>
          piece === '%s' || piece === '%d' ? (values[next++] ?? empty) : literalValue(piece === '%%' ? '%' : piece),
        ),
      ),
    )
  } while (wanted > 0 && next < values.length)
  return 'done'
}

function cat(context: Context, scope: Scope, words: readonly Word[], { input, out }: Streams): Status {
  if (!out) return 'done'
  const files = operandsOf(words)
  if (files.length === 0) out.push(input ?? derived([], 'cat'))
  for (const file of files) out.push(readFile(context, scope, file.value))
  return 'done'
}

function seq(_: Context, _scope: Scope, words: readonly Word[], { out }: Streams): Status {
  const numbers = words.slice(1).map(word => Number(word.text))
  const [from, to] = numbers.length === 1 ? [1, numbers[0]] : [numbers[0], numbers[1]]
  if (numbers.length > 2 || from === undefined || to === undefined || !(to - from <= 100) || !Number.isInteger(from)) {
    out?.push(derived(valuesOf(words.slice(1)), 'seq'))
    return 'done'
  }
  const lines: string[] = []
  for (let number = from; number <= to; number += 1) lines.push(`${number}\n`)
  out?.push(literalValue(lines.join('')))
  return 'done'
}

function tee(context: Context, scope: Scope, words: readonly Word[], { input, out }: Streams): Status {
  const text = input ?? derived([], 'tee')
  const how = words.some(word => /^-[a-z]*a/.test(word.text) || word.text === '--append') ? 'added' : 'whole'
  for (const file of operandsOf(words)) record(context, scope, file.text, text, how)
  out?.push(text)
  return 'done'
}

/** cp FILE... TARGET: where the target is a directory, the file keeps its name. */
function copy(context: Context, scope: Scope, words: readonly Word[]): Status {
  const operands = operandsOf(words)
  const target = operands.at(-1)?.text ?? ''
  for (const file of operands.slice(0, -1)) {
    const name = file.text.slice(file.text.lastIndexOf('/') + 1)
    const value = readFile(context, scope, file.value)
    const isDirectory =
      target.endsWith('/') || operands.length > 2 || !target.slice(target.lastIndexOf('/') + 1).includes('.')
    record(context, scope, target, value, 'whole')
    if (isDirectory) record(context, scope, `${target.replace(/\/$/, '')}/${name}`, value, 'whole')
  }
  return 'done'
}

/** tr: taking away line ends and blanks leaves a text its origin's own, since no list depends on them. */
function translate(_: Context, _scope: Scope, words: readonly Word[], { input, out }: Streams): Status {
  if (!out) return 'done'
  const value = input ?? derived([], 'tr')
  const options = words
    .slice(1)
    .filter(word => /^-[a-zA-Z]+$/.test(word.text))
    .map(word => word.text)
    .join('')
  const sets = words
    .slice(1)
    .filter(word => !/^-[a-zA-Z]+$/.test(word.text))
    .map(word =>
      word.text.replace('[:space:]', ' \n\t\r').replace('\\n', '\n').replace('\\r', '\r').replace('\\t', '\t'),
    )
  const [first = '', second = ''] = sets
  const deleted = new Set(first)
  const change = options.includes('d')
    ? (text: string) => [...text].filter(char => !deleted.has(char)).join('')
    : options === '' && first.length === 1 && second.length === 1
      ? (text: string) => text.replaceAll(first, second)
      : undefined
  const isBlank = options.includes('d') && /^\s*$/.test(first)
  out.push(change ? value.map(piece => changed(piece, change, isBlank)) : derived([value], 'tr'))
  return 'done'
}

function changed(piece: Piece, change: (text: string) => string, keepsOrigin: boolean): Piece {
  return {
    ...piece,
    text: piece.text === undefined ? undefined : change(piece.text),
    whole: piece.whole && keepsOrigin,
  }
}

/** sed -i edits files; without it, it prints what it reads, changed. */
function sed(context: Context, scope: Scope, words: readonly Word[], { input, out }: Streams): Status {
  const inPlace = words.some(word => /^(-[a-zA-Z]*i|--in-place)/.test(word.text))
  const operands = operandsOf(words)
  const files = operands.filter(word => /^[/$~.][^|;]*$/.test(word.text))
  if (inPlace) {
    const edited = new Set(files)
    const script = joined(operands.filter(word => !edited.has(word)).map(word => word.value))
    for (const file of files) record(context, scope, file.text, script, 'edited')
    return 'done'
  }
  out?.push(derived([...(input ? [input] : []), ...files.map(file => readFile(context, scope, file.value))], 'sed'))
  return 'done'
}

/**
 * envsubst: what it reads, with the environment's variables put in; with an argument, those alone that it names
 * (gettext's manual). A template that cannot be read stays unknown.
 */
function substitute(context: Context, scope: Scope, words: readonly Word[], { input, out }: Streams): Status {
  const template = input ?? derived([], 'envsubst')
  const text = textOf(template)
  if (!out || text === undefined) {
    out?.push(derived([template], 'envsubst'))
    return 'done'
  }
  const [format] = operandsOf(words)
  const named = format && new Set([...format.text.matchAll(/\$\{?(\w{1,300})/g)].map(([, name]) => name))
  const parts = text.split(/(\$\{\w{1,300}\}|\$[A-Za-z_]\w{0,299})/)
  if (parts.length === 1) {
    out.push(template)
    return 'done'
  }
  spend(context.allowance, 'expanded', parts.length * 8)
  const from = originsOf(template)
  const kept = (part: string): Value => (part === '' ? empty : [{ text: part, from, whole: false }])
  const put = (part: string) => {
    const name = part.replace(/[${}]/g, '')
    return named && !named.has(name) ? kept(part) : (lookUp(context, scope, name) ?? undefinedVariable(name))
  }
  out.push(bounded(context, joined(parts.map((part, index) => (index % 2 === 0 ? kept(part) : put(part))))))
  return 'done'
}
