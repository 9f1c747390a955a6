// Who may restart now, row by row: a group of pods, and what is granted and taken back.
import fc from 'fast-check'
import t from 'tap'
import type { RestartOutcome } from '../../../peers/page.ts'
import { liveTurn } from '../../../peers/turn.ts'
import type { SeenPage } from '../../../rollout/pages/seen-page.ts'
import type { Member } from '../../../rollout/turns/members.ts'
import { allowedOf, pace, turnTimes } from '../../../rollout/turns/turns.ts'
import { examplePage } from '../../peers/fixtures/page.ts'
import { readyMember } from '../fixtures/member.ts'

const now = Date.UTC(2026, 0, 1, 12)
const hash = (digit: string) => `s1:${digit.repeat(32)}`
const X = hash('1')
const Y = hash('2')
const blind = `b1:${'b'.repeat(32)}`
const iso = (seconds: number) => new Date(now + seconds * 1000).toISOString()

const { peers: _peers, lookups: _lookups, lacking: _lacking, turn: _turn, reason: _reason, ...bare } = examplePage
const settled: SeenPage = {
  ...bare,
  phase: 'settled',
  since: iso(-600),
  node: { seenBy: 'net_info' },
  restarts: [],
  told: [],
}
const waits = (over: Partial<SeenPage> = {}): SeenPage => ({
  ...settled,
  phase: 'waiting',
  reason: 'awaiting-turn',
  wanted: X,
  since: iso(-60),
  ...over,
})
const done = (snapshot: string, outcome: RestartOutcome = 'verified') =>
  ({ at: iso(-30), snapshot, level: 'process', why: 'a peer moved', outcome }) as const
const power = (votingPower: number, totalPower = 100) => ({ seenBy: 'net_info', votingPower, totalPower })

/** A page that says nothing else was written when it was read. */
function lookedAt(page: SeenPage, at: number): SeenPage {
  return page.lookedAt === bare.lookedAt ? { ...page, lookedAt: new Date(at).toISOString() } : page
}

function member(key: string, page: SeenPage = settled, over: Partial<Member> & { age?: number } = {}): Member {
  const { age = 1, ...rest } = over
  return {
    key,
    ...readyMember,
    blind,
    seen: { page: lookedAt(page, now - age * 1000), at: now - age * 1000 },
    ...rest,
  }
}
function unasked(key: string, over: Partial<Member> = {}): Member {
  const { seen: _, ...rest } = member(key, settled, over)
  return rest
}
const asks = (key: string, over: Parameters<typeof member>[2] = {}, page: Partial<SeenPage> = {}) =>
  member(key, waits(page), over)
const unreachable = (key: string, over: Partial<Member> = {}) =>
  member(key, settled, { seen: { unreachable: 'timed out', since: now - 60_000 }, ...over })
/** Holds a turn for X since 5 s, and its page shows it. */
const holds = (key: string, over: Parameters<typeof member>[2] = {}, page: Partial<SeenPage> = {}) =>
  asks(key, { turn: X, turnGrantedAt: now - 5000, ...over }, { turn: X, ...page })

const paced = (members: readonly Member[]) => pace(members, now, turnTimes)
const granted = (members: readonly Member[]) =>
  paced(members).grants.map(grant => `${grant.key} ${grant.turn.slice(0, 4)}`)
const retired = (members: readonly Member[]) =>
  paced(members).retire.map(retirement => `${retirement.key} ${retirement.turn.replace(/(.1):(.).*/, '$1:$2')}`)
const away = (member: Member) => paced([member]).groups[0]?.away.length === 1

t.test('max-unavailable', async t => {
  const rows: [text: string, size: number, allowed: number][] = [
    ['1', 5, 1],
    ['3', 2, 3],
    ['34%', 3, 1],
    ['34%', 2, 1],
    ['1%', 7, 1],
    ['50%', 7, 3],
    ['67%', 3, 2],
    ['100%', 4, 4],
    ['nonsense', 4, 1],
    ['at 3', 4, 1],
    ['3 of them', 4, 1],
  ]
  for (const [text, size, allowed] of rows) t.equal(allowedOf(text, size), allowed, `${text} of ${size}`)
})

t.test('which turn a sidecar may still use', async t => {
  t.same([undefined, '', X, `spent ${X}`, `withdrawn ${X}`].map(liveTurn), [
    undefined,
    undefined,
    X,
    undefined,
    undefined,
  ])
})

