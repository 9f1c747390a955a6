// The token by which the supervisor tells which lists and addresses a start was given. Pure.
import { createHash } from 'node:crypto'
import type { Lists } from './lists.ts'
import type { Pins } from './pin.ts'
import { hashOf } from './snapshots.ts'

/**
 * What env.snapshot holds: which lists the supervisor's next start gives the node; after a plus sign, which addresses
 * in place of names; and after an equals sign the variable by which, where that was learned of the node's program.
 */
export function tokenOf(lists: Lists, pins: Pins = {}, variable?: string): string {
  const entries = Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))
  const hash = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32)
  const addresses = entries.length === 0 ? '' : `+${hash}`
  return `${hashOf(lists, {})}${addresses}${variable === undefined ? '' : `=${variable}`}`
}

/** The part of a token that is about the lists. */
export function listToken(token: string): string {
  return token.split(/[+=]/, 1)[0] ?? token
}

/** The learned variable of a token. */
export function variableOf(token: string): string | undefined {
  return token.split('=')[1]
}
