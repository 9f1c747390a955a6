// A JSON array of strings, with the line of a syntax error, which JSON.parse does not always tell.
import type { Entry, Report } from './codec.ts'
import { describe, stringEntries } from './toml.ts'

/** Editors write it, and nothing shows it. */
const byteOrderMark = '\uFEFF'

/** The array's strings as entries; [] for an empty text. What is not an array of strings is reported. */
export function readJsonArray(text: string, report: Report): Entry[] {
  if (text.trim() === '') return []
  if (text.startsWith(byteOrderMark)) {
    report(
      'line 1',
      'a byte order mark (U+FEFF) before the array',
      'a JSON array of strings without one: JSON parsers refuse it (RFC 8259, 8.1)',
    )
    return []
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const fault = faultOf(text)
    report(`line ${text.slice(0, fault).split('\n').length}`, foundAt(text, fault), 'a JSON array of strings')
    return []
  }
  if (Array.isArray(value)) return stringEntries(value, '', report)
  report('line 1', describe(value), 'a JSON array of strings')
  return []
}

/** Where the text stops being a JSON array of strings, as an index. */
function faultOf(text: string): number {
  const token = /\s*("(?:[^"\\\n]|\\.)*"|[[\],])/y
  let last = ''
  for (;;) {
    const start = token.lastIndex
    const [, found = ''] = token.exec(text) ?? []
    const kind = found.startsWith('"') ? 'string' : found
    const fits =
      (last === '' && kind === '[') ||
      (last === '[' && (kind === 'string' || kind === ']')) ||
      (last === 'string' && (kind === ',' || kind === ']')) ||
      (last === ',' && kind === 'string')
    if (!fits) return start + (/^\s*/.exec(text.slice(start, start + 1000))?.[0].length ?? 0)
    last = kind
  }
}

function foundAt(text: string, index: number): string {
  return index >= text.length ? 'the end of the text' : (text.slice(index, index + 200).split('\n')[0] ?? '')
}