t.test('who gets a turn', async t => {
  const rows: [what: string, members: readonly Member[], grants: readonly string[]][] = [
    ['nobody asks', [member('a'), member('b')], []],
    ['one asks', [asks('a'), member('b')], ['a s1:1']],
    ['two ask, one may', [asks('a'), asks('b')], ['a s1:1']],
    [
      'two ask, two may',
      [asks('a', { maxUnavailable: '2' }), asks('b', { maxUnavailable: '2' })],
      ['a s1:1', 'b s1:1'],
    ],
    [
      'the smallest that any states counts',
      [
        asks('a', { maxUnavailable: '3' }),
        asks('b', { maxUnavailable: '1' }),
        member('c', settled, { maxUnavailable: '2' }),
      ],
      ['a s1:1'],
    ],
    [
      'a percentage of all members',
      [
        asks('a', { maxUnavailable: '50%' }),
        asks('b', { maxUnavailable: '50%' }),
        asks('c', { maxUnavailable: '50%' }),
        member('d', settled, { maxUnavailable: '50%' }),
      ],
      ['a s1:1', 'b s1:1'],
    ],
    ['groups do not wait for each other', [asks('a'), asks('b', { group: 'a/other' })], ['a s1:1', 'b s1:1']],
    [
      'who has waited longest comes first',
      [asks('a', {}, { since: iso(-10) }), asks('b', {}, { since: iso(-20) })],
      ['b s1:1'],
    ],
    ['another reason than a turn', [asks('a', {}, { reason: 'min-interval' })], []],
    ['another phase', [asks('a', {}, { phase: 'telling' })], []],
    ['a list that is bad now', [asks('a', {}, { wanted: null })], []],
    ['paused', [asks('a', { paused: true }), asks('b')], ['b s1:1']],
    ['being deleted', [asks('a', { deleting: true })], []],
    ['what it should be told is changing', [asks('a', { changing: true }), asks('b')], ['b s1:1']],
    ['a page of 10 s ago', [asks('a', { age: 10 })], ['a s1:1']],
    ['a page of more', [asks('a', { age: 10.1 }), member('b')], []],
    ['not Ready: away already, it costs nobody anything', [asks('a', { ready: false }), asks('b')], ['a s1:1']],
    ['not Ready beside one that has a turn: one at a time', [asks('a', { ready: false }), holds('b')], []],
    ['two that are not Ready, one may', [asks('a', { ready: false }), asks('b', { ready: false })], ['a s1:1']],
    ['another is not Ready', [asks('a'), member('b', settled, { ready: false })], []],
    ['another is being deleted', [asks('a'), member('b', settled, { deleting: true })], []],
    ['another restarts', [asks('a'), member('b', { ...settled, phase: 'restarting' })], []],
    ['another is verified', [asks('a'), member('b', { ...settled, phase: 'verifying' })], []],
    ['another has a turn', [asks('a'), holds('b')], []],
    [
      'another has a turn in its files that was taken back',
      [asks('a'), asks('b', { turn: `withdrawn ${X}`, turnGrantedAt: now - 60_000 }, { turn: X, since: iso(-90) })],
      [],
    ],
    [
      'its last one was taken back, which its page does not show yet',
      [asks('a'), asks('b', { turn: `withdrawn ${X}` }, { since: iso(-90) })],
      [],
    ],
    [
      'a turn was taken back from another whose page does not show it yet',
      [asks('a'), member('b', settled, { turn: `withdrawn ${X}` })],
      [],
    ],
    [
      'its page shows that it is taken back',
      [asks('a'), asks('b', { turn: `withdrawn ${X}` }, { turn: `withdrawn ${X}` })],
      ['a s1:1'],
    ],
    [
      'another has used its turn',
      [asks('a'), member('b', { ...settled, turn: X, restarts: [done(X)] }, { turn: X, turnGrantedAt: now - 30_000 })],
      ['a s1:1'],
    ],
    ['the turn for something else has to be out of its hands first', [asks('a', {}, { turn: Y })], []],
    ['a spent one does not count', [asks('a', { turn: `spent ${Y}` }, { turn: `spent ${Y}` })], ['a s1:1']],
    [
      'it was restarted for the same snapshot before another',
      [asks('a', { turn: `spent ${Y}` }, { restarts: [done(X), done(Y)] })],
      ['a s1:1'],
    ],
    ['the page of another has never been asked', [asks('a'), unasked('b')], []],
    [
      'a pod that is not Ready may have no page',
      [asks('a', { maxUnavailable: '2' }), unasked('b', { ready: false, maxUnavailable: '2' })],
      ['a s1:1'],
    ],
  ]
  for (const [what, members, grants] of rows) t.same(granted(members), grants, what)
})

