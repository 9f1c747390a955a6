// A place in a script's text while it is read, and what every reader asks of it.
import { BoundError, bounds } from './bounds.ts'
import type { Redirect, Statement } from './syntax.ts'

/** A here-document whose lines come after the line that names it. */
export type PendingDocument = {
  readonly redirect: Redirect
  readonly end: string
  readonly quoted: boolean
  readonly tabs: boolean
}

/** What of a script is counted while it is read. */
export type Counted = 'commands' | 'words' | 'parts'

export type Cursor = {
  readonly text: string
  at: number
  depth: number
  readonly counted: Record<Counted, number>
  pending: PendingDocument[]
  /** The grammar as a whole: commands, words and statements contain each other. */
  readonly grammar: Grammar
}

export type Grammar = {
  /**
   * Statements up to a reserved word, `)` or `;;` among the stops, which is passed over; the stop is '' at the end of
   * the text.
   */
  readonly statements: (
    cursor: Cursor,
    stops: readonly string[],
  ) => { readonly body: Statement[]; readonly stop: string }
  readonly command: (cursor: Cursor) => Statement | undefined
}

/**
 * A cursor at the start of a text that lies within another (a command substitution, a here-document): it goes on with
 * that one's depth and counts.
 */
export function cursorOver(text: string, from: Pick<Cursor, 'depth' | 'counted' | 'grammar'>): Cursor {
  return { text, at: 0, depth: from.depth, counted: from.counted, pending: [], grammar: from.grammar }
}

/** Counts a command, a word or a part of one; throws a BoundError beyond the bound. */
export function count(cursor: Cursor, what: Counted): void {
  cursor.counted[what] += 1
  if (cursor.counted[what] > bounds[what])
    throw new BoundError(`found more than ${bounds[what]} ${what}, expected at most as many`)
}

/** Reads something that lies one level deeper; throws a BoundError where that is too deep. */
export function deeper<T>(cursor: Cursor, read: () => T): T {
  cursor.depth += 1
  if (cursor.depth > bounds.depth)
    throw new BoundError(`found more than ${bounds.depth} levels of nesting, expected at most as many`)
  const found = read()
  cursor.depth -= 1
  return found
}

/** Whether the text goes on with this, which is then passed over. */
export function take(cursor: Cursor, expected: string): boolean {
  if (!cursor.text.startsWith(expected, cursor.at)) return false
  cursor.at += expected.length
  return true
}

/** What a sticky pattern matches here, passed over; undefined where it does not match. */
export function takeMatch(cursor: Cursor, sticky: RegExp): string | undefined {
  sticky.lastIndex = cursor.at
  const found = sticky.exec(cursor.text)?.[0]
  if (found === undefined) return undefined
  cursor.at += found.length
  return found
}

/** Passes over blanks, continued lines and comments, not over line ends. */
export function skipBlanks(cursor: Cursor): void {
  const { text } = cursor
  for (;;) {
    const char = text[cursor.at]
    if (char === ' ' || char === '\t' || char === '\r') cursor.at += 1
    else if (char === '\\' && text[cursor.at + 1] === '\n') cursor.at += 2
    else if (char === '\\' && text[cursor.at + 1] === '\r' && text[cursor.at + 2] === '\n') cursor.at += 3
    else if (char === '#') {
      const end = text.indexOf('\n', cursor.at)
      cursor.at = end < 0 ? text.length : end
    } else return
  }
}

const reserved =
  /(?:if|then|elif|else|fi|case|esac|for|select|while|until|do|done|function|\{|\}|!|\[\[)(?=[\s;&|()<>]|$)/y

/** The reserved word at the cursor. */
export function peekReserved(cursor: Cursor): string | undefined {
  reserved.lastIndex = cursor.at
  return reserved.exec(cursor.text)?.[0]
}
