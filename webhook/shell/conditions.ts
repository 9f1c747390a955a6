// What a test says, where its operands are known: [ -z "$X" ], [ "$1" = start ], [[ ... ]]. Files are tested only where
// they are mounted.
import type { Context, Status } from './context.ts'
import { fileIn, type Scope } from './scope.ts'
import { textOf, type Value } from './value.ts'

/** The outcome of a test, of its words without `[` and `]`. */
export function testOf(context: Context, scope: Scope, operands: readonly Value[]): Status {
  const texts = operands.map(textOf)
  if (texts[0] === '!') return negated(testOf(context, scope, operands.slice(1)))
  const [first, second, third] = texts
  // An unknown text may be empty, and then it is no word at all where it was not quoted.
  if (texts.length === 1) return first === undefined ? 'unknown' : first === '' ? 'no' : 'yes'
  if (texts.length === 2 && first !== undefined) return unary(context, scope, first, operands[1] ?? [])
  if (texts.length === 3) return binary(first, second, third)
  return 'unknown'
}

/** `! command`: what is not known, or is no test, stays as it is. */
export function negated(status: Status): Status {
  return status === 'yes' ? 'no' : status === 'no' ? 'yes' : status
}

function unary(context: Context, scope: Scope, operator: string, operand: Value): Status {
  const text = textOf(operand)
  // A text of which a part is known is not empty, whatever the rest is.
  const filled = operand.some(piece => piece.text !== undefined && piece.text !== '')
  switch (operator) {
    case '-z':
      return filled ? 'no' : text === '' ? 'yes' : 'unknown'
    case '-n':
      return filled ? 'yes' : text === '' ? 'no' : 'unknown'
    case '-e':
    case '-f':
    case '-r':
      return text !== undefined && (fileIn(scope, text) ?? context.surroundings.file(text)) !== undefined
        ? 'yes'
        : 'unknown'
    default:
      return 'unknown'
  }
}

function binary(left: string | undefined, operator: string | undefined, right: string | undefined): Status {
  if (left === undefined || right === undefined || (operator !== '=' && operator !== '==' && operator !== '!='))
    return 'unknown'
  // [[ a == b* ]] matches a pattern.
  if (/[*?[]/.test(right)) return 'unknown'
  return (left === right) === (operator !== '!=') ? 'yes' : 'no'
}

/** Whether a text matches a pattern of `case`; undefined where the pattern needs more than `*` at its ends. */
export function matches(text: string, pattern: string): boolean | undefined {
  if (pattern === '*') return true
  const inner = pattern.replace(/^\*/, '').replace(/\*$/, '')
  if (/[*?[\\]/.test(inner)) return undefined
  const [before, after] = [pattern.startsWith('*'), pattern.length > 1 && pattern.endsWith('*')]
  if (before && after) return text.includes(inner)
  if (before) return text.endsWith(inner)
  return after ? text.startsWith(inner) : text === inner
}
