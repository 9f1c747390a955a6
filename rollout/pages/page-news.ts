// Whether a page says something new. Pure.
import { lasting } from './page-events.ts'
import type { SeenPage } from './seen-page.ts'

/** What a page says, as one text to compare, without what changes at each look: heights, counts and the time. */
export function newsOf(page: SeenPage): string {
  const { phase, reason, since, applied, wanted, list, turn, restarts, told, node } = page
  const { id, startedAt, catchingUp, listening, votingPower, totalPower, noStatusApi } = node
  const decision = [phase, reason, since, applied, wanted, list, turn, lasting(page)]
  const facts = [id, startedAt, catchingUp, listening, votingPower, totalPower, noStatusApi]
  return JSON.stringify([...decision, ...facts, restarts, told])
}
