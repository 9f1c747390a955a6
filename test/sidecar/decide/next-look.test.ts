// When the next look is due: each bound with a row on both sides.
import t, { type Test } from 'tap'
import type { Assessed } from '../../../sidecar/decide/assess.ts'
import { blank, type Intent, type Restart, type Telling } from '../../../sidecar/decide/memory.ts'
import { type After, nextLook, type Pace } from '../../../sidecar/decide/next-look.ts'
import type { Status } from '../../../sidecar/decide/status.ts'
import { peer, start } from '../fixtures/look.ts'

const now = start
const settled: Status = { phase: 'settled', since: start - 3_600_000 }
const waits = (reason: Status['reason'] & string, forMs = 3_600_000): Status => ({
  phase: 'waiting',
  reason,
  since: now - forMs,
})
const listed = (standing: Assessed['standing'], n = 1): Assessed => ({
  peer: peer(n),
  addresses: [`10.0.0.${n}`],
  standing,
  restartTeaches: null,
})
const calm: After = { memory: blank, status: settled, assessed: [listed('connected'), listed('self', 2)] }
const pace: Pace = { now, lookSeconds: 30, busySeconds: 1, random: 0.5 }
const remembering = (over: Partial<After['memory']>): After => ({ ...calm, memory: { ...blank, ...over } })

type Row = readonly [what: string, after: Partial<After> | null, pace: Partial<Pace>, ms: number]

function check(t: Test, rows: readonly Row[]): void {
  for (const [what, after, over, ms] of rows)
    t.equal(nextLook(after === null ? null : { ...calm, ...after }, { ...pace, ...over }), ms, what)
}

t.test('nothing is under way', async t =>
  check(t, [
    ['the set time', {}, {}, 30_000],
    ['a tenth less', {}, { random: 0 }, 27_000],
    ['a tenth more', {}, { random: 1 }, 33_000],
    ['a DNS answer expires before', {}, { lookUpDueAt: now + 20_000 }, 20_000],
    ['a DNS answer expires later', {}, { lookUpDueAt: now + 40_000 }, 30_000],
    ['one has expired: not more often than a busy look', {}, { lookUpDueAt: now - 5_000 }, 1_000],
    ['somebody is missing', { assessed: [listed('absent')] }, {}, 5_000],
    ['somebody is missing, a tenth less', { assessed: [listed('former')] }, { random: 0 }, 4_500],
    ['somebody cannot be seen', { assessed: [listed('unseen')] }, {}, 5_000],
    ['somebody is missing, and the set time is shorter', { assessed: [listed('absent')] }, { lookSeconds: 2 }, 2_000],
    ['the look failed', null, {}, 5_000],
    ['the look failed, and the set time is shorter', null, { lookSeconds: 2 }, 2_000],
  ]),
)

t.test('something is under way', async t =>
  check(t, [
    ['a restart', remembering({ intent: {} as Intent }), {}, 1_000],
    ['a telling', remembering({ telling: {} as Telling }), {}, 1_000],
    ['a start that is measured', remembering({ starting: 'a' }), {}, 1_000],
    ['the first look of a node', { status: { phase: 'starting', since: now } }, {}, 1_000],
    ['the settle time', { status: waits('settling') }, {}, 1_000],
    ['busy is as often as it is set', { status: waits('settling') }, { busySeconds: 0.01 }, 10],
  ]),
)

t.test('a wait that time ends', async t => {
  const until = (ms: number): Partial<After> => ({ status: { ...waits('min-interval'), until: now + ms } })
  check(t, [
    ['far ahead', until(5_000), {}, 30_000],
    ['within 5 s', until(4_999), {}, 1_000],
    ['sooner than a busy look', until(300), {}, 300],
    ['at once', until(20), {}, 50],
    ['over', until(-1_000), {}, 50],
  ])
})

t.test('an address that does not answer yet', async t =>
  check(t, [
    ['at first', { status: waits('unreachable', 0) }, {}, 300],
    ['within 10 s', { status: waits('unreachable', 9_999) }, {}, 300],
    ['after 10 s', { status: waits('unreachable', 10_000) }, {}, 1_000],
    ['within a minute', { status: waits('unreachable', 59_999) }, {}, 1_000],
    ['after a minute', { status: waits('unreachable', 60_000) }, {}, 30_000],
    ['never less often than a busy look', { status: waits('unreachable', 0) }, { busySeconds: 0.1 }, 100],
    ['another reason', { status: waits('already-restarted', 0) }, {}, 30_000],
  ]),
)

t.test('name servers that disagree or fail are followed for three minutes', async t =>
  check(t, [
    ['so long', { status: waits('lookups-disagree', 179_999) }, {}, 1_000],
    ['longer', { status: waits('lookups-disagree', 180_000) }, {}, 30_000],
    ['they fail', { status: waits('lookups-fail', 179_999) }, {}, 1_000],
    ['for longer', { status: waits('lookups-fail', 180_000) }, {}, 30_000],
  ]),
)

t.test('DNS that is behind the controller is followed for a minute', async t =>
  check(t, [
    ['so long', {}, { behindSince: now - 59_999 }, 1_000],
    ['longer', {}, { behindSince: now - 60_000 }, 30_000],
  ]),
)

t.test('after a restart, until the node is as before, for a minute', async t => {
  const ended = (ago: number, over: Partial<Restart>): Partial<After> => {
    const restart: Restart = { id: 'r', hash: 'h', level: 'process', at: now - 90_000, why: '', outcome: 'verified' }
    return remembering({ restarts: [{ ...restart, endedAt: now - ago, ...over }] })
  }
  check(t, [
    ['fewer peers than before', ended(59_999, { connectedBefore: 2 }), {}, 1_000],
    ['as many', ended(59_999, { connectedBefore: 1 }), {}, 30_000],
    ['for longer than a minute', ended(60_000, { connectedBefore: 2 }), {}, 30_000],
    ['no block signed since', { ...ended(0, { height: 7 }), signedHeight: 7 }, {}, 1_000],
    ['one signed', { ...ended(0, { height: 7 }), signedHeight: 8 }, {}, 30_000],
    ['no validator', ended(0, { height: 7 }), {}, 30_000],
    [
      'one that is not over',
      remembering({
        restarts: [{ id: 'r', hash: 'h', level: 'process', at: now, why: '', outcome: 'asked', connectedBefore: 2 }],
      }),
      {},
      30_000,
    ],
  ])
})
