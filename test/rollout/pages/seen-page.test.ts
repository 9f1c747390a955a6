import t from 'tap'
import { peerLinks } from '../../../rollout/pages/peer-links.ts'
import { afterFailure, afterRead, isSilentForNow, lastRead, type Seen } from '../../../rollout/pages/seen-page.ts'
import { examplePage } from '../../peers/fixtures/page.ts'

const { peers: _, lookups: __, ...kept } = examplePage
const read = afterRead(examplePage, 1000)

t.test('a page that is read is kept with what is shown of its peers alone', async t => {
  t.strictSame(read, { page: kept, at: 1000, links: peerLinks(examplePage.peers) })
  t.strictSame(afterRead(examplePage, 1000, false), { page: kept, at: 1000 }, 'where nobody is shown the page')
})

t.test('looks that fail: since when, and what was said last', async t => {
  const first = afterFailure(read, 'timed out', 2000)
  t.strictSame(first, { unreachable: 'timed out', since: 2000, at: 2000, last: read })
  t.strictSame(afterFailure(first, 'refused', 5000), { unreachable: 'refused', since: 2000, at: 5000, last: read })
  t.strictSame(afterFailure(undefined, 'refused', 5000), { unreachable: 'refused', since: 5000, at: 5000 })
  t.strictSame([undefined, read, first].map(lastRead), [undefined, read, read])
})

t.test('for how long silence is taken for a moment', async t => {
  const silent = (ms: number): Seen => ({ unreachable: 'timed out', since: 0, at: ms })
  t.strictSame([undefined, read, silent(0), silent(29_999), silent(30_000)].map(isSilentForNow), [
    false,
    false,
    true,
    true,
    false,
  ])
})
