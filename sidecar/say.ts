// What the loop says: the page, the log's line for each change of it, and the counters.
import type { Logger } from 'pino'
import type { Page } from '../peers/page.ts'
import type { Outcome } from './decide/decision.ts'
import type { Look } from './decide/look.ts'
import type { Memory } from './decide/memory.ts'
import { type Status, statusOf, unsavedStatus } from './decide/status.ts'
import type { Metrics } from './metrics.ts'
import { pageOf, unsavedPage } from './page.ts'

export type Voice = {
  /** Shows what was decided. `unsaved`: what keeps the memory from being written, or null. */
  show(look: Look, outcome: Outcome, unsaved: string | null): Status
  page(): Page | null
}

export function createVoice({ metrics, log }: { readonly metrics: Metrics; readonly log: Logger }): Voice {
  let page: Page | null = null
  let status: Status | null = null
  return {
    show(look, outcome, unsaved) {
      const decided = statusOf(look, outcome, status)
      const shown = unsaved === null ? decided : unsavedStatus(status, look.now)
      const plain = pageOf(look, outcome, decided)
      const next = unsaved === null ? plain : unsavedPage(plain, shown, unsaved, look)
      if (next.node.noStatusApi !== undefined && page?.node.noStatusApi === undefined)
        log.warn({ detail: next.node.noStatusApi }, 'no status API')
      if (next.phase !== page?.phase || next.reason !== page?.reason || next.detail !== page?.detail)
        logStatus(log, next)
      page = next
      status = shown
      metrics.show(next)
      return shown
    },
    page: () => page,
  }
}

function logStatus(log: Logger, page: Page): void {
  const { phase, reason, sentence, detail, connected, wanted } = page
  log[phase === 'waiting' ? 'warn' : 'info'](
    { phase, reason, sentence, detail, connected, listed: page.peers.length, wanted },
    'status',
  )
}

/** Counts the restarts and the tellings that have ended between these two memories. */
export function countEnded(metrics: Metrics, before: Memory, after: Memory): void {
  const open = new Set(before.restarts.filter(({ outcome }) => outcome === 'asked').map(({ id }) => id))
  for (const { id, level, outcome } of after.restarts) {
    if (open.has(id) && outcome !== 'asked') metrics.restarts.inc({ level, outcome })
  }
  const known = new Set(before.told)
  for (const record of after.told) if (!known.has(record)) metrics.told.inc({ outcome: record.outcome })
}
