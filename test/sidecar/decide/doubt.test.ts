// What is heard of a name just after a start may be what the process heard: for a minute.
import t from 'tap'
import { doubtAnswers, isFromBefore } from '../../../sidecar/decide/doubt.ts'
import type { Known } from '../../../sidecar/decide/memory.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import { host, peer, start } from '../fixtures/look.ts'

const process = { identity: 'a', startedAt: start }
const known: Known = { lists: { any: [peer(1)] }, addresses: { node1: ['10.0.0.1'] }, uncertain: [] }

t.test('which answers are doubted', async t => {
  const rows: [what: string, view: Partial<HostView>, isDoubted: boolean][] = [
    ['none', {}, false],
    ['not answered since the start, and failing', { answeredAt: start - 1, failures: 1 }, true],
    ['answered within a minute, and failing', { answeredAt: start + 59_999, failures: 1 }, true],
    ['answered a minute after it, and failing since', { answeredAt: start + 60_000, failures: 1 }, false],
    ['never answered', { answeredAt: null, failures: 1 }, true],
    ['contradicted at the start', { disputedAt: start }, true],
    ['contradicted within a minute', { disputedAt: start + 59_999 }, true],
    ['contradicted a minute after it', { disputedAt: start + 60_000 }, false],
    ['contradicted before it', { disputedAt: start - 1 }, false],
  ]
  for (const [what, view, isDoubted] of rows) {
    const { uncertain } = doubtAnswers(known, process, { node1: host('10.0.0.1', view) })
    t.strictSame(uncertain, isDoubted ? ['node1'] : [], what)
  }
})

t.test('which names are asked about anew after a start', async t => {
  const rows: [what: string, answeredAt: number | null, now: number, isAsked: boolean][] = [
    ['answered before it', start - 1, start, true],
    ['answered at it', start, start, false],
    ['never answered', null, start, true],
    ['within a minute', start - 1, start + 59_999, true],
    ['later they are asked about as seldom as ever', start - 1, start + 60_000, false],
  ]
  for (const [what, answeredAt, now, isAsked] of rows)
    t.equal(isFromBefore(host('10.0.0.1', { answeredAt }), process, now), isAsked, what)
  t.equal(isFromBefore(undefined, null, start), false, 'no process, nobody who asks')
})
