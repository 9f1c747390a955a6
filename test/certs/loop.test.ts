import t from 'tap'
import { startLoop } from '../../certs/loop.ts'
import { until } from '../fixtures/until.ts'

t.test('after failures it waits longer each time, up to the interval, and starts over after a success', async t => {
  const waits: number[] = []
  let runs = 0
  const task = async () => {
    runs += 1
    if (runs !== 6) throw new Error('down')
  }
  const failed = (_error: unknown, _failures: number, seconds: number) => void waits.push(seconds)
  const loop = startLoop(task, { intervalSeconds: 0.01, retrySeconds: 0.002, random: () => 0, failed })
  await until('seven runs', () => runs >= 7)
  await loop.close()
  t.same(waits.slice(0, 6), [0.002, 0.004, 0.008, 0.01, 0.01, 0.002])
  t.ok(loop.failures() >= 6)
})

t.test('closing aborts the task and waits for its end; that is no failure', async t => {
  let ended = false
  const task = async (signal: AbortSignal) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    ended = true
    signal.throwIfAborted()
  }
  const loop = startLoop(task, {
    intervalSeconds: 60,
    retrySeconds: 1,
    random: Math.random,
    failed: () => t.fail('failed'),
  })
  await loop.close()
  t.ok(ended)
  t.equal(loop.failures(), 0)
})

t.test('asked for soon, it runs at once, but not sooner than it may after the run before', async t => {
  const starts: number[] = []
  let release = () => {}
  const task = async () => {
    starts.push(performance.now())
    if (starts.length === 1) await new Promise<void>(resolve => (release = resolve))
  }
  const loop = startLoop(task, {
    intervalSeconds: 60,
    retrySeconds: 1,
    leastSeconds: 0.1,
    random: () => 0.5,
    failed: () => t.fail('failed'),
  })
  loop.soon()
  loop.soon()
  release()
  await until('what was asked for while it ran', () => starts.length === 2)
  loop.soon()
  await until('and what is asked for after it', () => starts.length === 3)
  const [first = 0, second = 0, third = 0] = starts
  t.ok(second - first >= 95 && third - second >= 95, `${second - first} ms, ${third - second} ms`)
  await loop.close()
  loop.soon()
  t.equal(starts.length, 3)
})
