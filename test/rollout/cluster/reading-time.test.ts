import t from 'tap'
import { createReadingTime, threadMs } from '../../../rollout/cluster/reading-time.ts'

function start() {
  const clock = { now: 0, processor: 0 }
  const time = createReadingTime({
    mostMs: 3_000,
    msPerSecond: 100,
    now: () => clock.now,
    processorMs: () => clock.processor,
  })
  const read = (ms: number) => time.during(() => (clock.processor += ms))
  return { ...time, clock, read }
}

t.test('it is over once it is used up, and comes back by and by', async t => {
  const time = start()
  time.read(2_999)
  t.notOk(time.isOver())
  time.read(1)
  t.ok(time.isOver())
  time.clock.now += 10
  t.notOk(time.isOver())
  time.read(501)
  time.clock.now += 5_000
  t.ok(time.isOver(), 'what was too much has to come back as well')
  time.clock.now += 10
  t.notOk(time.isOver())
})

t.test('there is never more than at the start', async t => {
  const time = start()
  time.clock.now += 3_600_000
  time.read(2_999)
  t.notOk(time.isOver())
  time.read(1)
  t.ok(time.isOver())
})

t.test('what is read comes back, and what is thrown is thrown on; both count', async t => {
  const time = start()
  t.equal(
    time.during(() => 7),
    7,
  )
  t.throws(
    () =>
      time.during(() => {
        time.clock.processor += 3_000
        throw new Error('a fault')
      }),
    /a fault/,
  )
  t.ok(time.isOver())
})

t.test('processor time goes forward while something is done', async t => {
  const before = threadMs()
  let sum = 0
  while (threadMs() - before < 8) sum += Math.sqrt(sum + 1)
  t.ok(sum > 0)
})
