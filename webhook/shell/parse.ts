// From a script's text to its statements. Linear in the text and bounded (bounds.ts). Lenient: what a shell would refuse is read as far as
// it makes sense, since the question is what a script may start, not whether it is right.
import { BoundError, bounds } from './bounds.ts'
import { type Cursor, count, cursorOver, deeper, skipBlanks, take, takeMatch } from './cursor.ts'
import { readDocuments, readRedirect } from './read-redirect.ts'
import { plainText, readWord, textWord } from './read-word.ts'
import type { Assignment, Redirect, Statement, Word } from './syntax.ts'

export type Parsed = { readonly body: readonly Statement[] } | { readonly unread: string }

/** A script's statements, or why it was not read: it is longer, deeper or of more commands than the bounds. Never throws. */
export function parse(script: string): Parsed {
  if (script.length > bounds.characters) return { unread: `found ${script.length} characters, expected at most ${bounds.characters}` }
  try {
    const readBody = (cursor: Cursor) => readStatements(cursor, [')'])
    const cursor = cursorOver(script, { depth: 0, counted: { commands: 0, words: 0 }, readBody })
    return { body: readStatements(cursor, []) }
  } catch (error) {
    if (error instanceof BoundError) return { unread: error.message }
    throw error
  }
}

/** Words that end a list of statements; `)` and `;;` may as well. The one that does is passed over. */
type Stops = readonly string[]

