// Whether a node that has been restarted is as it was before: rows on each side of each bound.
import t from 'tap'
import type { SeenPage } from '../../../rollout/pages/seen-page.ts'
import { isRecovering } from '../../../rollout/turns/recovery.ts'
import { hash, settledPage, start } from '../fixtures/rollout-parts.ts'

const iso = (seconds: number) => new Date(start + seconds * 1000).toISOString()
const times = { settleSeconds: 5, signSeconds: 300 }
type Restart = SeenPage['restarts'][number]

/** A page that was read so many seconds after the restart ended. */
function page(seconds: number, over: Partial<Restart> = {}, more: Partial<SeenPage> = {}): SeenPage {
  const restart: Restart = {
    at: iso(-10),
    snapshot: hash('s', '1'),
    level: 'process',
    why: 'x',
    outcome: 'verified',
    endedAt: iso(0),
    connectedBefore: 4,
    height: 100,
    ...over,
  }
  return { ...settledPage, connected: 1, lookedAt: iso(seconds), restarts: [restart], ...more }
}
const node = (height: number, signedHeight?: number) => ({
  node: { seenBy: 'net_info', height, ...(signedHeight === undefined ? {} : { signedHeight }) },
  connected: 4,
})

t.test('connections, for as long as settle-seconds', async t => {
  const { connectedBefore: _, ...older } = page(1).restarts[0] as Restart
  const rows: [what: string, page: SeenPage, sinceReadMs: number, recovering: boolean][] = [
    ['one of four', page(1), 0, true],
    ['all four', page(1, {}, { connected: 4 }), 0, false],
    ['more than before', page(1, { connectedBefore: 0 }), 0, false],
    ['just below settle-seconds', page(4.999), 0, true],
    ['settle-seconds', page(5), 0, false],
    ['the page was read a moment ago', page(4), 999, true],
    ['the page was read long enough ago', page(4), 1000, false],
    ['a restart that is under way', page(1, { outcome: 'asked' }), 0, false],
    [
      'one that was not taken changes nothing',
      page(1, {}, { restarts: [...page(1).restarts, { ...older, outcome: 'not-taken' }] }),
      0,
      true,
    ],
    ['in vain counts as well', page(1, { outcome: 'unverified' }), 0, true],
    ['a sidecar of an older version', page(1, {}, { restarts: [older] }), 0, false],
    ['no restart', { ...settledPage, connected: 0 }, 0, false],
    ['a clock that was set back', page(-60), 0, true],
  ]
  for (const [what, its, sinceReadMs, recovering] of rows)
    t.equal(isRecovering(its, sinceReadMs, false, times), recovering, what)
  const { endedAt: __, ...unended } = older
  t.notOk(isRecovering(page(1, {}, { restarts: [unended] }), 0, true, times), 'nobody knows when it ended')
})

t.test('a validator signs again, where that can be seen', async t => {
  const rows: [what: string, page: SeenPage, validator: boolean, recovering: boolean][] = [
    ['the chain has gone on without it', page(20, {}, node(102, 100)), true, true],
    ['no signature was ever seen', page(20, {}, node(102, 0)), true, true],
    ['it has signed a later block', page(20, {}, node(102, 101)), true, false],
    ['it is no validator', page(20, {}, node(102, 100)), false, false],
    ['nobody can see whether it signs', page(20, {}, node(102)), true, false],
    ['just below five minutes', page(299.9, {}, node(200, 100)), true, true],
    ['five minutes: jailed, it may be', page(300, {}, node(200, 100)), true, false],
    ['a chain that stands still, at first', page(4.9, {}, node(101, 100)), true, true],
    ['and after settle-seconds', page(5, {}, node(101, 100)), true, false],
    ['its height was not known', page(20, {}, { ...node(102, 100), restarts: [] }), true, false],
  ]
  for (const [what, its, validator, recovering] of rows)
    t.equal(isRecovering(its, 0, validator, times), recovering, what)
})
