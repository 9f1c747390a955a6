// From the words of the syntax tree to texts: expansions, substitutions and field splitting, as far as values are
// known.
import { bounds, spend } from './bounds.ts'
import { bounded, type Context } from './context.ts'
import { type Scope, variableIn } from './scope.ts'
import type { Part, Word } from './syntax.ts'
import {
  derived,
  empty,
  joined,
  literalValue,
  mapped,
  originsOf,
  type Piece,
  shownText,
  textOf,
  type Value,
} from './value.ts'

/**
 * What stands in a script's text where the kubelet has put a variable's value: it came before the shell, but its origin
 * is not forgotten.
 */
export const kubelet = { open: '\ue000', close: '\ue001' } as const
const inserted = /\ue000([^\ue000\ue001]{0,300})\ue001/

/** A word as one text, without splitting: assignments, redirections, subjects of case. */
export function expandText(context: Context, scope: Scope, word: Word): Value {
  payFor(context, word)
  return bounded(context, joined(word.map(part => partValue(context, scope, part))))
}

/** A word as the fields that it becomes; none where all of it is empty. */
export function expandFields(context: Context, scope: Scope, word: Word): Value[] {
  payFor(context, word)
  const fields: Value[][] = []
  let open = false
  /** Behind what is open, or as the beginning of a new field. */
  const add = (value: Value, begins = false) => {
    if (open && !begins) fields.at(-1)?.push(value)
    else fields.push([value])
    open = true
  }
  for (const part of word) {
    if (isArguments(part)) {
      for (const [index, value] of scope.positional.entries()) add(value, index > 0)
    } else {
      const value = partValue(context, scope, part)
      if (part.quoted || (part.kind === 'text' && !part.text.includes(kubelet.open))) add(value)
      else
        split(value).forEach((piece, index) => {
          if (index > 0) open = false
          if (piece.length > 0) add(piece)
        })
    }
  }
  return fields.map(values => bounded(context, joined(values)))
}

/** "$@", and $* where it is split. */
function isArguments(part: Part): boolean {
  return part.kind === 'variable' && part.operator === '' && (part.name === '@' || (part.name === '*' && !part.quoted))
}

/** What is empty costs, too: a word may have any number of parts. */
function payFor(context: Context, word: Word): void {
  spend(context.allowance, 'expanded', word.length * 8)
}

/**
 * A value at its blanks; the first and the last part are empty where it begins or ends with one. Unknown pieces are one
 * field each.
 */
function split(value: Value): Value[] {
  const fields: Piece[][] = [[]]
  for (const piece of value) {
    if (piece.text === undefined || !/\s/.test(piece.text)) {
      fields.at(-1)?.push(piece)
      continue
    }
    piece.text.split(/\s+/).forEach((text, index) => {
      if (index > 0) fields.push([])
      if (text !== '') fields.at(-1)?.push({ ...piece, text, whole: false })
    })
  }
  return fields
}

function partValue(context: Context, scope: Scope, part: Part): Value {
  switch (part.kind) {
    case 'text':
      return part.text.includes(kubelet.open) ? withInserted(context, part.text) : literalValue(part.text)
    case 'command':
      return trimmed(context.capture(context, scope, part.body))
    case 'other':
      return derived([], 'arithmetic')
    case 'variable':
      return operated(context, scope, part)
  }
}

/** A text in which the kubelet has put variables. */
function withInserted(context: Context, text: string): Value {
  // With a capturing group, every second part is a name.
  const parts = text.split(new RegExp(inserted, 'g'))
  return joined(
    parts.map((part, index) =>
      index % 2 === 0 ? literalValue(part) : frozen(context.surroundings.variable(part) ?? empty, part),
    ),
  )
}

function frozen(value: Value, name: string): Value {
  const text = textOf(value)
  return [{ text, from: [{ kind: 'variable', name, frozen: true }], whole: true }]
}

/** Without the line ends at its end, as the shell takes them away. */
function trimmed(value: Value): Value {
  const last = value.at(-1)
  if (last?.text === undefined || !last.text.endsWith('\n')) return value
  let end = last.text.length
  while (last.text[end - 1] === '\n') end -= 1
  const text = last.text.slice(0, end)
  const kept = value.slice(0, -1)
  // What is cut off belongs to no list: the text counts as its origin's own all the same.
  return text === '' && last.from.length === 0 ? kept : [...kept, { ...last, text }]
}

