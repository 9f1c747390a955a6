// When a turn was granted, while the machine's clock is set.
import t from 'tap'
import { type GrantTime, grantTime } from '../../rollout/grant-time.ts'

const now = 1_000_000
const hour = 3_600_000

t.test('a stamp in the process’s own time', async t => {
  const known: GrantTime = { stamp: 5, at: 4 }
  const rows: [
    what: string,
    known: GrantTime | undefined,
    stamp: number | undefined,
    wallAhead: number,
    at: number | undefined,
  ][] = [
    ['nothing granted', undefined, undefined, 0, undefined],
    ['the clocks agree', undefined, now - 7, 0, now - 7],
    ['the machine’s is ahead', undefined, now + hour - 7, hour, now - 7],
    ['the machine’s is behind', undefined, now - hour - 7, -hour, now - 7],
    ['this very moment', undefined, now, 0, now],
    ['written before the clock was set back: no older than now', undefined, now + 1, 0, now],
    ['known already, whatever the clock says since', known, 5, hour, 4],
    ['another', known, now - 7, 0, now - 7],
  ]
  for (const [what, before, stamp, wallAhead, at] of rows)
    t.equal(grantTime(before, stamp, now, wallAhead)?.at, at, what)
})
