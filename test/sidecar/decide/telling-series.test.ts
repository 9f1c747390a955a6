// A node that is told while its peers keep moving: not for ever.
import t from 'tap'
import { reason, times, world } from '../fixtures/look.ts'

t.test('twice the time for one snapshot, however often another interrupts it; then the restart', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.move(3, '10.0.0.33')
  const from = w.now
  let last = ''
  for (let second = 1; second < 600 && last !== 'restart'; second++) {
    // Each at another address before it has been told for long enough.
    if (second % 20 === 0) w.move(2, `10.9.0.${second / 20}`)
    last = reason(w.after(1))
  }
  t.equal(last, 'restart')
  const seconds = (w.now - from) / 1000
  t.ok(
    seconds >= 2 * times.tellSeconds && seconds <= 2 * times.tellSeconds + times.longestSettleSeconds,
    `${seconds} s`,
  )
})

t.test('one that nobody interrupts has its time, as ever', async t => {
  const w = world()
  w.canTell = true
  w.after(0)
  w.move(3, '10.0.0.33')
  w.after(1)
  w.after(0.5)
  const since = w.memory.telling?.since ?? 0
  while (reason(w.after(1)) !== 'restart' && w.now - since < 600_000);
  t.ok(w.now - since >= times.tellSeconds * 1000 && w.now - since < (times.tellSeconds + 2) * 1000)
})
