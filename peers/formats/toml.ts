// Reads the TOML documents that hold peer lists, without ever failing on or revealing what else stands in them.

import { parse, TomlError } from 'smol-toml'
import { own } from '../own.ts'
import type { Entry, Report } from './codec.ts'

export type Table = Readonly<Record<string, unknown>>

/**
 * The document's root table; undefined, and reported, where it is not TOML. `settings` are the keys whose values may be
 * shown.
 */
export function readToml(text: string, settings: readonly string[], report: Report): Table | undefined {
  try {
    return parseToml(text)
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1
    report(`line ${line}`, shownLine(text.split('\n')[line - 1] ?? '', settings), `a TOML document${reasonOf(error)}`)
    return undefined
  }
}

/** The parser's own words, some of which quote the document. */
const reasons =
  /^Invalid TOML document: ((?:unfinished|illegal|invalid|unrecognised|expected|incomplete|each|control|trying)[a-z -]*)/

/** Letters, and never what stands in quotes or behind a colon: that may be the document's. */
function reasonOf(error: unknown): string {
  const reason = error instanceof TomlError ? reasons.exec(error.message)?.[1]?.trim() : undefined
  return reason === undefined ? '' : ` (${reason})`
}

/**
 * The document's root table. Throws where it is not TOML. Integers beyond 2^53 are none of our business, and so no
 * error.
 */
export function parseToml(text: string): Table {
  return parse(text, { integersAsBigInt: 'asNeeded' })
}

/**
 * Whether a document could have one of these keys, in any case, wherever it stands: a look that takes a hundredth of
 * the time that parsing does. A key between quotes may have its letters escaped.
 */
export function mayHaveKey(text: string, keys: readonly string[]): boolean {
  const lower = text.toLowerCase()
  return keys.some(key => lower.includes(key.toLowerCase())) || lower.includes('\\u')
}

/** A setting of a table: never what JavaScript objects inherit. */
export function setting(table: Table | undefined, key: string): unknown {
  return own(table, key)
}

/** A table inside a table; undefined where it is absent, reported where it is something else. */
export function subTable(table: Table | undefined, key: string, where: string, report: Report): Table | undefined {
  const value = setting(table, key)
  if (value === undefined || isTable(value)) return value
  report(where, describe(value), 'a table')
  return undefined
}

/** An array of strings as entries named by `where`; [] where it is absent. */
export function arrayEntries(value: unknown, where: string, report: Report): Entry[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    report(where, describe(value), 'an array of strings')
    return []
  }
  return stringEntries(value, `${where} `, report)
}

/** The strings of an array as entries; anything else among them is reported. */
export function stringEntries(values: readonly unknown[], prefix: string, report: Report): Entry[] {
  return values.flatMap((value, index) => {
    const where = `${prefix}entry ${index + 1}`
    if (typeof value === 'string') return [{ text: value, where }]
    report(where, describe(value), 'a string')
    return []
  })
}

/** A value as a short text for an error. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return value.toString()
  return typeof value === 'object' && value !== null ? 'a table' : String(value)
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/**
 * The line of a syntax error. The value of a setting that is not about peers stays out of it: it may be a NODE_SEED.
 */
function shownLine(line: string, settings: readonly string[]): string {
  const [start, key = ''] = /^\s*["']?([\w-]+)["']?\s*=/.exec(line) ?? []
  return start === undefined || settings.includes(key) ? line.trim() : `${start.trim()} …`
}
