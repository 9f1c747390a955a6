// From a script's text to its statements. Linear in the text and bounded (bounds.ts). Lenient: what a shell would
// refuse is read as far as it makes sense, since the question is what a script may start, not whether it is right.
import { BoundError, bounds } from './bounds.ts'
import {
  type Counted,
  type Cursor,
  cursorOver,
  deeper,
  type Grammar,
  peekReserved,
  skipBlanks,
  take,
} from './cursor.ts'
import { readCompound } from './read-compound.ts'
import { readRedirects, skipLines, skipSeparators } from './read-redirect.ts'
import { readSimple } from './read-simple.ts'
import type { Statement } from './syntax.ts'

/** What of a script was read: also where it was not read to its end. */
export type Size = Readonly<Record<Counted, number>>

export type Parsed = ({ readonly body: readonly Statement[] } | { readonly unread: string }) & { readonly size: Size }

/**
 * A script's statements, or why it was not read: it is longer, deeper or of more commands than the bounds. Never
 * throws.
 */
export function parse(script: string): Parsed {
  const size = { commands: 0, words: 0, parts: 0 }
  if (script.length > bounds.characters)
    return { unread: `found ${script.length} characters, expected at most ${bounds.characters}`, size }
  try {
    return { body: readStatements(cursorOver(script, { depth: 0, counted: size, grammar }), []).body, size }
  } catch (error) {
    if (error instanceof BoundError) return { unread: error.message, size }
    throw error
  }
}

const grammar: Grammar = { statements: readStatements, command: readCommand }

/** Statements up to one of the stops, which is passed over, or to the end of the text. */
function readStatements(cursor: Cursor, stops: readonly string[]): { body: Statement[]; stop: string } {
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
