import t from 'tap'
import { isOlder } from '../../kubernetes/resource-version.ts'

t.test('resource versions are numbers of any length', async t => {
  t.equal(isOlder('9', '10'), true)
  t.equal(isOlder('10', '9'), false)
  t.equal(isOlder('10', '10'), false)
  t.equal(isOlder('18446744073709551615', '18446744073709551616'), true, 'beyond what a double holds exactly')
  for (const odd of ['', 'abc', '-1', '1.5'])
    t.equal(isOlder(odd, '10') || isOlder('10', odd), false, `"${odd}": whatever came last counts`)
})
