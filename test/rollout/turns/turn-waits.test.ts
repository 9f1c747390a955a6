// Why there is no turn, named: each cause, in the order in which it counts.
import t from 'tap'
import type { SeenPage } from '../../../rollout/pages/seen-page.ts'
import type { Member } from '../../../rollout/turns/members.ts'
import { pace, turnTimes } from '../../../rollout/turns/turns.ts'
import { readyMember } from '../fixtures/member.ts'
import { askingPage, hash, settledPage, start } from '../fixtures/rollout-parts.ts'

const X = askingPage.wanted ?? ''
function member(name: string, page: SeenPage | undefined, over: Partial<Member> = {}): Member {
  return {
    key: `a/${name}`,
    ...readyMember,
    blind: 'b1:0',
    ...(page ? { seen: { page, at: start - 500 } } : {}),
    ...over,
  }
}
const asks = (name: string, over: Partial<Member> = {}) => member(name, askingPage, over)
const idle = (name: string, over: Partial<Member> = {}) => member(name, settledPage, over)
const holds = (name: string, over: Partial<Member> = {}) =>
  asks(name, { turn: X, turnGrantedAt: start - 2000, ...over })
const vote = (votingPower: number) => ({ node: { seenBy: 'net_info', votingPower, totalPower: 40 } })
const failed: SeenPage = {
  ...settledPage,
  phase: 'waiting',
  reason: 'already-restarted',
  detail: 'not connected: node3',
  restarts: [
    {
      at: '2025-12-31T23:59:00.000Z',
      snapshot: hash('s', '9'),
      level: 'process',
      why: 'x',
      outcome: 'unverified',
      endedAt: '2025-12-31T23:59:30.000Z',
    },
  ],
}

function waits(...members: Member[]): string[] {
  return pace(members, start, turnTimes).waits.map(({ key, cause, why }) => `${key.slice(2)} ${cause}: ${why}`)
}

t.test('each cause', async t => {
  const stopper = member('s', failed, { turn: `spent ${hash('s', '9')}`, turnGrantedAt: start - 70_000 })
  const rows: [what: string, members: Member[], says: string[]][] = [
    ['nobody asks', [idle('x')], []],
    ['who is granted a turn does not wait', [asks('x'), idle('y')], []],
    ['nor who has one', [holds('x')], []],
    ['another goes first', [asks('x'), asks('y')], ['y others: x goes first']],
    ['with a turn', [holds('x'), asks('y')], ['y others: x goes first']],
    [
      'two of them',
      [holds('x'), holds('y'), asks('z', { maxUnavailable: '2' })].map(member => ({ ...member, maxUnavailable: '2' })),
      ['z others: x, y go first'],
    ],
    [
      'more than two',
      [holds('w'), holds('x'), holds('y'), asks('z')].map(member => ({ ...member, maxUnavailable: '3' })),
      ['z others: w, x and 1 more go first'],
    ],
    [
      'somebody is away by itself',
      [idle('x', { ready: false }), asks('y')],
      ['y others: x is not Ready, and repeer.dev/max-unavailable is 1'],
    ],
    [
      'its pod is paused',
      [asks('x', { paused: true, pausedBy: 'pod' })],
      ['x paused: the pod is paused by its annotation repeer.dev/pause'],
    ],
    [
      'its namespace is paused',
      [asks('x', { paused: true, pausedBy: 'namespace' })],
      ['x paused: namespace a is paused by its annotation or label repeer.dev/pause'],
    ],
    [
      'the group is stopped',
      [stopper, asks('y')],
      ['y stopped: the group is stopped by s: restarted at 2025-12-31T23:59:00.000Z, and not connected: node3'],
    ],
    [
      'a pause outranks that',
      [stopper, asks('y', { paused: true, pausedBy: 'namespace' })],
      ['y paused: namespace a is paused by its annotation or label repeer.dev/pause'],
    ],
    [
      'a page that nobody has read',
      [member('x', undefined), asks('y')],
      ['y unread: the status page of x has not been read yet'],
    ],
    [
      'its list goes on changing',
      [asks('x', { changing: true })],
      ['x changing: its list or its addresses have changed a moment ago, and may go on to'],
    ],
    [
      'validators go last',
      [
        asks('a', { validator: true, seen: { page: { ...askingPage, since: '2020-01-01T00:00:00.000Z' }, at: start } }),
        asks('x'),
        asks('y'),
      ].map(member => ({ ...member, maxUnavailable: '3' })),
      ['a validators-last: validators go last: others of the group restart, or ask to'],
    ],
    [
      'a third of the power',
      [
        idle('x', { ready: false, validator: true, seen: { page: { ...settledPage, ...vote(10) }, at: start } }),
        asks('y', { validator: true, seen: { page: { ...askingPage, ...vote(10) }, at: start } }),
      ].map(member => ({ ...member, maxUnavailable: '2' })),
      [
        'y voting-power: less than a third of the voting power may be away, and where it is not known one validator: x is',
      ],
    ],
    [
      'a turn that was taken back',
      [asks('x', { turn: `withdrawn ${hash('s', '7')}`, turnGrantedAt: start - 60_000 })],
      [
        'x turn-taken-back: in a moment: its page is read anew, or a turn that it had before has not gone from its files yet',
      ],
    ],
  ]
  for (const [what, members, says] of rows) t.strictSame(waits(...members), says, what)
})

t.test('the next waits for a node that is back, and not yet as before', async t => {
  const iso = (seconds: number) => new Date(start + seconds * 1000).toISOString()
  const back = (connected: number, sinceSeconds: number): Member => {
    const restart = { at: iso(-20), snapshot: hash('s', '9'), level: 'process', why: 'x', outcome: 'verified' } as const
    const page: SeenPage = {
      ...settledPage,
      connected,
      lookedAt: iso(-0.5),
      restarts: [{ ...restart, endedAt: iso(-sinceSeconds), connectedBefore: 4 }],
    }
    return member('x', page, { turn: `spent ${hash('s', '9')}`, turnGrantedAt: start - 25_000, settleSeconds: 5 })
  }
  const granted = (...members: Member[]) => pace(members, start, turnTimes).grants.map(grant => grant.key)
  t.strictSame(granted(back(1, 1), asks('y')), [])
  t.strictSame(waits(back(1, 1), asks('y')), ['y others: x goes first'])
  t.strictSame(granted(back(4, 1), asks('y')), ['a/y'], 'connected as before')
  t.strictSame(granted(back(1, 4.99), asks('y')), [], 'within settle-seconds')
  t.strictSame(granted(back(1, 5), asks('y')), ['a/y'], 'and no longer')
})
