import t from 'tap'
import { ApiError } from '../../kubernetes/api-error.ts'
import { createWatchStatus, fallenBehind, stalestSeconds, unreadYet } from '../../kubernetes/watch-status.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

t.test('the age is that of the watch which has been silent for longest', async t => {
  const watch = (contactAt: number, forbidden = false) => ({ contactAt, forbidden })
  const now = 100_000
  const rows: [what: string, watches: Parameters<typeof stalestSeconds>[0], seconds: number][] = [
    ['none', [], 0],
    ['one that has just spoken', [watch(now)], 0],
    ['one', [watch(40_000)], 60],
    ['the first is the older', [watch(40_000), watch(90_000)], 60],
    ['the second is', [watch(90_000), watch(40_000)], 60],
    ['one that may not be read does not count', [watch(10_000, true), watch(90_000)], 10],
    ['nothing may be read', [watch(10_000, true)], 0],
    ['a clock that was read a moment earlier', [watch(now + 5)], 0],
  ]
  for (const [what, watches, seconds] of rows) t.equal(stalestSeconds(watches, now), seconds, what)
})

t.test('read, fallen behind, followed again, forbidden', async t => {
  const log = memoryLog()
  const calls: string[] = []
  let at = 1000
  const on = { onSynced: () => void calls.push('synced'), onForbidden: () => void calls.push('forbidden') }
  const status = createWatchStatus('Pods of namespace a', log, () => at, on)
  const { synced, behind, contact } = status.handlers
  t.strictSame(unreadYet([status]), ['Pods of namespace a: not read yet'])

  behind(new ApiError('GET: found status 403', 403))
  behind(new ApiError('GET: found status 403', 403))
  t.strictSame([status.forbidden, unreadYet([status]), calls], [true, [], ['forbidden']], 'waiting does not help')
  t.strictSame(fallenBehind([status]), ['Pods of namespace a: GET: found status 403'])

  synced()
  synced()
  t.strictSame([status.forbidden, calls], [false, ['forbidden', 'synced']], 'read for the first time, told once')
  t.strictSame([fallenBehind([status]), unreadYet([status])], [[], []])

  behind(new Error('the connection broke'))
  behind(new ApiError('GET: found status 403', 403))
  t.equal(status.forbidden, false, 'what has been read is known, and only behind')
  t.strictSame(fallenBehind([status]), ['Pods of namespace a: GET: found status 403'])
  t.equal(log.lines.filter(({ level }) => level === 40).length, 2, 'once for each time that it falls behind')

  at = 7000
  contact()
  t.equal(status.contactAt, 7000)
})
