import t from 'tap'
import type { Seen } from '../../rollout/pages/seen-page.ts'
import { type SettlingTimer, settledAfterSeconds, timerArrived, timerStarted } from '../../rollout/settling-timer.ts'
import { hash, settledPage } from './fixtures/rollout-parts.ts'

const told = hash('p', '1')
const page = (over: object, at: number): Seen => ({ page: { ...settledPage, ...over }, at })

t.test('the first change starts it, and the first sight of the change on the pod counts', async t => {
  const timer = timerStarted(undefined, 1000)
  t.strictSame(timer, { since: 1000 })
  t.equal(timerStarted(timer, 2000), timer)
  t.equal(timerArrived(undefined, 3000), undefined, 'nothing is timed')
  t.strictSame(timerArrived(timer, 3000), { since: 1000, arrivedAt: 3000 })
  t.strictSame(timerArrived(timerArrived(timer, 3000), 9000), { since: 1000, arrivedAt: 3000 })
})

t.test('the page that ends it', async t => {
  const arrived: SettlingTimer = { since: 1000, arrivedAt: 3000 }
  const rows: [
    what: string,
    timer: SettlingTimer | undefined,
    seen: Seen | undefined,
    peerHash: string | undefined,
    seconds: number | undefined,
  ][] = [
    ['settled, read a second after the pod had it', arrived, page({}, 4000), told, 3],
    ['read before its files could hold it', arrived, page({}, 3999), told, undefined],
    ['its files hold another list', arrived, page({ list: hash('p', '2') }, 5000), told, undefined],
    ['the API has no list for it', arrived, page({}, 5000), undefined, 4],
    ['not settled', arrived, page({ phase: 'telling' }, 5000), told, undefined],
    ['the pod does not have it yet', { since: 1000 }, page({}, 5000), told, undefined],
    ['nothing is timed', undefined, page({}, 5000), told, undefined],
    ['never read', arrived, undefined, told, undefined],
    ['cannot be read', arrived, { unreachable: 'timed out', since: 3500, at: 5000 }, told, undefined],
  ]
  for (const [what, timer, seen, peerHash, seconds] of rows) {
    t.equal(settledAfterSeconds(timer, seen, peerHash === undefined ? {} : { peerHash }), seconds, what)
  }
})
