import t from 'tap'
import type { RestartOutcome } from '../../../peers/page.ts'
import { holdReasons } from '../../../peers/reasons.ts'
import { eventsBetween } from '../../../rollout/pages/page-events.ts'
import type { SeenPage } from '../../../rollout/pages/seen-page.ts'
import { askingPage, hash, settledPage } from '../fixtures/rollout-parts.ts'

const [X, Y] = [hash('s', '1'), hash('s', '2')]
const restart = (outcome: RestartOutcome, at = '2026-01-01T00:00:00.000Z', snapshot = Y) =>
  ({ at, snapshot, level: 'process', why: 'node2: not connected at its present address', outcome }) as const
const told = (
  outcome: 'asked' | 'connected' | 'in-vain' | 'refused',
  at = '2026-01-01T00:00:00.000Z',
  snapshot = Y,
) => ({
  at,
  snapshot,
  outcome,
})
const waits = (reason: keyof typeof holdReasons, over: Partial<SeenPage> = {}): SeenPage => ({
  ...settledPage,
  phase: 'waiting',
  reason,
  sentence: holdReasons[reason],
  ...over,
})
/** At the time of a look, so many seconds after it began. */
const after = (seconds: number) => ({
  since: '2026-01-01T00:00:00.000Z',
  lookedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString(),
})
const lacks = (seconds: number): SeenPage => {
  const { since, lookedAt } = after(seconds)
  return {
    ...settledPage,
    sentence: 'connected to 1 of 2 peers',
    detail: 'not connected to node2',
    lookedAt,
    lacking: { peers: 1, since },
  }
}
const absentFor = (seconds: number) => waits('supervisor-absent', after(seconds))
const telling: SeenPage = { ...settledPage, phase: 'telling', told: [told('asked')] }
const between = (before: SeenPage | undefined, after: SeenPage) =>
  eventsBetween(before, after).map(event => `${event.type} ${event.reason}`)

