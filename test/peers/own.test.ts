import t from 'tap'
import { own } from '../../peers/own.ts'
import { inherited } from './inherited.ts'

t.test('what a record has, and not what it inherits', async t => {
  for (const name of inherited) {
    t.equal(own({ a: 1 }, name), undefined, name)
    t.equal(own(Object.fromEntries([[name, 1]]), name), 1, name)
    t.equal(own(JSON.parse(`{"${name}":1}`), name), 1, `${name}, of a file`)
  }
  t.equal(own({ a: 1 }, 'a'), 1)
  t.equal(own(undefined, 'a'), undefined)
})