t.test('validators last', async t => {
  const v = { validator: true } as const
  const two = { maxUnavailable: '2' } as const
  const rows: [what: string, members: readonly Member[], grants: readonly string[]][] = [
    ['another asks', [asks('a', { ...v, ...two }, { since: iso(-900) }), asks('b', two)], ['b s1:1']],
    ['another has a turn', [asks('a', { ...v, ...two }), holds('b', two)], []],
    [
      'another is away without one',
      [asks('a', { ...v, ...two }), member('b', settled, { ready: false, ...two })],
      ['a s1:1'],
    ],
    ['another asks, and is paused', [asks('a', { ...v, ...two }), asks('b', { paused: true, ...two })], ['a s1:1']],
    ['only validators', [asks('a', v), asks('b', v)], ['a s1:1']],
    [
      'its power is known, though the plan did not say so',
      [asks('a', two, { node: power(10), since: iso(-900) }), asks('b', two)],
      ['b s1:1'],
    ],
    [
      'it has no power any more',
      [asks('a', { ...v, ...two }, { node: power(0), since: iso(-900) }), asks('b', two)],
      ['a s1:1', 'b s1:1'],
    ],
    [
      'a validator that is not Ready need not wait',
      [asks('a', { ...v, ...two, ready: false }), asks('b', two)],
      ['b s1:1', 'a s1:1'],
    ],
  ]
  for (const [what, members, grants] of rows) t.same([...granted(members)].sort(), [...grants].sort(), what)
})

t.test('less than a third of the voting power', async t => {
  const all = { maxUnavailable: '100%', validator: true } as const
  const validator = (key: string, its: number, over: Partial<Member> = {}) =>
    asks(key, { ...all, ...over }, { node: power(its) })
  const of = (total: number, key: string, its: number) => asks(key, all, { node: power(its, total) })
  const rows: [what: string, members: readonly Member[], grants: readonly string[]][] = [
    ['as many as stay below', ['a', 'b', 'c', 'd'].map(key => validator(key, 16)), ['a s1:1', 'b s1:1']],
    ['a third is too much', [validator('a', 20), validator('b', 14)], ['a s1:1']],
    ['just below', [validator('a', 20), validator('b', 13)], ['a s1:1', 'b s1:1']],
    ['33 of 99 are a third', [of(99, 'a', 16), of(99, 'b', 17)], ['a s1:1']],
    ['32 of 99 are less', [of(99, 'a', 16), of(99, 'b', 16)], ['a s1:1', 'b s1:1']],
    ['2 of 6 are a third', [of(6, 'a', 1), of(6, 'b', 1)], ['a s1:1']],
    ['2 of 7 are less', [of(7, 'a', 1), of(7, 'b', 1)], ['a s1:1', 'b s1:1']],
    ['the first may always go', [validator('a', 60), validator('b', 1)], ['a s1:1']],
    [
      'one that is away counts',
      [validator('a', 20), member('b', { ...settled, node: power(20) }, { ...all, ready: false })],
      [],
    ],
    ['a power that is not known: one at a time', [asks('a', all), asks('b', all), validator('c', 1)], ['a s1:1']],
    [
      'no total: one at a time',
      [
        asks('a', all, { node: { seenBy: 'net_info', votingPower: 1 } }),
        asks('b', all, { node: { seenBy: 'net_info', votingPower: 1 } }),
      ],
      ['a s1:1'],
    ],
    ['a gone validator counts', [validator('a', 1), unasked('b', { ...all, ready: false, deleting: true })], []],
    [
      'not Ready, but they may still sign: not both',
      [validator('a', 20, { ready: false }), validator('b', 20, { ready: false })],
      ['a s1:1'],
    ],
    [
      'not Ready while another is being deleted',
      [validator('a', 20, { ready: false }), validator('b', 20, { deleting: true })],
      [],
    ],
    [
      'a gone sentry does not',
      [validator('a', 1), unasked('b', { ...all, validator: false, ready: false, deleting: true })],
      ['a s1:1'],
    ],
    ['a node without power does not', [validator('a', 20), validator('b', 0), validator('c', 20)], ['b s1:1']],
  ]
  for (const [what, members, grants] of rows) t.same(granted(members), grants, what)
})

