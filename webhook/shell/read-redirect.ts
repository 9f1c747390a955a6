// Redirections, here-documents, and the line ends behind which those begin.
import { type Cursor, cursorOver, deeper, skipBlanks, take, takeMatch } from './cursor.ts'
import { readDocument, readWord, textWord } from './read-word.ts'
import type { Redirect, Word } from './syntax.ts'

const operator = /(\d{0,2})(<<<|<<-|<<|<>|<&|>>|>&|>\||&>>|&>|<(?!\()|>(?!\())/y
const processSubstitution = /[<>]\(/y

/** The redirection at the cursor; [] for one that names no file (2>&1); undefined where there is none. */
export function readRedirect(cursor: Cursor): Redirect[] | undefined {
  if (takeMatch(cursor, processSubstitution) !== undefined) {
    // <(command): a file that nobody can name.
    deeper(cursor, () => cursor.grammar.statements(cursor, [')']))
    return []
  }
  operator.lastIndex = cursor.at
  const [whole, descriptor = '', sign = ''] = operator.exec(cursor.text) ?? []
  if (whole === undefined) return undefined
  cursor.at += whole.length
  skipBlanks(cursor)
  const target = readWord(cursor) ?? []
  if (sign === '<<' || sign === '<<-') return [documentOf(cursor, descriptor, target, sign === '<<-')]
  if (sign === '<<<') return [{ operator: '<<<', descriptor, target }]
  if (sign === '<&' || sign === '>&') return []
  if (sign === '<' || sign === '<>') return [{ operator: '<', descriptor, target }]
  return [{ operator: sign.endsWith('>>') ? '>>' : '>', descriptor, target }]
}

function documentOf(cursor: Cursor, descriptor: string, delimiter: Word, tabs: boolean): Redirect {
  const redirect: Redirect = { operator: '<<', descriptor, target: [] }
  const end = delimiter
    .map(part =>
      part.kind === 'text' || part.kind === 'other' ? part.text : part.kind === 'variable' ? `$${part.name}` : '',
    )
    .join('')
  cursor.pending.push({ redirect, end, quoted: delimiter.some(part => part.quoted), tabs })
  return redirect
}

/** Reads the documents that the line before has named. */
export function readDocuments(cursor: Cursor): void {
  const pending = cursor.pending
  cursor.pending = []
  for (const { redirect, end, quoted, tabs } of pending) {
    const text = linesUntil(cursor, end, tabs)
    redirect.target = quoted ? textWord(text) : deeper(cursor, () => readDocument(cursorOver(text, cursor)))
  }
}

function linesUntil(cursor: Cursor, end: string, tabs: boolean): string {
  const { text } = cursor
  const lines: string[] = []
  while (cursor.at < text.length) {
    const found = text.indexOf('\n', cursor.at)
    const stop = found < 0 ? text.length : found
    const raw = text.slice(cursor.at, stop)
    cursor.at = Math.min(stop + 1, text.length)
    const line = tabs ? raw.replace(/^\t+/, '') : raw
    if (line.trimEnd() === end) break
    lines.push(line)
  }
  return lines.map(line => `${line}\n`).join('')
}

/** Blanks, line ends, `;` and `&`, but not `;;`. Here-documents begin after a line's end. */
export function skipSeparators(cursor: Cursor): void {
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
export function skipLines(cursor: Cursor): void {
  skipBlanks(cursor)
  while (take(cursor, '\n')) {
    readDocuments(cursor)
    skipBlanks(cursor)
  }
}

/** All redirections at the cursor. */
export function readRedirects(cursor: Cursor): Redirect[] {
  const redirects: Redirect[] = []
  for (;;) {
    skipBlanks(cursor)
    const read = readRedirect(cursor)
    if (read === undefined) return redirects
    redirects.push(...read)
  }
}
