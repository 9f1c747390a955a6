// The token by which the supervisor tells which lists and addresses a start was given. Pure.
import { createHash } from 'node:crypto'
import type { Lists } from './lists.ts'
import type { Pins } from './pin.ts'
import { hashOf } from './snapshots.ts'

/**
 * What env.snapshot holds: which lists the supervisor's next start gives the node, and, after a plus sign, which
 * addresses in place of names.
 */
export function tokenOf(lists: Lists, pins: Pins = {}): string {
  const entries = Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return hashOf(lists, {})
  return `${hashOf(lists, {})}+${createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32)}`
}

/** The part of a token that is about the lists. */
export function listToken(token: string): string {
  return token.split('+', 1)[0] ?? token
}
