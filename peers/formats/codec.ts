// What each format provides, and the pieces that formats share: splitting a text into entries, reading them all,
// reporting each problem.
import type { Peer, Role } from '../peer.ts'

/** Reports a problem: where, what was found (raw), what is expected. */
export type Report = (where: string, found: string, expected: string) => void

export type Reading = {
  /** What entries are for, where the format does not say. */
  readonly role: Role
  readonly defaultPort?: number | undefined
  readonly report: Report
}

export type Codec = {
  /** All entries in order, normalised; problems go to `reading.report`, and their entries are left out. */
  read(text: string, reading: Reading): Peer[]
  /** A text that `read` reads back to the same set. */
  write(peers: readonly Peer[]): string
  /** Whether the text is of this format and has a setting for peers. May throw. */
  holds(text: string): boolean
}

export type Entry = { readonly text: string; readonly where: string }

/** Reads one entry: a peer, or a sentence that says what is expected instead. */
export type ReadEntry = (text: string, role: Role, defaultPort?: number) => Peer | string

/**
 * Of one list. The longest that people publish have some hundred (a chain's registry), and a node connects to fewer
 * still; without a bound, 1 MiB of "a:1" would be 260,000 peers, and 72 MB for whoever keeps them.
 */
export const maxEntries = 2_000

export function readEntries(entries: readonly Entry[], readEntry: ReadEntry, reading: Reading): Peer[] {
  if (entries.length > maxEntries) {
    reading.report('whole list', `more than ${maxEntries} entries`, `at most ${maxEntries} entries`)
    return []
  }
  return entries.flatMap(({ text, where }) => {
    const peer = readEntry(text, reading.role, reading.defaultPort)
    if (typeof peer !== 'string') return [peer]
    reading.report(where, text, peer)
    return []
  })
}

/**
 * Entries between separators, trimmed, without the empty ones; named by their number. One more than `maxEntries` at
 * most, so that `readEntries` sees that there are too many.
 */
export function splitEntries(text: string, separator: string | RegExp, prefix = ''): Entry[] {
  const entries: Entry[] = []
  for (const part of text.split(separator)) {
    const entry = part.trim()
    if (entry === '') continue
    if (entries.push({ text: entry, where: `${prefix}entry ${entries.length + 1}` }) > maxEntries) break
  }
  return entries
}

/**
 * Entries of a text in which a line end separates too; where there are several lines, entries are named by them. `#`
 * begins a comment.
 */
export function splitLines(text: string, separator: string | RegExp): Entry[] {
  const lines = text.split('\n')
  if (lines.filter(line => line.trim() !== '').length <= 1) return splitEntries(uncommented(text.trim()), separator)
  const all: Entry[] = []
  for (const [index, line] of lines.entries()) {
    if (all.length > maxEntries) break
    const entries = splitEntries(uncommented(line), separator)
    for (const entry of entries)
      all.push({
        text: entry.text,
        where: entries.length === 1 ? `line ${index + 1}` : `line ${index + 1} ${entry.where}`,
      })
  }
  return all
}

function uncommented(line: string): string {
  const comment = line.indexOf('#')
  return comment === -1 ? line : line.slice(0, comment)
}

/**
 * Whether a bare list is one of this format: at least one entry can be read, and none is of another shape altogether.
 */
export function looksLike(entries: readonly Entry[], readEntry: ReadEntry, shape: RegExp): boolean {
  return (
    entries.every(({ text }) => shape.test(text)) &&
    entries.some(({ text }) => typeof readEntry(text, 'peer') !== 'string')
  )
}
