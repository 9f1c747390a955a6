import t from 'tap'
import { isRecord } from '../../peers/is-record.ts'
import { present } from '../../peers/present.ts'

t.test('an object is a record; a list, null and what is no object are none', async t => {
  for (const value of [{}, { a: 1 }, Object.create(null)]) t.ok(isRecord(value))
  for (const value of [undefined, null, [], [{}], 'text', 7, true, () => ({})]) t.notOk(isRecord(value))
})

t.test('a field is there where it has a value, and null, "" and 0 are values', async t => {
  t.same({ ...present('a', 1), ...present('b', undefined) }, { a: 1 })
  t.notOk('b' in present('b', undefined))
  for (const value of [null, '', 0, false]) t.same(present('a', value), { a: value })
})
