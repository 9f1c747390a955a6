import t from 'tap'
import { Endpoints, retryDelay } from '../../../../discovery/sources/validators/endpoints.ts'

const times = { minRetryMs: 500, maxRetryMs: 30_000, random: () => 0 }

t.test('waits double up to a longest one, and are shortened at random, so that not all ask together', async t => {
  t.same(
    [1, 2, 3, 4, 5, 6, 7, 8, 100].map(failures => retryDelay(failures, times)),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  )
  t.equal(retryDelay(3, { ...times, random: () => 1 }), 1000)
})

t.test(
  'the one that answered last comes first; who fails waits, longer each time; whoever answers is as one that never failed',
  async t => {
    const endpoints = new Endpoints(['a', 'b', 'c'], times)
    t.same(endpoints.usable(0), ['a', 'b', 'c'])
    endpoints.failed('a', 'ECONNREFUSED', 0)
    t.same(endpoints.usable(0), ['b', 'c'])
    endpoints.answered('c')
    t.same(endpoints.usable(499), ['c', 'b'])
    t.same(endpoints.usable(500), ['c', 'a', 'b'])
    endpoints.failed('a', 'no answer within 4 s', 500)
    t.same(endpoints.usable(1499), ['c', 'b'])
    t.same(endpoints.usable(1500), ['c', 'a', 'b'])
    endpoints.failed('b', 'found a node at block 3', 1500)
    endpoints.failed('c', 'ECONNRESET', 1500)
    endpoints.failed('a', 'ECONNRESET', 1500)
    t.same(endpoints.usable(1500), [], 'all wait')
    t.equal(endpoints.reasons(), 'a: ECONNRESET; b: found a node at block 3; c: ECONNRESET')
    endpoints.heard('b')
    t.same(endpoints.usable(1500), ['b'], 'its WebSocket has opened')
    endpoints.answered('a')
    endpoints.failed('a', 'again', 1500)
    t.same(endpoints.usable(2000), ['a', 'b', 'c'], 'it waits as after a first failure')
  },
)
