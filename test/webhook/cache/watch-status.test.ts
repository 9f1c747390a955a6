// How well a collection is followed, by a clock that only this test moves.
import t from 'tap'
import { ApiError } from '../../../kubernetes/api-error.ts'
import { createWatchStatus } from '../../../webhook/cache/watch-status.ts'
import { memoryLog } from '../../fixtures/log-lines.ts'

function begin() {
  const log = memoryLog()
  const { lines } = log
  let now = 5000
  const status = createWatchStatus(log, { namespace: 'a', collection: 'ConfigMaps' }, () => now)
  return { status, lines, pass: (ms: number) => (now += ms) }
}

t.test('known from the first complete read, and for staleMs after it fell behind', async t => {
  const { status, lines, pass } = begin()
  t.same([status.isSynced(), status.isPending(), status.isKnown(1000)], [false, true, false])
  status.handlers.synced()
  pass(1_000_000)
  t.same([status.isSynced(), status.isPending(), status.isKnown(1000)], [true, false, true])
  status.handlers.behind(new Error('first'))
  pass(600)
  status.handlers.behind(new Error('second'))
  pass(399)
  t.ok(status.isKnown(1000), '999 ms after the first failure')
  pass(1)
  t.notOk(status.isKnown(1000), '1000 ms after the first failure, 400 after the last')
  t.same([status.isBehind(), status.error()], [true, 'second'])
  status.handlers.synced()
  t.same([status.isBehind(), status.isKnown(1000)], [false, true])
  t.same(
    lines.map(line => line.msg),
    ['cache synced', 'cache cannot be followed; retrying', 'cache follows again'],
    'told once, not at each try',
  )
  t.match(lines[1], { namespace: 'a', collection: 'ConfigMaps' })
})

t.test('what may not be read, or is not there, is not waited for', async t => {
  const forbidden = begin()
  forbidden.status.handlers.behind(new ApiError('no', 403))
  t.same([forbidden.status.isPending(), forbidden.status.isBehind()], [false, true])
  forbidden.status.handlers.behind(new ApiError('no', 500))
  t.ok(forbidden.status.isPending(), 'another failure may pass')
  const absent = begin()
  absent.status.handlers.behind(new Error('away'))
  absent.status.setAbsent()
  t.same([absent.status.isPending(), absent.status.isBehind(), absent.status.isKnown(1000)], [false, false, false])
})