/** A variable's value at this place; undefined where neither the script nor the container defines it. */
export function lookUp(context: Context, scope: Scope, name: string): Value | undefined {
  if (/^\d+$/.test(name)) return name === '0' ? literalValue(scope.name) : scope.positional[Number(name) - 1]
  if (name === '@' || name === '*')
    return joined(scope.positional.flatMap((value, index) => (index > 0 ? [literalValue(' '), value] : [value])))
  if (name === '#') return literalValue(String(scope.positional.length))
  if (/^[?$!-]$/.test(name)) return derived([], `$${name}`)
  const own = variableIn(scope, name)
  if (!own) return context.surroundings.variable(name)
  context.widest = Math.max(context.widest, own.values.length)
  return own.values[Math.min(context.pick, own.values.length - 1)]
}

/** An unknown piece of a variable that nobody defines: it may be empty, or the image's. */
export function undefinedVariable(name: string): Value {
  return [{ text: undefined, from: [{ kind: 'variable', name, frozen: false }], whole: true }]
}

type VariablePart = Extract<Part, { kind: 'variable' }>

function operated(context: Context, scope: Scope, part: VariablePart): Value {
  const { name, operator, operand } = part
  const value = lookUp(context, scope, name)
  const isEmpty = value !== undefined && textOf(value) === ''
  const other = () => expandText(context, scope, operand)
  const found = value ?? (/^\d+$/.test(name) ? empty : undefinedVariable(name))
  switch (operator) {
    case '':
    case ':?':
    case '?':
    case '@':
      return found
    case ':-':
    case ':=':
      return value === undefined || isEmpty ? defaulted(scope, part, other()) : found
    case '-':
    case '=':
      return value === undefined ? defaulted(scope, part, other()) : found
    case ':+':
    case '+':
      return value === undefined || (isEmpty && operator === ':+') ? empty : other()
    case 'length': {
      const text = textOf(found)
      return text === undefined ? derived([found], 'an expansion') : literalValue(String(text.length))
    }
    case '^^':
      return mapped(found, text => text.toUpperCase())
    case ',,':
      return mapped(found, text => text.toLowerCase())
    case '%':
    case '%%':
    case '#':
    case '##':
      return stripped(found, operator, textOf(other()))
    case '//':
    case '/':
      return replaced(found, operator === '//', shownText(other()))
    default:
      return derived([found], 'an expansion')
  }
}

function defaulted(scope: Scope, { name, operator }: VariablePart, value: Value): Value {
  if (operator.endsWith('=')) scope.variables.set(name, { values: [value], exported: false })
  return value
}

const hasGlob = /[*?[]/

function stripped(value: Value, operator: string, pattern: string | undefined): Value {
  const text = textOf(value)
  if (pattern === undefined || text === undefined) return derived([value], 'an expansion')
  const changed = strip(text, operator, pattern)
  if (changed === text) return value
  return changed === undefined ? derived([value], 'an expansion') : madeOf(value, changed)
}

/** A known text that was made of a value. */
function madeOf(value: Value, text: string): Value {
  return text === '' ? empty : [{ text, from: originsOf(value), whole: false }]
}

/** ${X%,} and ${X##*-} of known texts; undefined for patterns that need more than that. */
function strip(text: string, operator: string, pattern: string): string | undefined {
  const fromEnd = operator.startsWith('%')
  if (!hasGlob.test(pattern)) {
    if (pattern === '') return text
    if (fromEnd) return text.endsWith(pattern) ? text.slice(0, -pattern.length) : text
    return text.startsWith(pattern) ? text.slice(pattern.length) : text
  }
  const fixed = fromEnd ? pattern.slice(0, -1) : pattern.slice(1)
  if (hasGlob.test(fixed) || fixed === '' || pattern.charAt(fromEnd ? pattern.length - 1 : 0) !== '*') return undefined
  const longest = operator.length === 2
  const at = fromEnd === longest ? text.indexOf(fixed) : text.lastIndexOf(fixed)
  if (at < 0) return text
  return fromEnd ? text.slice(0, at) : text.slice(at + fixed.length)
}

function replaced(value: Value, all: boolean, operand: string): Value {
  const at = operand.indexOf('/')
  const [pattern, by] = at < 0 ? [operand, ''] : [operand.slice(0, at), operand.slice(at + 1)]
  const text = textOf(value)
  if (text === undefined || pattern === '' || hasGlob.test(pattern) || operand.includes('$'))
    return derived([value], 'an expansion')
  // A text may grow by its length times that of what is put in.
  if ((text.length / pattern.length + 1) * by.length > bounds.value) return derived([value], 'an expansion')
  return mapped(value, piece => (all ? piece.replaceAll(pattern, () => by) : piece.replace(pattern, () => by)))
}