const reserved = /(?:if|then|elif|else|fi|case|esac|for|select|while|until|do|done|function|\{|\}|!|\[\[)(?=[\s;&|()<>]|$)/y

function peekReserved(cursor: Cursor): string | undefined {
  reserved.lastIndex = cursor.at
  return reserved.exec(cursor.text)?.[0]
}

/** Statements up to one of the stops, which is passed over, or to the end of the text. */
function readStatements(cursor: Cursor, stops: Stops): Statement[] {
  return readUntilStop(cursor, stops).body
}

function readUntilStop(cursor: Cursor, stops: Stops): { body: Statement[]; stop: string } {
  const body: Statement[] = []
  for (;;) {
    skipSeparators(cursor)
    if (cursor.at >= cursor.text.length) return { body, stop: '' }
    const stop = stops.find(candidate => standsHere(cursor, candidate))
    if (stop !== undefined) {
      cursor.at += stop.length
      return { body, stop }
    }
    const before = cursor.at
    const statement = readList(cursor)
    if (statement) body.push(statement)
    // A `)` or `;;` that closes nothing.
    if (cursor.at === before) cursor.at += 1
  }
}

function standsHere(cursor: Cursor, stop: string): boolean {
  if (stop === ')' || stop === ';;') return cursor.text.startsWith(stop, cursor.at)
  return peekReserved(cursor) === stop
}

/** Blanks, line ends, `;` and `&`, but not `;;`. Here-documents begin after a line's end. */
function skipSeparators(cursor: Cursor): void {
  for (;;) {
    skipBlanks(cursor)
    const char = cursor.text[cursor.at]
    if (char === '\n') {
      cursor.at += 1
      readDocuments(cursor)
    } else if (char === '&' || (char === ';' && cursor.text[cursor.at + 1] !== ';')) cursor.at += 1
    else return
  }
}

/** Line ends where a list goes on. */
function skipLines(cursor: Cursor): void {
  skipBlanks(cursor)
  while (take(cursor, '\n')) {
    readDocuments(cursor)
    skipBlanks(cursor)
  }
}

/** Pipelines joined by && and ||. */
function readList(cursor: Cursor): Statement | undefined {
  const first = readPipeline(cursor)
  if (!first) return undefined
  const rest: { operator: '&&' | '||'; body: Statement }[] = []
  for (;;) {
    skipBlanks(cursor)
    const operator = take(cursor, '&&') ? '&&' : take(cursor, '||') ? '||' : undefined
    if (operator === undefined) break
    skipLines(cursor)
    const body = readPipeline(cursor)
    if (!body) break
    rest.push({ operator, body })
  }
  return rest.length > 0 ? { kind: 'list', first, rest } : first
}

function readPipeline(cursor: Cursor): Statement | undefined {
  skipBlanks(cursor)
  if (peekReserved(cursor) === '!') {
    cursor.at += 1
    const body = deeper(cursor, () => readPipeline(cursor))
    return body && { kind: 'not', body }
  }
  const first = readCommand(cursor)
  if (!first) return undefined
  const stages = [first]
  for (;;) {
    skipBlanks(cursor)
    if (cursor.text.startsWith('||', cursor.at) || !take(cursor, '|')) break
    take(cursor, '&')
    skipLines(cursor)
    const next = readCommand(cursor)
    if (!next) break
    stages.push(next)
  }
  return stages.length === 1 ? first : { kind: 'pipe', stages }
}

function readCommand(cursor: Cursor): Statement | undefined {
  skipBlanks(cursor)
  const compound = deeper(cursor, () => readCompound(cursor))
  if (!compound) return readSimple(cursor)
  const redirects = readRedirects(cursor)
  return redirects.length > 0 ? { kind: 'group', subshell: false, body: [compound], redirects } : compound
}

function readRedirects(cursor: Cursor): Redirect[] {
  const redirects: Redirect[] = []
  for (;;) {
    skipBlanks(cursor)
    const read = readRedirect(cursor)
    if (read === undefined) return redirects
    redirects.push(...read)
  }
}

function readCompound(cursor: Cursor): Statement | undefined {
  if (take(cursor, '((')) {
    // An arithmetic command: it starts nothing.
    readWordsUntil(cursor, '))')
    return { kind: 'simple', assignments: [], words: [textWord('let')], redirects: [] }
  }
  if (take(cursor, '(')) return { kind: 'group', subshell: true, body: readStatements(cursor, [')']), redirects: [] }
  const word = peekReserved(cursor)
  const read = word === undefined ? undefined : compounds.get(word)
  if (word === undefined || !read) return undefined
  cursor.at += word.length
  count(cursor, 'commands')
  return read(cursor)
}

const compounds = new Map<string, (cursor: Cursor) => Statement>([
  ['{', cursor => ({ kind: 'group', subshell: false, body: readStatements(cursor, ['}']), redirects: [] })],
  ['if', readIf],
  ['case', readCase],
  ['for', readFor],
  ['select', readFor],
  ['while', readWhile],
  ['until', readWhile],
  ['function', readFunction],
  ['[[', cursor => ({ kind: 'simple', assignments: [], words: [textWord('[['), ...readWordsUntil(cursor, ']]')], redirects: [] })],
])

function readIf(cursor: Cursor): Statement {
  const branches: { condition: Statement[]; body: Statement[] }[] = []
  for (;;) {
    const condition = readStatements(cursor, ['then', 'fi'])
    const { body, stop } = readUntilStop(cursor, ['elif', 'else', 'fi'])
    branches.push({ condition, body })
    if (stop === 'elif') continue
    return { kind: 'if', branches, otherwise: stop === 'else' ? readStatements(cursor, ['fi']) : undefined }
  }
}

function readWhile(cursor: Cursor): Statement {
  return { kind: 'while', condition: readStatements(cursor, ['do']), body: readStatements(cursor, ['done']) }
}

function readFor(cursor: Cursor): Statement {
  skipBlanks(cursor)
  if (take(cursor, '((')) readWordsUntil(cursor, '))')
  const name = plainText(readWord(cursor) ?? []) ?? ''
  skipLines(cursor)
  const words: Word[] = []
  const given = takeMatch(cursor, /in(?=[\s;])/y) !== undefined
  for (;;) {
    skipBlanks(cursor)
    const word = given ? readWord(cursor) : undefined
    if (!word) break
    words.push(word)
  }
  skipSeparators(cursor)
  const inDo = peekReserved(cursor) === 'do'
  if (inDo) cursor.at += 2
  else if (peekReserved(cursor) === '{') cursor.at += 1
  return { kind: 'for', name, words: given ? words : undefined, body: readStatements(cursor, [inDo ? 'done' : '}']) }
}

function readCase(cursor: Cursor): Statement {
  skipBlanks(cursor)
  const subject = readWord(cursor) ?? []
  skipLines(cursor)
  takeMatch(cursor, /in(?=[\s]|$)/y)
  const arms: { patterns: Word[]; body: Statement[] }[] = []
  for (;;) {
    skipSeparators(cursor)
    if (cursor.at >= cursor.text.length) break
    if (peekReserved(cursor) === 'esac') {
      cursor.at += 4
      break
    }
    take(cursor, '(')
    const patterns = readPatterns(cursor)
    const { body, stop } = readUntilStop(cursor, [';;', 'esac'])
    arms.push({ patterns, body })
    takeMatch(cursor, /&|;?&/y)
    if (stop === 'esac') break
  }
  return { kind: 'case', subject, arms }
}

/** Patterns up to and with the `)`. */
function readPatterns(cursor: Cursor): Word[] {
  const patterns: Word[] = []
  for (;;) {
    skipBlanks(cursor)
    const word = readWord(cursor)
    if (word) patterns.push(word)
    skipBlanks(cursor)
    if (take(cursor, '|')) continue
    if (!take(cursor, ')') && !word) cursor.at += 1
    return patterns
  }
}

function readFunction(cursor: Cursor): Statement {
  skipBlanks(cursor)
  const name = plainText(readWord(cursor) ?? []) ?? ''
  skipBlanks(cursor)
  if (take(cursor, '(')) {
    skipBlanks(cursor)
    take(cursor, ')')
  }
  return functionOf(cursor, name)
}

function functionOf(cursor: Cursor, name: string): Statement {
  skipLines(cursor)
  return { kind: 'function', name, body: readCommand(cursor) ?? { kind: 'simple', assignments: [], words: [], redirects: [] } }
}

/** Words up to `end`, operators among them as words: inside [[ ]] and (( )) they compare. */
function readWordsUntil(cursor: Cursor, end: string): Word[] {
  const words: Word[] = []
  for (;;) {
    skipBlanks(cursor)
    if (cursor.at >= cursor.text.length || take(cursor, end)) return words
    const word = readWord(cursor)
    if (word) words.push(word)
    else {
      words.push(textWord(takeMatch(cursor, /&&|\|\||[\s\S]/y) ?? ''))
      count(cursor, 'words')
    }
  }
}

const assignment = /([A-Za-z_]\w*)(?:\[[^\]\s]{0,64}\])?(\+?)=/y

function readSimple(cursor: Cursor): Statement | undefined {
  const assignments: Assignment[] = []
  const words: Word[] = []
  const redirects: Redirect[] = []
  for (;;) {
    skipBlanks(cursor)
    const redirect = readRedirect(cursor)
    if (redirect) {
      redirects.push(...redirect)
      continue
    }
    const assigned = words.length === 0 ? readAssignment(cursor) : undefined
    if (assigned) {
      assignments.push(assigned)
      continue
    }
    const word = readWord(cursor)
    if (!word) break
    const [only] = words.length === 0 && word.length === 1 ? word : []
    if (only?.kind === 'text' && !only.quoted && takeMatch(cursor, /[ \t]*\([ \t]*\)/y) !== undefined) return functionOf(cursor, only.text)
    words.push(isArray(cursor, word) ? [...word, ...readArray(cursor).flatMap(spaced)] : word)
  }
  if (assignments.length + words.length + redirects.length === 0) return undefined
  count(cursor, 'commands')
  return { kind: 'simple', assignments, words, redirects }
}

/** `local NAME=(...)`: an array where a word would be. The `(` is passed over. */
function isArray(cursor: Cursor, word: Word): boolean {
  const last = word.at(-1)
  return last?.kind === 'text' && !last.quoted && /^[A-Za-z_]\w*\+?=$/.test(last.text) && take(cursor, '(')
}

function spaced(word: Word, index: number): Word {
  return index > 0 ? [...textWord(' '), ...word] : word
}

function readAssignment(cursor: Cursor): Assignment | undefined {
  assignment.lastIndex = cursor.at
  const [whole, name, plus] = assignment.exec(cursor.text) ?? []
  if (whole === undefined || name === undefined) return undefined
  cursor.at += whole.length
  const array = take(cursor, '(')
  return { name, append: plus === '+', value: array ? readArray(cursor) : [readWord(cursor) ?? []], array }
}

function readArray(cursor: Cursor): Word[] {
  const words: Word[] = []
  for (;;) {
    skipLines(cursor)
    const word = readWord(cursor)
    if (word) words.push(word)
    else if (take(cursor, ')') || cursor.at >= cursor.text.length) return words
    else cursor.at += 1
  }
}
