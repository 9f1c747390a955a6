import t from 'tap'
import { unlessAborted } from '../../kubernetes/abort.ts'

t.test('what a signal ends is no error; another error is', async t => {
  const stop = new AbortController()
  const handle = unlessAborted(stop.signal)
  t.throws(() => handle(new Error('a fault')), { message: 'a fault' })
  stop.abort()
  t.equal(handle(stop.signal.reason), undefined)
})