t.test('what is told between two readings of a page', async t => {
  const later = '2026-01-01T00:00:02.000Z'
  const rows: [what: string, before: SeenPage | undefined, after: SeenPage, events: readonly string[]][] = [
    ['nothing to compare with', undefined, { ...settledPage, restarts: [restart('verified')], applied: Y }, []],
    ['nothing new', settledPage, settledPage, []],
    [
      'has no status API',
      settledPage,
      { ...settledPage, node: { ...settledPage.node, noStatusApi: 'none' } },
      ['Warning NoStatusApi'],
    ],
    [
      'has none still',
      { ...settledPage, node: { ...settledPage.node, noStatusApi: 'none' } },
      { ...settledPage, node: { ...settledPage.node, noStatusApi: 'none, and why' } },
      [],
    ],
    ['waits for its turn', settledPage, askingPage, ['Normal AwaitingTurn']],
    ['still waits', askingPage, { ...askingPage, wanted: hash('s', '3') }, []],
    [
      'restarts',
      askingPage,
      { ...askingPage, phase: 'restarting', restarts: [restart('asked')] },
      ['Normal RestartingNode'],
    ],
    [
      'is back',
      { ...askingPage, restarts: [restart('asked')] },
      { ...settledPage, applied: Y, restarts: [restart('verified')] },
      ['Normal NodeRestarted'],
    ],
    [
      'both between two readings',
      askingPage,
      { ...settledPage, applied: Y, restarts: [restart('verified')] },
      ['Normal NodeRestarted'],
    ],
    [
      'is not connected',
      { ...askingPage, restarts: [restart('asked')] },
      waits('already-restarted', { restarts: [restart('unverified')] }),
      ['Warning NodeNotConnected', 'Warning RestartGivenUp'],
    ],
    [
      'is connected after all',
      waits('already-restarted', { restarts: [restart('unverified')] }),
      { ...settledPage, applied: Y, restarts: [restart('verified')] },
      ['Normal NodeRestarted'],
    ],
    [
      'is back, and the peer has moved again',
      { ...askingPage, restarts: [restart('asked')] },
      waits('settling', { restarts: [restart('overtaken')] }),
      ['Normal RestartOvertaken'],
    ],
    [
      'was not restarted',
      { ...askingPage, restarts: [restart('asked')] },
      waits('not-taken', { restarts: [restart('not-taken')] }),
      ['Warning RestartNotTaken'],
    ],
    [
      'an older restart is known',
      { ...askingPage, restarts: [restart('verified', later, X)] },
      { ...askingPage, restarts: [restart('verified', later, X), restart('asked')] },
      ['Normal RestartingNode'],
    ],
    ['is told', settledPage, telling, ['Normal TellingNode']],
    ['is told again', telling, { ...telling, told: [told('asked', later)] }, []],
    ['has been told', telling, { ...settledPage, applied: Y, told: [told('connected', later)] }, ['Normal NodeTold']],
    [
      'told and connected between two readings',
      settledPage,
      { ...settledPage, applied: Y, told: [told('connected')] },
      ['Normal NodeTold'],
    ],
    ['told in vain', telling, waits('settling', { told: [told('in-vain', later)] }), ['Warning TellingInVain']],
    ['refuses, and may heal by itself', telling, waits('settling', { told: [told('refused', later)] }), []],
    [
      'refused, and has healed',
      waits('settling', { told: [told('refused')] }),
      { ...settledPage, told: [told('refused')] },
      [],
    ],
    [
      'refused, and a restart is wished for',
      waits('settling', { told: [told('refused')] }),
      { ...askingPage, told: [told('refused')] },
      ['Normal TellingRefused', 'Normal AwaitingTurn'],
    ],
    [
      'the same wish goes on',
      { ...askingPage, told: [told('refused')] },
      { ...askingPage, phase: 'restarting', told: [told('refused')], restarts: [restart('asked')] },
      ['Normal RestartingNode'],
    ],
    ['lacks a peer', settledPage, lacks(179), []],
    ['lacks it for long', lacks(179), lacks(180), ['Warning PeersNotConnected']],
    ['goes on lacking it', lacks(180), lacks(200), []],
    ['lacks it no more', lacks(200), settledPage, []],
    ['no supervisor, as at each start', settledPage, absentFor(59), []],
    ['no supervisor for long', absentFor(59), absentFor(60), ['Warning RestartHeld']],
    ['still none', absentFor(60), absentFor(90), []],
    ['the kubelet is slow, as at each edit', settledPage, waits('waiting-for-kubelet', after(59)), []],
    [
      'the kubelet brings nothing',
      waits('waiting-for-kubelet', after(59)),
      waits('waiting-for-kubelet', after(60)),
      ['Warning RestartHeld'],
    ],
    ['no process, as at each start', settledPage, waits('process-not-found', after(59)), []],
    [
      'no process for long',
      waits('process-not-found', after(59)),
      waits('process-not-found', after(60)),
      ['Warning RestartHeld'],
    ],
    ['names fail', settledPage, waits('lookups-fail', after(179)), []],
    [
      'names fail for long',
      waits('lookups-fail', after(179)),
      waits('lookups-fail', after(180)),
      ['Warning RestartHeld'],
    ],
    ['settled by itself', waits('settling'), { ...settledPage, applied: Y }, ['Normal PeersSettled']],
    ['settled on another snapshot at once', settledPage, { ...settledPage, applied: Y }, ['Normal PeersSettled']],
    ['back to the same', waits('settling'), settledPage, []],
    ['settled for the first time', { ...settledPage, phase: 'starting', applied: null }, settledPage, []],
    ['a reason that passes', settledPage, waits('settling'), []],
    ['a reason for a person', settledPage, waits('needs-rollout'), ['Warning RestartHeld']],
    ['another reason for a person', waits('needs-rollout'), waits('list-malformed'), ['Warning RestartHeld']],
    ['gave up', waits('settling'), waits('breaker-open'), ['Warning RestartGivenUp']],
    [
      'a reason while it restarts',
      { ...askingPage, phase: 'restarting' },
      { ...askingPage, phase: 'restarting', reason: 'kubelet-back-off' },
      [],
    ],
  ]
  for (const [what, before, after, events] of rows) t.same(between(before, after), events, what)
})

t.test('messages say what and why', async t => {
  const message = (before: SeenPage, after: SeenPage) => eventsBetween(before, after)[0]?.message
  t.equal(
    message(settledPage, waits('unreachable', { detail: 'node2:26656' })),
    `unreachable: ${holdReasons.unreachable} (node2:26656)`,
  )
  t.equal(message(settledPage, waits('unreachable')), `unreachable: ${holdReasons.unreachable}`)
  t.equal(message(lacks(1), lacks(300)), 'connected to 1 of 2 peers: not connected to node2')
  t.equal(message(absentFor(1), absentFor(300)), `supervisor-absent: ${holdReasons['supervisor-absent']}`)
  t.equal(
    message(askingPage, { ...settledPage, restarts: [restart('verified')] }),
    'restarted the node at level process, in place: node2: not connected at its present address; it is back, and connected to all that answer',
  )
})
