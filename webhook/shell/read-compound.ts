// Compound commands: groups, if, case, loops, functions, [[ ]] and (( )).
import { type Cursor, count, peekReserved, skipBlanks, take, takeMatch } from './cursor.ts'
import { skipLines, skipSeparators } from './read-redirect.ts'
import { functionOf } from './read-simple.ts'
import { plainText, readWord, textWord } from './read-word.ts'
import type { Statement, Word } from './syntax.ts'

/** A group, a loop, a choice, a function or a test at the cursor; undefined where there is none. */
export function readCompound(cursor: Cursor): Statement | undefined {
  if (take(cursor, '((')) {
    // An arithmetic command: it starts nothing.
    readWordsUntil(cursor, '))')
    return { kind: 'simple', assignments: [], words: [textWord('let')], redirects: [] }
  }
  if (take(cursor, '(')) return { kind: 'group', subshell: true, body: bodyUntil(cursor, [')']), redirects: [] }
  const word = peekReserved(cursor)
  const read = word === undefined ? undefined : compounds.get(word)
  if (word === undefined || !read) return undefined
  cursor.at += word.length
  count(cursor, 'commands')
  return read(cursor)
}

const compounds = new Map<string, (cursor: Cursor) => Statement>([
  ['{', cursor => ({ kind: 'group', subshell: false, body: bodyUntil(cursor, ['}']), redirects: [] })],
  ['if', readIf],
  ['case', readCase],
  ['for', readFor],
  ['select', readFor],
  ['while', readWhile],
  ['until', readWhile],
  ['function', readFunction],
  [
    '[[',
    cursor => ({
      kind: 'simple',
      assignments: [],
      words: [textWord('[['), ...readWordsUntil(cursor, ']]')],
      redirects: [],
    }),
  ],
])

function readIf(cursor: Cursor): Statement {
  const branches: { condition: Statement[]; body: Statement[] }[] = []
  for (;;) {
    const condition = bodyUntil(cursor, ['then', 'fi'])
    const { body, stop } = cursor.grammar.statements(cursor, ['elif', 'else', 'fi'])
    branches.push({ condition, body })
    if (stop === 'elif') continue
    return { kind: 'if', branches, otherwise: stop === 'else' ? bodyUntil(cursor, ['fi']) : undefined }
  }
}

function readWhile(cursor: Cursor): Statement {
  return { kind: 'while', condition: bodyUntil(cursor, ['do']), body: bodyUntil(cursor, ['done']) }
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
  return { kind: 'for', name, words: given ? words : undefined, body: bodyUntil(cursor, [inDo ? 'done' : '}']) }
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
    const { body, stop } = cursor.grammar.statements(cursor, [';;', 'esac'])
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

function bodyUntil(cursor: Cursor, stops: readonly string[]): Statement[] {
  return cursor.grammar.statements(cursor, stops).body
}