t.test('a pod that fails to come back stops its group', async t => {
  const late = now - 301_000
  const unverified = (key: string, over: Partial<Member> = {}, page: Partial<SeenPage> = {}) =>
    member(
      key,
      { ...settled, phase: 'waiting', reason: 'already-restarted', restarts: [done(X, 'unverified')], ...page },
      { turn: `spent ${X}`, turnGrantedAt: now - 90_000, ...over },
    )
  const rows: [what: string, failing: Member, why: RegExp | undefined][] = [
    ['not connected', unverified('a'), /^restarted at .*, and not connected/],
    ['its turn not yet spent', unverified('a', { turn: X }), /not connected/],
    ['connected after all', unverified('a', {}, { phase: 'settled' }), undefined],
    ['overtaken', unverified('a', {}, { restarts: [done(X, 'overtaken')], reason: 'settling' }), undefined],
    ['verified after all', unverified('a', {}, { restarts: [done(X)] }), undefined],
    ['its turn was another', unverified('a', { turn: `spent ${Y}` }), undefined],
    ['taken back unused', unverified('a', { turn: `withdrawn ${X}` }), undefined],
    [
      'not by a turn (turns: self)',
      unverified('a', { turn: undefined as never, turnGrantedAt: undefined as never }),
      undefined,
    ],
    [
      'restarting for too long',
      holds('a', { turnGrantedAt: late }, { phase: 'verifying', restarts: [done(X, 'asked')] }),
      /^restarting since/,
    ],
    ['restarting', holds('a', {}, { phase: 'verifying', restarts: [done(X, 'asked')] }), undefined],
    [
      'its turn was used when the snapshot was another already',
      unverified('a', {}, { restarts: [{ ...done(Y, 'unverified'), turn: X }] }),
      /^restarted at /,
    ],
    [
      'not Ready since',
      member('a', settled, { turn: `spent ${X}`, turnGrantedAt: late, ready: false, unreadySince: late + 1000 }),
      /^not Ready since/,
    ],
    [
      'not Ready, and nobody reads its page',
      unreachable('a', { turn: `spent ${blind}`, turnGrantedAt: late, ready: false, unreadySince: late + 1000 }),
      /^not Ready/,
    ],
    [
      'not Ready, with time left',
      member('a', settled, {
        turn: `spent ${X}`,
        turnGrantedAt: now - 200_000,
        ready: false,
        unreadySince: now - 199_000,
      }),
      undefined,
    ],
    [
      'not Ready, since yesterday',
      member('a', settled, {
        turn: `spent ${X}`,
        turnGrantedAt: now - 172_800_000,
        ready: false,
        unreadySince: now - 86_400_000,
      }),
      undefined,
    ],
    [
      'not Ready before its turn',
      member('a', settled, { turn: `spent ${X}`, turnGrantedAt: late, ready: false, unreadySince: late - 5000 }),
      undefined,
    ],
    [
      'being deleted',
      member('a', settled, {
        turn: `spent ${X}`,
        turnGrantedAt: late,
        ready: false,
        deleting: true,
        unreadySince: late + 1000,
      }),
      undefined,
    ],
  ]
  for (const [what, failing, why] of rows) {
    const wide = { maxUnavailable: '3' }
    const { grants, groups } = paced([{ ...failing, ...wide }, asks('b', wide), asks('c', { group: 'a/other' })])
    const stopped = groups.find(state => state.group === 'a/chain')?.stopped ?? []
    t.match(stopped, why ? [{ key: 'a', why }] : [], what)
    t.equal(stopped.length, why ? 1 : 0, what)
    t.same(
      grants.map(grant => grant.key),
      why ? ['c'] : ['b', 'c'],
      `${what}: the others`,
    )
  }
  const mended = unverified('a', {}, { reason: 'awaiting-turn', wanted: Y })
  t.same(granted([mended, asks('b')]), ['a s1:2'], 'it may be what has to be mended')
  t.same(granted([{ ...mended, ready: false }, asks('b')]), ['a s1:2'])
  t.same(granted([mended, member('b', settled, { ready: false })]), ['a s1:2'], 'it counts as away itself')
  t.same(
    granted([unverified('a', { maxUnavailable: '3' }), asks('b', { maxUnavailable: '3', ready: false })]),
    [],
    'nobody else, away or not',
  )
})

t.test('what made a pod not Ready was its restart, or not: the API rounds its times down to seconds', async t => {
  const grantedAt = now - 301_000
  const rows: [what: string, unreadySince: number, isStopped: boolean][] = [
    ['two seconds before the turn', grantedAt - 2000, false],
    ['less than two seconds before', grantedAt - 1999, true],
    ['nearly five minutes after', grantedAt + 299_999, true],
    ['five minutes after', grantedAt + 300_000, false],
  ]
  for (const [what, unreadySince, isStopped] of rows) {
    const pod = member('a', settled, { turn: `spent ${X}`, turnGrantedAt: grantedAt, ready: false, unreadySince })
    t.equal(paced([pod]).groups[0]?.stopped.length, isStopped ? 1 : 0, what)
  }
})

