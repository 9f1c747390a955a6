import t from 'tap'
import { blindTurn } from '../../../peers/turn.ts'
import { goneMember, type MemberParts, memberOf } from '../../../rollout/turns/members.ts'
import { askingPage, injected, settledPage, start } from '../fixtures/rollout-parts.ts'

const read = { page: askingPage, at: start }
const of = (over: Partial<MemberParts> = {}) =>
  memberOf({ pod: injected('x'), namespacePaused: false, seen: read, written: undefined, changing: false, ...over })

t.test('what the pacing needs of a pod', async t => {
  const pod = injected('x', { turn: 's1:1', turnGrantedAt: 5 })
  t.same(of({ pod, namespacePaused: true, changing: true }), {
    key: 'a/x',
    group: 'a/chain',
    validator: false,
    maxUnavailable: '1',
    paused: true,
    pausedBy: 'namespace',
    settleSeconds: pod.plan.times.settleSeconds,
    ready: true,
    deleting: false,
    blind: blindTurn(pod.peerHash, pod.endpoints),
    changing: true,
    turn: 's1:1',
    turnGrantedAt: 5,
    seen: read,
  })
  t.equal(of({ pod: injected('x', { ready: false, readySince: 7 }) }).unreadySince, 7)
  t.notOk('unreadySince' in of({ pod: injected('x', { ready: true, readySince: 7 }) }))
  t.notOk('turn' in of())
  t.match(of({ pod: injected('x', { paused: true }), namespacePaused: true }), { paused: true, pausedBy: 'pod' })
  t.notOk('pausedBy' in of())
})

t.test("a forged plan cannot join another namespace's group", async t => {
  const pod = injected('x')
  t.equal(of({ pod: { ...pod, plan: { ...pod.plan, group: 'victim/chain' } } }).group, 'a/victim/chain')
  t.equal(of({ pod: { ...pod, plan: { ...pod.plan, group: 'ab/chain' } } }).group, 'a/ab/chain')
})

t.test('a group is of the namespace of its pod, whatever its plan says', async t => {
  const group = (its: string) => of({ pod: injected('x', { plan: { ...injected('x').plan, group: its } }) }).group
  t.equal(group('a/chain'), 'a/chain')
  t.equal(group('b/chain'), 'a/b/chain')
  t.equal(group('chain'), 'a/chain')
})

t.test('what was written and has not come back counts', async t => {
  const pod = injected('x', { turn: 's1:1', turnGrantedAt: 5 })
  t.match(of({ pod, written: { turn: 's1:2', grantedAt: 9 } }), { turn: 's1:2', turnGrantedAt: 9 })
  t.match(of({ pod, written: { turn: 'spent s1:1', grantedAt: undefined } }), { turn: 'spent s1:1', turnGrantedAt: 5 })
})

t.test('the state of the annotations that a blind turn is for', async t => {
  const blind = of().blind
  t.not(of({ pod: injected('x', { peerHash: 'p1:9' }) }).blind, blind)
  t.not(of({ pod: injected('x', { endpoints: '{"b":{}}' }) }).blind, blind)
  const { peerHash: _, endpoints: __, ...plain } = injected('x')
  t.equal(of({ pod: plain }).blind, blindTurn(undefined, undefined))
})

t.test('a page that cannot be read', async t => {
  const silent = (since: number, last = true) => ({
    unreachable: 'timed out',
    since,
    at: start,
    ...(last ? { last: { page: settledPage, at: since - 1 } } : {}),
  })
  const rows: [what: string, seen: MemberParts['seen'], known: unknown][] = [
    ['never asked', undefined, undefined],
    ['read', read, read],
    ['for a moment: what it said last', silent(start - 29_999), { page: settledPage, at: start - 30_000 }],
    ['for half a minute', silent(start - 30_000), { unreachable: 'timed out', since: start - 30_000 }],
    ['for a moment, and it has said nothing yet', silent(start - 29_999, false), undefined],
    [
      'for half a minute, and it has said nothing',
      silent(start - 30_000, false),
      { unreachable: 'timed out', since: start - 30_000 },
    ],
  ]
  for (const [what, seen, known] of rows) t.same(of({ seen }).seen, known, what)
})

t.test('a pod that is gone', async t => {
  t.match(goneMember(injected('x', { turn: 's1:1' })), {
    key: 'a/x',
    ready: false,
    deleting: true,
    paused: true,
    turn: 's1:1',
  })
})
