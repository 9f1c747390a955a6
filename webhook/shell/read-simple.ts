// Simple commands and assignments.
import { type Cursor, count, skipBlanks, take, takeMatch } from './cursor.ts'
import { readRedirect, skipLines } from './read-redirect.ts'
import { readWord, textWord } from './read-word.ts'
import type { Assignment, Redirect, Statement, Word } from './syntax.ts'

const assignment = /([A-Za-z_]\w*)(?:\[[^\]\s]{0,64}\])?(\+?)=/y

/** A simple command: assignments, words and redirections; or a function, whose name comes first. */
export function readSimple(cursor: Cursor): Statement | undefined {
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
    if (only?.kind === 'text' && !only.quoted && takeMatch(cursor, /[ \t]*\([ \t]*\)/y) !== undefined)
      return functionOf(cursor, only.text)
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

/** A function of that name, whose body is at the cursor. */
export function functionOf(cursor: Cursor, name: string): Statement {
  skipLines(cursor)
  return {
    kind: 'function',
    name,
    body: cursor.grammar.command(cursor) ?? { kind: 'simple', assignments: [], words: [], redirects: [] },
  }
}
