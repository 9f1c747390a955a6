// Words: quotes, escapes, expansions and substitutions. What is not closed ends with the text; nothing is read twice.
import { own } from '../../peers/own.ts'
import { type Cursor, count, cursorOver, deeper, take, takeMatch } from './cursor.ts'
import type { Part, Statement, Word } from './syntax.ts'

/**
 * Where parts end: at an unquoted operator or blank, at `}` of an expansion, at a closing quote, or (a here-document)
 * nowhere.
 */
type Mode = 'word' | 'brace' | 'double' | 'document'

/** The word at the cursor; undefined where an operator or blank stands there. */
export function readWord(cursor: Cursor): Word | undefined {
  const start = cursor.at
  const parts = readParts(cursor, 'word')
  if (cursor.at === start) return undefined
  count(cursor, 'words')
  // A word of empty quotes is a word all the same.
  return parts.length > 0 ? parts : [{ kind: 'text', text: '', quoted: true }]
}

/** A here-document's text with its expansions. */
export function readDocument(cursor: Cursor): Word {
  return readParts(cursor, 'document')
}

/** The text of a word without expansions; undefined where it has any. */
export function plainText(word: Word): string | undefined {
  return word.every(part => part.kind === 'text') ? word.map(part => part.text).join('') : undefined
}

/** A word that is one text. */
export function textWord(text: string): Word {
  return [{ kind: 'text', text, quoted: true }]
}

const plainRuns: Readonly<Record<Mode, RegExp>> = {
  word: /[^\\'"$`\s;&|()<>]+/y,
  brace: /[^\\'"$`}]+/y,
  double: /[^\\"$`]+/y,
  document: /[^\\$`]+/y,
}

function readParts(cursor: Cursor, mode: Mode): Part[] {
  const parts: Part[] = []
  const quoted = mode === 'double' || mode === 'document'
  const add = (text: string, isQuoted: boolean) => parts.push({ kind: 'text', text, quoted: isQuoted })
  for (;;) {
    count(cursor, 'parts')
    const run = takeMatch(cursor, plainRuns[mode])
    if (run !== undefined) add(run, quoted)
    const char = cursor.text[cursor.at]
    if (char === undefined) return parts
    if (char === '\\') readEscape(cursor, quoted, add)
    else if (char === '$') parts.push(...readDollar(cursor, quoted))
    else if (char === '`') parts.push(readBackquotes(cursor, quoted))
    else if (char === "'" && !quoted) add(readUntil(cursor, "'"), true)
    else if (char === '"' && !quoted) parts.push(...readDouble(cursor))
    else return parts
  }
}

function readEscape(cursor: Cursor, quoted: boolean, add: (text: string, quoted: boolean) => void): void {
  const next = cursor.text[cursor.at + 1] ?? ''
  cursor.at += 2
  if (next === '\n') return
  add(quoted && !'$`"\\'.includes(next) ? `\\${next}` : next, true)
}

function readDouble(cursor: Cursor): Part[] {
  cursor.at += 1
  const parts = readParts(cursor, 'double')
  cursor.at += 1
  return parts.length > 0 ? parts : [{ kind: 'text', text: '', quoted: true }]
}

/** The text between the character at the cursor and the next `end`, both passed over. */
function readUntil(cursor: Cursor, end: string): string {
  const from = cursor.at + 1
  const found = cursor.text.indexOf(end, from)
  const to = found < 0 ? cursor.text.length : found
  cursor.at = to + end.length
  return cursor.text.slice(from, to)
}

const simpleName = /[A-Za-z_]\w*|[0-9@*#?$!-]/y

function readDollar(cursor: Cursor, quoted: boolean): Part[] {
  cursor.at += 1
  if (take(cursor, '((')) return [readArithmetic(cursor, quoted)]
  if (take(cursor, '(')) return [{ kind: 'command', body: deeper(cursor, () => bodyOf(cursor)), quoted }]
  if (take(cursor, '{')) return [readBraces(cursor, quoted)]
  const name = takeMatch(cursor, simpleName)
  if (name !== undefined) return [{ kind: 'variable', name, quoted, operator: '', operand: [] }]
  if (!quoted && cursor.text[cursor.at] === "'") return [{ kind: 'text', text: readAnsi(cursor), quoted: true }]
  if (!quoted && cursor.text[cursor.at] === '"') return []
  return [{ kind: 'text', text: '$', quoted }]
}

/** Everything up to the closing `))`. */
function readArithmetic(cursor: Cursor, quoted: boolean): Part {
  const from = cursor.at
  let open = 2
  while (open > 0 && cursor.at < cursor.text.length) {
    const char = cursor.text[cursor.at]
    if (char === '(') open += 1
    else if (char === ')') open -= 1
    cursor.at += 1
  }
  return { kind: 'other', text: `$((${cursor.text.slice(from, cursor.at)}`, quoted }
}

const bracedName = /!?(?:[A-Za-z_]\w*|[0-9]+|[@*#?$!-])/y
const subscript = /\[[^\]\s]{0,64}\]/y
const operators = /:[-=+?]|[-=+?]|##?|%%?|\/[/#%]?|\^\^?|,,?|:|@/y

function readBraces(cursor: Cursor, quoted: boolean): Part {
  const from = cursor.at
  const isLength = /#[A-Za-z_0-9@*]/y
  isLength.lastIndex = from
  const length = isLength.test(cursor.text) && take(cursor, '#')
  const name = takeMatch(cursor, bracedName) ?? ''
  // All words of an array are so many words, also between quotes.
  const isArray = /[@*]/.test(takeMatch(cursor, subscript) ?? '')
  const operator = length ? 'length' : (takeMatch(cursor, operators) ?? '')
  const operand = deeper(cursor, () => readParts(cursor, 'brace'))
  cursor.at += 1
  if (name === '' || name.startsWith('!'))
    return { kind: 'other', text: `\${${cursor.text.slice(from, cursor.at)}`, quoted }
  return { kind: 'variable', name, quoted: quoted && !isArray, operator, operand }
}

/** `...`: the same as $(...), with backslashes before $, ` and \ taken away first. */
function readBackquotes(cursor: Cursor, quoted: boolean): Part {
  let inner = ''
  cursor.at += 1
  for (;;) {
    inner += takeMatch(cursor, /[^\\`]+/y) ?? ''
    const char = cursor.text[cursor.at]
    if (char !== '\\') break
    const next = cursor.text[cursor.at + 1] ?? ''
    inner += '$`\\'.includes(next) ? next : `\\${next}`
    cursor.at += 2
  }
  cursor.at += 1
  const body = deeper(cursor, () => bodyOf(cursorOver(inner, cursor)))
  return { kind: 'command', body, quoted }
}

const ansiEscapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', "'": "'", '"': '"', '\\': '\\' }

function readAnsi(cursor: Cursor): string {
  let text = ''
  cursor.at += 1
  for (;;) {
    text += takeMatch(cursor, /[^\\']+/y) ?? ''
    if (cursor.text[cursor.at] !== '\\') break
    const next = cursor.text[cursor.at + 1] ?? ''
    text += own(ansiEscapes, next) ?? `\\${next}`
    cursor.at += 2
  }
  cursor.at += 1
  return text
}

/** The statements of a command substitution, up to its `)`. */
function bodyOf(cursor: Cursor): Statement[] {
  return cursor.grammar.statements(cursor, [')']).body
}
