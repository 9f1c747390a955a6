import t from 'tap'
import { createHistory, historyMs } from '../../../controller/web/history.ts'

const at = Date.UTC(2026, 10, 27)
const event = (over: object = {}) => ({
  at,
  group: 'a/g',
  namespace: 'a',
  pod: 'x',
  type: 'Normal' as const,
  reason: 'NodeRestarted',
  message: 'm',
  ...over,
})

t.test('an hour, by group and in all, oldest first', async t => {
  const history = createHistory()
  history.add(event({ at: at - historyMs - 1 }))
  history.add(event({ at: at - historyMs, type: 'Warning', reason: 'RestartHeld' }))
  history.add(event({ at: at - 5, group: 'b/g' }))
  history.add(event({ at: at - 9, message: 'a\u202eb\n' }))
  t.match(history.since(at, 'a/g'), [
    { lane: 'waits', warning: true },
    { lane: 'restarts', warning: false, message: 'a\ufffdb ' },
  ])
  t.same(
    history.since(at).map(happening => happening.at - at),
    [-historyMs, -9, -5],
  )
  t.same(history.since(at + historyMs), [])
})

t.test('it is bounded: of a group, and in all at the cost of who has most', async t => {
  const history = createHistory({ ofGroup: 3, inAll: 5 })
  for (let index = 0; index < 4; index++) history.add(event({ at: at + index }))
  t.same(
    history.since(at + 4).map(happening => happening.at - at),
    [1, 2, 3],
  )
  for (let index = 0; index < 3; index++) history.add(event({ group: `${index}/g`, at: at + 9 }))
  t.equal(history.since(at + 9).length, 5)
  t.equal(history.since(at + 9, 'a/g').length, 2)
  for (let index = 0; index < 3; index++) t.equal(history.since(at + 9, `${index}/g`).length, 1)
})
