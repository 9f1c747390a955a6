// What a decision comes to: phase, reason, since when and until when.
import t from 'tap'
import type { Decision, Outcome } from '../../../sidecar/decide/decision.ts'
import type { Intent, Memory } from '../../../sidecar/decide/memory.ts'
import { type Status, statusOf, unsavedStatus } from '../../../sidecar/decide/status.ts'
import { start, world } from '../fixtures/look.ts'

const w = world()
const { memory } = w.after(0)
const look = w.look()
const until = start + 5_000
const outcome = (decision: Decision, over: Partial<Memory> = {}): Outcome => ({
  memory: { ...memory, ...over },
  decision,
  assessed: [],
  mayGive: true,
})
const intent = { level: 'process' } as Intent

t.test('each decision', async t => {
  const unseen = { process: null, startedWith: null }
  const rows: [what: string, outcome: Outcome, status: Partial<Status>][] = [
    ['nothing', outcome({ do: 'nothing' }), { phase: 'settled' }],
    ['wait', outcome({ do: 'wait', reason: 'paused' }), { phase: 'waiting', reason: 'paused' }],
    ['wait until', outcome({ do: 'wait', reason: 'settling', until }), { phase: 'waiting', reason: 'settling', until }],
    [
      'nothing seen yet',
      outcome({ do: 'wait', reason: 'node-silent' }, unseen),
      { phase: 'starting', reason: 'node-silent' },
    ],
    ['told', outcome({ do: 'told', until }), { phase: 'telling', until }],
    ['restart', outcome({ do: 'restart', intent, why: '' }), { phase: 'restarting' }],
    ['asked', outcome({ do: 'verify', until }, { intent }), { phase: 'restarting', until }],
    ['back', outcome({ do: 'verify', until }, { intent: { ...intent, backAt: start } }), { phase: 'verifying', until }],
  ]
  for (const [what, given, status] of rows) t.strictSame(statusOf(look, given, null), { since: start, ...status }, what)
})

t.test('while the kubelet makes the container wait, only it knows how long', async t => {
  const gone = { ...look, process: { found: false, hold: 'process-not-found', detail: '' } as const }
  const asked = (level: Intent['level']) => outcome({ do: 'verify', until }, { intent: { ...intent, level } })
  t.strictSame(statusOf(gone, asked('container'), null), {
    phase: 'restarting',
    reason: 'kubelet-back-off',
    since: start,
  })
  t.strictSame(statusOf(gone, asked('process'), null), { phase: 'restarting', since: start, until })
  t.strictSame(statusOf(look, asked('container'), null), { phase: 'restarting', since: start, until })
})

t.test('since when: as long as phase and reason are the same', async t => {
  const since = start - 60_000
  const paused = outcome({ do: 'wait', reason: 'paused' })
  t.equal(statusOf(look, paused, { phase: 'waiting', reason: 'paused', since }).since, since)
  t.equal(statusOf(look, paused, { phase: 'waiting', reason: 'settling', since }).since, start)
  t.equal(statusOf(look, paused, { phase: 'telling', reason: 'paused', since }).since, start)
  t.equal(statusOf(look, paused, null).since, start)
})

t.test('a memory that cannot be written hides everything else', async t => {
  const unsaved: Status = { phase: 'waiting', reason: 'state-unwritable', since: start }
  t.strictSame(unsavedStatus({ phase: 'settled', since: 5 }, start), unsaved)
  t.strictSame(unsavedStatus(null, start), unsaved)
  t.strictSame(unsavedStatus(unsaved, start + 1_000), unsaved, 'since the first time')
})
