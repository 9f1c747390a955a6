import t from 'tap'
import { createTally } from '../../kubernetes/tally.ts'

t.test('counts each by itself, and never below none', t => {
  const tally = createTally()
  t.equal(tally.count('a'), 0)
  tally.add('a', 2)
  tally.add('b', 1)
  tally.add('a', -1)
  t.same([tally.count('a'), tally.count('b')], [1, 1])
  tally.add('a', -2)
  tally.add('constructor', 1)
  t.same([tally.count('a'), tally.count('constructor'), tally.count('toString')], [0, 1, 0])
  tally.add('a', 1)
  t.equal(tally.count('a'), 1, 'begins anew')
  t.end()
})
