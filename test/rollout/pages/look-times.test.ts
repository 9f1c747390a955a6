import t from 'tap'
import { lookIntervalMs } from '../../../rollout/pages/look-times.ts'
import type { Seen } from '../../../rollout/pages/seen-page.ts'

const times = { busyMs: 1000, idleMs: 30_000 }
/** Looks have failed over so many ms. */
const silent = (ms: number): Seen => ({ unreachable: 'timed out', since: 0, at: ms })

t.test('idle pods are asked at a pace of their own: 30 s, a quarter less up to a quarter more', async t => {
  const idle = (random: number) => lookIntervalMs({ busy: false, failures: 0, seen: undefined }, times, random)
  t.equal(idle(0), 22_500)
  t.equal(idle(0.5), 30_000)
  t.equal(idle(0.999), 37_485)
})

t.test('busy pods: every second, and less and less often where looks fail, not all together', async t => {
  const rows: [what: string, failures: number, seen: Seen | undefined, longest: number, shortest: number][] = [
    ['it answers', 0, undefined, 1000, 1000],
    ['failed five times', 5, silent(5000), 1000, 1000],
    ['failed six times', 6, silent(6000), 2000, 1000],
    ['not known yet to be unreachable: every two seconds', 20, silent(29_999), 2000, 1000],
    ['unreachable', 20, silent(30_000), 30_000, 15_000],
    ['unreachable, after few tries', 7, silent(30_000), 4000, 2000],
  ]
  for (const [what, failures, seen, longest, shortest] of rows) {
    t.equal(lookIntervalMs({ busy: true, failures, seen }, times, 0), longest, what)
    t.equal(Math.round(lookIntervalMs({ busy: true, failures, seen }, times, 0.999999)), shortest, what)
  }
})
