import t from 'tap'
import { createLooks } from '../../discovery/looks.ts'
import { fakeClock } from '../controller/fixtures/fake-clock.ts'

function setup(ms = 100, nextMs = 30_000) {
  const clock = fakeClock(0)
  const begun: number[] = []
  const looks = createLooks({
    look: async () => {
      begun.push(clock.now())
      await new Promise<void>(resolve => clock.after(ms, resolve))
      return nextMs
    },
    coalesceMs: 1000,
    clock,
  })
  return { clock, begun, looks }
}

t.test('the earliest time counts, then the interval from the end of a look', async t => {
  const { clock, begun, looks } = setup()
  looks.within(5000)
  looks.within(2000)
  looks.within(9000)
  await clock.pass(40_000)
  t.strictSame(begun, [2000, 32_100])
})

t.test('one at a time: what is asked for meanwhile is one more, a moment after the end', async t => {
  const { clock, begun, looks } = setup(5000)
  looks.within(0)
  await clock.pass(1000)
  looks.within(0)
  await clock.pass(1000)
  looks.within(0)
  await clock.pass(10_000)
  t.strictSame(begun, [0, 6000])
  await clock.pass(31_000)
  t.strictSame(begun, [0, 6000, 41_000], 'and none for what has been looked at')
})

t.test('the end waits for the look that is under way, and no other begins', async t => {
  const { clock, begun, looks } = setup(5000)
  looks.within(0)
  await clock.pass(1000)
  let isClosed = false
  const closing = looks.close().then(() => {
    isClosed = true
  })
  looks.within(0)
  await clock.pass(3000)
  t.notOk(isClosed)
  await clock.pass(60_000)
  await closing
  t.strictSame(begun, [0])
})