t.test('a page that cannot be read', async t => {
  const at = (seconds: number) => now - seconds * 1000
  const rows: [what: string, members: readonly Member[], grants: readonly string[], retire: readonly string[]][] = [
    ['a turn for the state of its annotations', [unreachable('a')], ['a b1:b'], []],
    ['one at a time', [unreachable('a'), unreachable('b')], ['a b1:b'], []],
    ['those that ask come first', [unreachable('a'), asks('b')], ['b s1:1'], []],
    ['not while it is not Ready', [unreachable('a', { ready: false })], [], []],
    ['not while it is changing', [unreachable('a', { changing: true })], [], []],
    ['not while it is paused', [unreachable('a', { paused: true })], [], []],
    ['it has its time', [unreachable('a', { turn: blind, turnGrantedAt: at(180) }), asks('b')], [], []],
    ['then it is over', [unreachable('a', { turn: blind, turnGrantedAt: at(181) }), asks('b')], [], ['a spent b1:b']],
    [
      'but its files may be old',
      [unreachable('a', { turn: `spent ${blind}`, turnGrantedAt: at(189) }), asks('b')],
      [],
      [],
    ],
    ['and then not', [unreachable('a', { turn: `spent ${blind}`, turnGrantedAt: at(190) }), asks('b')], ['b s1:1'], []],
    [
      'once for each state of its annotations',
      [unreachable('a', { turn: `spent ${blind}`, turnGrantedAt: at(1799) })],
      [],
      [],
    ],
    [
      'and again after half an hour',
      [unreachable('a', { turn: `spent ${blind}`, turnGrantedAt: at(1800) })],
      ['a b1:b'],
      [],
    ],
    [
      'another state',
      [unreachable('a', { turn: `spent b1:${'c'.repeat(32)}`, turnGrantedAt: at(200) })],
      ['a b1:b'],
      [],
    ],
    [
      'a pause takes it back',
      [unreachable('a', { turn: blind, turnGrantedAt: at(20), paused: true })],
      [],
      ['a withdrawn b1:b'],
    ],
    [
      'after which it may have it again',
      [unreachable('a', { turn: `withdrawn ${blind}`, turnGrantedAt: at(200) })],
      ['a b1:b'],
      [],
    ],
    ['it could be read when it got its turn', [unreachable('a', { turn: X, turnGrantedAt: at(100) })], [], []],
    [
      'readable again: the turn is useless, and taken back',
      [asks('a', { turn: blind, turnGrantedAt: at(20) }, { turn: blind })],
      [],
      ['a withdrawn b1:b'],
    ],
    [
      'readable again, and under way',
      [holds('a', { turn: blind, turnGrantedAt: at(20) }, { turn: blind, phase: 'verifying' })],
      [],
      [],
    ],
  ]
  for (const [what, members, grants, retire] of rows) {
    t.same(granted(members), grants, what)
    t.same(retired(members), retire, what)
  }
})

