// What a look carries on from the one before.
import t from 'tap'
import { stillOpen } from '../../../sidecar/decide/look.ts'

t.test('since when an address has been open', async t => {
  t.same(stillOpen({}, { a: true, b: false }, 5), { a: 5 })
  t.same(
    stillOpen({ a: 5, b: 3, c: 1 }, { a: true, b: false }, 9),
    { a: 5 },
    'what did not answer, or was not asked, begins anew',
  )
})
