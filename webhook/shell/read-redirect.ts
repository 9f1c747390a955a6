// Redirections and here-documents.
import { type Cursor, cursorOver, deeper, skipBlanks, takeMatch } from './cursor.ts'
import { readDocument, readWord, textWord } from './read-word.ts'
import type { Redirect, Word } from './syntax.ts'

const operator = /(\d{0,2})(<<<|<<-|<<|<>|<&|>>|>&|>\||&>>|&>|<(?!\()|>(?!\())/y
const processSubstitution = /[<>]\(/y

/** The redirection at the cursor; [] for one that names no file (2>&1); undefined where there is none. */
export function readRedirect(cursor: Cursor): Redirect[] | undefined {
  if (takeMatch(cursor, processSubstitution) !== undefined) {
    // <(command): a file that nobody can name.
    deeper(cursor, () => cursor.readBody(cursor))
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
    .map(part => (part.kind === 'text' || part.kind === 'other' ? part.text : part.kind === 'variable' ? `$${part.name}` : ''))
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