t.test('turns that are taken back', async t => {
  const at = (seconds: number) => now - seconds * 1000
  const rows: [what: string, one: Member, retire: readonly string[]][] = [
    ['just granted', asks('a', { turn: X, turnGrantedAt: at(1) }), []],
    ['shown, and about to be used', holds('a'), []],
    [
      'used',
      member('a', { ...settled, turn: X, restarts: [done(X)] }, { turn: X, turnGrantedAt: at(20) }),
      ['a spent s1:1'],
    ],
    [
      'used, in vain',
      member('a', { ...settled, turn: X, restarts: [done(X, 'unverified')] }, { turn: X, turnGrantedAt: at(20) }),
      ['a spent s1:1'],
    ],
    [
      'used, and overtaken',
      holds('a', {}, { reason: 'settling', wanted: Y, restarts: [done(X, 'overtaken')] }),
      ['a spent s1:1'],
    ],
    ['under way', holds('a', { turnGrantedAt: at(200) }, { phase: 'restarting', restarts: [done(X, 'asked')] }), []],
    ['not taken: it may be asked for again', holds('a', {}, { restarts: [done(X, 'not-taken')] }), []],
    ['used long ago, before another', holds('a', {}, { restarts: [done(X), done(Y)] }), []],
    [
      'used when the snapshot was another already',
      holds('a', {}, { restarts: [{ ...done(Y), turn: X }] }),
      ['a spent s1:1'],
    ],
    ['another was used when the snapshot was this', holds('a', {}, { restarts: [{ ...done(X), turn: Y }] }), []],
    [
      'used, and then another was not taken',
      holds('a', {}, { restarts: [done(X), done(Y, 'not-taken')] }),
      ['a spent s1:1'],
    ],
    ['it wants something else by now', holds('a', {}, { wanted: Y }), ['a withdrawn s1:1']],
    ['it may not have seen the turn yet', asks('a', { turn: X, turnGrantedAt: at(5) }, { wanted: Y }), []],
    ['paused', holds('a', { paused: true }), ['a withdrawn s1:1']],
    ['paused, but under way', holds('a', { paused: true }, { phase: 'restarting' }), []],
    ['not used for half a minute', asks('a', { turn: X, turnGrantedAt: at(31.1) }), ['a withdrawn s1:1']],
    ['the page is older than that', asks('a', { turn: X, turnGrantedAt: at(31.1), age: 5 }), []],
    [
      'used before, and wanted again by a process that has started by itself',
      holds('a', {}, { restarts: [{ ...done(X), at: iso(-90) }] }),
      [],
    ],
    ['nothing is known of it', unasked('a', { turn: X, turnGrantedAt: at(500) }), []],
    ['taken back already', asks('a', { turn: `withdrawn ${X}`, turnGrantedAt: at(500) }), []],
  ]
  for (const [what, member, retire] of rows) t.same(retired([member]), retire, what)
})

t.test('who is away', async t => {
  const rows: [what: string, one: Member, away: boolean][] = [
    ['settled', member('a'), false],
    ['waiting', asks('a'), false],
    ['not Ready', member('a', settled, { ready: false }), true],
    ['deleted', member('a', settled, { deleting: true }), true],
    ['restarting', member('a', { ...settled, phase: 'restarting' }), true],
    ['telling', member('a', { ...settled, phase: 'telling' }), false],
    ['a turn that was just written', asks('a', { turn: X, turnGrantedAt: now }), true],
    ['a turn in its files only', asks('a', {}, { turn: X }), true],
    ['a turn that is used', member('a', { ...settled, turn: X, restarts: [done(X)] }, { turn: X }), false],
    ['used for another time', asks('a', { turn: X }, { turn: X, restarts: [done(X), done(Y)] }), true],
    ['spent', asks('a', { turn: `spent ${X}` }, { turn: X, restarts: [done(X)] }), false],
    ['withdrawn, as its page says', asks('a', { turn: `withdrawn ${X}` }, { turn: `withdrawn ${X}` }), false],
    ['withdrawn, which its page does not say yet', asks('a', { turn: `withdrawn ${X}` }), true],
    ['unknown, with a turn', unasked('a', { turn: X }), true],
    ['unknown', unasked('a'), false],
  ]
  for (const [what, member, is] of rows) t.equal(away({ ...member, changing: true }), is, what)
})

