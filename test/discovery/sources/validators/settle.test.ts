import t from 'tap'
import type { Answer } from '../../../../discovery/sources/validators/prober.ts'
import { type AllSettled, newEndpoints, settle } from '../../../../discovery/sources/validators/settle.ts'
import type { Peer } from '../../../../peers/peer.ts'

const limit = { burst: 3, refillMs: 600_000 }
const peer = (host: string): Peer => ({ id: 'a'.repeat(40), host, port: 30_100, role: 'peer' })
const all = (...answers: [host: string, answer: Answer][]) =>
  new Map(answers.map(([host, answer]) => [`${host}:30100`, answer]))
const answers: Answer = { state: 'answers' }
const silent: Answer = { state: 'silent', reason: 'ECONNREFUSED' }
const hostsOf = (settled: AllSettled) => [...settled].map(([operator, { peer }]) => `${operator} ${peer?.host}`)

t.test('a new endpoint is listed once it answers', async t => {
  const wanted = new Map([['bob', peer('a')]])
  const asking = settle(new Map(), wanted, new Map(), 0, limit)
  t.same(hostsOf(asking.settled), [])
  t.equal(asking.asking, 1)
  t.match(asking.problems, [{ code: 'probing', subject: 'validator bob' }])
  const kept = settle(asking.settled, wanted, all(['a', silent]), 0, limit)
  t.same(hostsOf(kept.settled), [])
  t.equal(kept.asking, 0)
  t.match(kept.problems, [{ code: 'no-answer', message: 'a:30100 cannot be used: ECONNREFUSED' }])
  const listed = settle(kept.settled, wanted, all(['a', answers]), 0, limit)
  t.same(hostsOf(listed.settled), ['bob a'])
  t.same(listed.problems, [])
  t.same([...newEndpoints(listed.settled, wanted)], [], 'what is listed is not probed again')
})

t.test('the old one stays until the new one answers', async t => {
  const { settled } = settle(new Map(), new Map([['bob', peer('a')]]), all(['a', answers]), 0, limit)
  const wanted = new Map([['bob', peer('b')]])
  const waiting = settle(settled, wanted, all(['b', silent]), 1, limit)
  t.same(hostsOf(waiting.settled), ['bob a'])
  t.match(waiting.problems, [{ code: 'no-answer', message: /; a:30100 stays/ }])
  t.same(hostsOf(settle(waiting.settled, wanted, all(['b', answers]), 2, limit).settled), ['bob b'])
})

t.test('a validator that alternates has few changes, and others have theirs', async t => {
  const both = all(['a', answers], ['b', answers], ['c', answers])
  let now = 0
  let state: AllSettled = settle(
    new Map(),
    new Map([
      ['bob', peer('a')],
      ['carl', peer('c')],
    ]),
    both,
    now,
    limit,
  ).settled
  let changes = 0
  for (let turn = 1; turn <= 1000; turn++) {
    now += 1000
    const before = state.get('bob')?.peer
    const next = settle(
      state,
      new Map([
        ['bob', turn % 2 === 0 ? peer('a') : peer('b')],
        ['carl', peer('c')],
      ]),
      both,
      now,
      limit,
    )
    state = next.settled
    if (state.get('bob')?.peer !== before && state.get('bob')?.peer?.host !== before?.host) changes++
  }
  t.equal(changes, limit.burst + 1, '1000 alternations in 1000 s: three at once, and one after ten minutes')
  t.equal(state.get('carl')?.peer?.host, 'c')
  const restless = settle(state, new Map([['carl', peer('b')]]), both, now, limit)
  t.match(
    restless.problems,
    [{ code: 'restless', subject: 'validator bob', message: /nothing is taken up in \d+ s/ }],
    'leaving counts as well',
  )
  t.same(hostsOf(restless.settled), [`bob ${state.get('bob')?.peer?.host}`, 'carl b'])
})

t.test('who has left is forgotten in time', async t => {
  const { settled } = settle(new Map(), new Map([['bob', peer('a')]]), all(['a', answers]), 0, limit)
  const left = settle(settled, new Map(), new Map(), 0, limit).settled
  t.same(hostsOf(left), ['bob undefined'], 'its changes are remembered')
  t.equal(settle(left, new Map(), new Map(), limit.refillMs, limit).settled.size, 0)
})
