import t from 'tap'
import { afterSight, isChanging, type Rest, unseen } from '../../rollout/rest.ts'
import { rolloutTimes } from '../../rollout/times.ts'

const times = { ...rolloutTimes, quietSeconds: 2, longestQuietSeconds: 60 }
const second = 1000
/** Seen at second 100, and changed at each of these. */
const changedAt = (...seconds: number[]): Rest =>
  seconds.reduce(
    (rest, at) => afterSight(rest, `at ${at}`, at * second, times),
    afterSight(unseen, 'first', 100 * second, times),
  )

t.test('the first sight is no change, nor is the same again', async t => {
  t.notOk(isChanging(changedAt(), 100 * second, times))
  const rest = changedAt(200)
  t.equal(afterSight(rest, 'at 200', 201 * second, times), rest)
})

t.test('how long a change counts', async t => {
  const everySecond = Array.from({ length: 100 }, (_, index) => 200 + index)
  const withPause = [200, 201, 203.001]
  const withoutPause = [200, 201, 203]
  const rows: [what: string, rest: Rest, at: number, changing: boolean][] = [
    ['just now', changedAt(200), 200, true],
    ['not quite two seconds ago', changedAt(200), 201.999, true],
    ['two seconds ago', changedAt(200), 202, false],
    ['two seconds after the first, one after the second', changedAt(200, 201), 202, true],
    ['changes that keep coming, within a minute', changedAt(...everySecond), 259.999, true],
    ['changes that keep coming, after a minute', changedAt(...everySecond), 260, false],
  ]
  for (const [what, rest, at, changing] of rows) t.equal(isChanging(rest, at * second, times), changing, what)
  t.equal(changedAt(...withoutPause).changingSince, 200 * second, 'two seconds are no pause')
  t.equal(changedAt(...withPause).changingSince, 203_001, 'more than two seconds are one')
})
