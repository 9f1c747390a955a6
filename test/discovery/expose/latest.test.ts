import t from 'tap'
import { createLatest } from '../../../discovery/expose/latest.ts'

t.test('what was written counts until the watch has told of it', async t => {
  let now = 0
  const seen = new Map<string, { version: string }>([['a', { version: '9' }]])
  const latest = createLatest(seen, () => now)
  t.match(latest.get('a'), { version: '9' })
  latest.wrote('a', { version: '10' })
  latest.wrote('b', { version: '11' })
  t.match(latest.all(), [{ version: '10' }, { version: '11' }], 'versions are numbers')
  seen.set('a', { version: '12' })
  t.match(latest.get('a'), { version: '12' })
  now = 10_001
  t.equal(latest.get('b'), undefined, 'the watch knows of none: it is gone')
})