t.test('who gets a turn: at the bounds, and where only one thing speaks against it', async t => {
  const two = { maxUnavailable: '2' } as const
  const voter = (key: string, its: number, of: number, over: Partial<Member> = {}) =>
    asks(key, { maxUnavailable: '100%', validator: true, ...over }, { node: power(its, of) })
  const back = (over: Partial<Member> & { age?: number } = {}, page: Partial<SeenPage> = {}) =>
    member(
      'b',
      {
        ...settled,
        connected: 2,
        lookedAt: iso(0),
        restarts: [{ ...done(X), endedAt: iso(-10), connectedBefore: 4 }],
        ...page,
      },
      { settleSeconds: 60, ...over },
    )
  const rows: [what: string, members: readonly Member[], grants: readonly string[]][] = [
    ['33 of 99 are a third of the voting power', [voter('a', 20, 99), voter('b', 13, 99)], ['a s1:1']],
    ['32 are less', [voter('a', 20, 99), voter('b', 12, 99)], ['a s1:1', 'b s1:1']],
    ['2 of 6 are a third', [voter('a', 1, 6), voter('b', 1, 6)], ['a s1:1']],
    ['2 of 7 are less', [voter('a', 1, 7), voter('b', 1, 7)], ['a s1:1', 'b s1:1']],
    [
      'a page that tells no total does not matter',
      [voter('a', 20, 100), voter('b', 13, 100), member('c', settled, { maxUnavailable: '100%' })],
      ['a s1:1', 'b s1:1'],
    ],
    [
      'another validator has a turn, and no other node asks',
      [voter('a', 10, 100), holds('b', { validator: true, maxUnavailable: '100%' }, { node: power(10) })],
      ['a s1:1'],
    ],
    ['another has a turn that its page does not show', [voter('a', 10, 100, two), asks('b', { turn: X, ...two })], []],
    [
      'another has a turn that only its page shows',
      [voter('a', 10, 100, two), member('b', { ...settled, turn: X }, two)],
      [],
    ],
    [
      'one is away, one goes: that is two',
      [asks('a', two), asks('b', two), member('c', settled, { ready: false, ...two })],
      ['a s1:1'],
    ],
    ['it has its turn already', [asks('a', { turn: X, turnGrantedAt: now - 1000 })], []],
    [
      'its page shows that its own was taken back',
      [asks('a', { turn: `withdrawn ${X}` }, { turn: `withdrawn ${X}` })],
      ['a s1:1'],
    ],
    [
      'not Ready beside one that is being deleted',
      [asks('a', { ready: false }), member('b', settled, { deleting: true })],
      ['a s1:1'],
    ],
    ['and that had a turn', [asks('a', { ready: false }), holds('b', { deleting: true })], ['a s1:1']],
    [
      'it may still use a turn that was taken back, as nobody reads its page: that keeps only others from going',
      [unreachable('a', { turn: `spent b1:${'c'.repeat(32)}`, turnGrantedAt: now - 185_000 })],
      ['a b1:b'],
    ],
    [
      'its time is over, but the turn not spent yet',
      [unreachable('b', { turn: blind, turnGrantedAt: now - 200_000 }), asks('a')],
      [],
    ],
    ['a time without a turn', [unreachable('b', { turnGrantedAt: now - 5000 }), asks('a')], ['a s1:1']],
    ['another is back with fewer connections', [asks('a'), back()], []],
    ['for as long as its settle time', [asks('a'), back({ settleSeconds: 10 })], ['a s1:1']],
    ['which goes on while its page is not read', [asks('a'), back({ age: 51 })], ['a s1:1']],
    ['a settle time that is not known', [asks('a'), back({ settleSeconds: undefined as never })], ['a s1:1']],
    [
      'one that is not back as before may restart itself',
      [
        {
          ...asks(
            'a',
            {},
            { connected: 2, lookedAt: iso(0), restarts: [{ ...done(Y), endedAt: iso(-10), connectedBefore: 4 }] },
          ),
          settleSeconds: 60,
        },
      ],
      ['a s1:1'],
    ],
  ]
  for (const [what, members, grants] of rows) t.same(granted(members), grants, what)
  t.same(paced([asks('a'), asks('b'), member('c')]).groups[0]?.asking, ['a', 'b'])
  t.equal(liveTurn(`${X} spent `), `${X} spent `, 'a word within is no verdict')
})

t.test('taken back: at the bounds', async t => {
  const rows: [what: string, seen: Member, retire: readonly string[]][] = [
    ['unused for 30 s', asks('a', { turn: X, turnGrantedAt: now - 31_000 }), []],
    ['and a bit', asks('a', { turn: X, turnGrantedAt: now - 31_001 }), ['a withdrawn s1:1']],
    [
      'a restart a minute before the turn, by another clock',
      holds('a', {}, { restarts: [{ ...done(X), at: iso(-65) }] }),
      [],
    ],
    ['less than that', holds('a', {}, { restarts: [{ ...done(X), at: iso(-64.999) }] }), ['a spent s1:1']],
    [
      'a page that can be read again asks by itself',
      holds('a', { turn: blind }, { turn: blind, wanted: X }),
      ['a withdrawn b1:b'],
    ],
    [
      'and may use the turn once nothing else keeps it',
      holds('a', { turn: blind }, { turn: blind, reason: 'min-interval' }),
      [],
    ],
    [
      'not read for longer than it may have its turn',
      unreachable('a', { turn: blind, turnGrantedAt: now - 200_000 }),
      ['a spent b1:b'],
    ],
  ]
  for (const [what, seen, retire] of rows) t.same(retired([seen]), retire, what)
})

