import t from 'tap'
import { invalidStatus, type Outcome, statusAfter } from '../../discovery/conditions.ts'
import type { PeerSetStatus } from '../../discovery/peer-set.ts'
import { eventsAfter } from '../../discovery/set-events.ts'
import { at } from './fixtures/specs.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const good: Outcome = {
  at: start,
  sourceError: undefined,
  incomplete: false,
  answeredAt: start,
  problems: [],
  source: 'services',
  listed: [at('a')],
  changed: true,
  written: { ok: true, reason: 'UpToDate', message: 'ConfigMap a/peers, key list' },
}
const after = (status: PeerSetStatus, over: Partial<Outcome>) =>
  statusAfter({ generation: 2, status }, { ...good, ...over })
const of = (status: PeerSetStatus, type: string) => status.conditions?.find(condition => condition.type === type)

t.test('a good look', async t => {
  const status = after({}, {})
  t.match(status, {
    observedGeneration: 2,
    source: 'services',
    peers: 1,
    hash: /^p1:/,
    lastChange: '2026-01-01T00:00:00Z',
    lastSuccess: '2026-01-01T00:00:00Z',
  })
  t.strictSame(
    status.conditions?.map(({ type, status }) => [type, status]),
    [
      ['Ready', 'True'],
      ['SourceHealthy', 'True'],
      ['Written', 'True'],
    ],
  )
  t.match(eventsAfter({}, status, '1 peers, 1 new, 0 gone: +a:26656'), [{ type: 'Normal', reason: 'PeersChanged' }])
})

t.test('the same again is the same object, whatever the time: nothing is to be written', async t => {
  const status = after({}, {})
  t.equal(after(status, { at: start + 60_000, answeredAt: start + 60_000, changed: false }), status)
  // As the API server gives it back.
  const echoed = JSON.parse(JSON.stringify(status)) as PeerSetStatus
  t.equal(after(echoed, { at: start + 60_000, changed: false }), echoed)
})

t.test('a source that fails: since when, since when it does not answer, and what stays', async t => {
  const healthy = after({}, {})
  const failing = after(healthy, {
    at: start + 60_000,
    sourceError: 'no CRD',
    changed: false,
    answeredAt: start + 30_000,
  })
  t.match(of(failing, 'Ready'), {
    status: 'False',
    reason: 'SourceFailing',
    message: 'no CRD; the last good list (1 peers) stays',
    lastTransitionTime: '2026-01-01T00:01:00Z',
  })
  t.match(of(failing, 'Written'), { status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' })
  t.match(failing, { lastSuccess: '2026-01-01T00:00:30Z', lastChange: '2026-01-01T00:00:00Z', peers: 1 })
  t.match(eventsAfter(healthy, failing, undefined), [{ type: 'Warning', reason: 'SourceFailing', message: 'no CRD' }])
  const still = after(failing, { at: start + 90_000, sourceError: 'no CRD', changed: false })
  t.equal(still, failing)
  t.same(eventsAfter(failing, still, undefined), [])
  const again = after(failing, { at: start + 120_000, changed: false })
  t.match(of(again, 'Ready'), { status: 'True', lastTransitionTime: '2026-01-01T00:02:00Z' })
  t.match(eventsAfter(failing, again, undefined), [{ type: 'Normal', reason: 'SourceAnswers' }])
})

t.test('a part that is not known, a write that is refused, an exposure that fails', async t => {
  const part = after(
    {},
    { incomplete: true, problems: [{ code: 'unreadable', subject: 'namespace b', message: 'forbidden' }] },
  )
  t.match(of(part, 'SourceHealthy'), { status: 'False', reason: 'PartUnknown', message: 'namespace b: forbidden' })
  const refused = after(part, { written: { ok: false, reason: 'Conflict', message: 'somebody else' } })
  t.match(of(refused, 'Ready'), { status: 'False', reason: 'Conflict', message: 'somebody else' })
  t.match(eventsAfter(part, refused, undefined), [{ reason: 'SourceAnswers' }, { type: 'Warning', reason: 'Conflict' }])
  const exposed = after({}, { exposed: { ok: false, reason: 'PortsFull', message: 'full' } })
  t.match(of(exposed, 'Exposed'), { status: 'False', reason: 'PortsFull' })
  t.match(eventsAfter({}, exposed, undefined), [{ reason: 'PortsFull' }])
})

t.test('problems are bounded, and so is what a stranger wrote', async t => {
  const problems = Array.from({ length: 50 }, (_, index) => ({
    code: 'c',
    subject: `s${index}\n`,
    message: 'x\u0000y\n'.repeat(1000),
  }))
  const shown = after({}, { problems }).problems ?? []
  t.equal(shown.length, 20)
  t.match(shown.at(-1), { code: 'more', message: 'and 31 more' })
  t.ok(shown.every(({ subject, message }) => message.length <= 256 && !/[\n\0]/.test(subject + message)))
})

t.test('one that cannot be followed at all', async t => {
  const status = invalidStatus({ generation: 3, status: after({}, {}) }, 'spec.limit: found 0', start)
  t.match(status, {
    observedGeneration: 3,
    peers: 1,
    conditions: [{ type: 'Ready', status: 'False', reason: 'Invalid' }],
  })
  t.equal(invalidStatus({ generation: 3, status }, 'spec.limit: found 0', start + 1000), status)
})