t.test('what counts as a failure to come back: at the bounds', async t => {
  const late = now - 301_000
  const unready = (since: number, over: Partial<Member> = {}) =>
    member('a', settled, { turn: `spent ${X}`, turnGrantedAt: late, ready: false, unreadySince: since, ...over })
  const unverified = (page: Partial<SeenPage>, over: Partial<Member> = {}) =>
    member(
      'a',
      { ...settled, phase: 'waiting', reason: 'already-restarted', restarts: [done(X, 'unverified')], ...page },
      { turn: `spent ${X}`, turnGrantedAt: now - 90_000, ...over },
    )
  const restarting = (page: Partial<SeenPage>, since = late) =>
    holds('a', { turnGrantedAt: since }, { restarts: [done(X, 'asked')], ...page })
  const unconnected = `restarted at ${iso(-30)}, and not connected to what it was restarted for`
  const rows: [what: string, failing: Member, why: string | undefined][] = [
    ["not Ready 2 s before: the API's times are whole seconds", unready(late - 2000), undefined],
    [
      'not Ready just less before',
      unready(late - 1999),
      `not Ready since it was restarted at ${new Date(late).toISOString()}`,
    ],
    ['not Ready after 5 minutes', unready(late + 300_000), undefined],
    [
      'not Ready just before that',
      unready(late + 299_999),
      `not Ready since it was restarted at ${new Date(late).toISOString()}`,
    ],
    [
      'nobody has said since when',
      unasked('a', { turn: `spent ${X}`, turnGrantedAt: late, ready: false }),
      `not Ready since it was restarted at ${new Date(late).toISOString()}`,
    ],
    [
      'a time without a turn',
      unreachable('a', { turnGrantedAt: late, ready: false, unreadySince: late + 1000 }),
      undefined,
    ],
    ['a turn without a time', unverified({}, { turnGrantedAt: undefined as never, unreadySince: late }), undefined],
    ['restarting for 5 minutes', restarting({ phase: 'verifying' }, now - 300_000), undefined],
    ['for longer', restarting({ phase: 'verifying' }, now - 300_001), `restarting since ${iso(-60)}`],
    ['not yet started', restarting({ phase: 'restarting' }), `restarting since ${iso(-60)}`],
    ['for something else', restarting({ phase: 'restarting', restarts: [done(Y, 'asked')] }), undefined],
    ['never restarted', restarting({ phase: 'restarting', restarts: [] }), undefined],
    ['it waits again', restarting({ phase: 'waiting' }), undefined],
    [
      'to whom',
      unverified({ detail: 'not connected: b:26656' }),
      `restarted at ${iso(-30)}, and not connected: b:26656`,
    ],
    ['another detail', unverified({ detail: 'b:26656 not connected: ' }), unconnected],
    ['no detail', unverified({ detail: undefined as never }), unconnected],
    ['of another reason', unverified({ reason: 'settling', detail: 'not connected: b:26656' }), unconnected],
  ]
  for (const [what, failing, why] of rows)
    t.same(
      paced([failing]).groups[0]?.stopped.map(stop => stop.why),
      why === undefined ? [] : [why],
      what,
    )
})

t.test('the same members in any order give the same answer, and never more than may be away', async () => {
  const seen = fc.constantFrom<SeenPage | undefined>(
    settled,
    waits(),
    waits({ wanted: Y, since: iso(-5) }),
    waits({ turn: X }),
    { ...settled, phase: 'restarting' },
    { ...settled, restarts: [done(X)] },
    waits({ node: power(20) }),
    waits({ node: power(30) }),
    undefined,
  )
  const over = fc.record({
    ready: fc.boolean(),
    deleting: fc.boolean(),
    paused: fc.boolean(),
    validator: fc.boolean(),
    turn: fc.constantFrom(X, Y, `spent ${X}`, `withdrawn ${X}`, blind, `spent ${blind}`),
    turnGrantedAt: fc.constantFrom(now - 1000, now - 100_000, now - 400_000),
    maxUnavailable: fc.constantFrom('1', '2', '50%'),
    blocked: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(seen, over), { minLength: 1, maxLength: 8 }), fc.nat(), (rows, shift) => {
      const members = rows.map(([page, { blocked, ...its }], index) =>
        blocked ? unreachable(`p${index}`, its) : page ? member(`p${index}`, page, its) : unasked(`p${index}`, its),
      )
      const answer = paced(members)
      const turned = [...members.slice(shift % members.length), ...members.slice(0, shift % members.length)].reverse()
      if (JSON.stringify(answer) !== JSON.stringify(paced(turned))) throw new Error('another order, another answer')
      const [group] = answer.groups
      if (!group) throw new Error('no group')
      const before = new Set(group.away)
      const fresh = answer.grants.filter(grant => !before.has(grant.key)).length
      if (fresh > 0 && before.size + fresh > group.allowed) throw new Error('more than may be away')
      if (answer.grants.some(grant => members.find(its => its.key === grant.key)?.paused))
        throw new Error('granted while paused')
    }),
    { numRuns: 500, seed: 20260101 },
  )
})
