import t from 'tap'
import { kubeletWaitSeconds, kubeletWaitWords } from '../../../sidecar/decide/kubelet-wait.ts'
import type { Restart } from '../../../sidecar/decide/memory.ts'

const minute = 60_000
const restart = (at: number, over: Partial<Restart> = {}): Restart => ({
  id: `s.${at}`,
  hash: 's',
  level: 'container',
  at,
  why: 'why',
  outcome: 'verified',
  endedAt: at,
  ...over,
})
const after = (restarts: readonly Restart[], now: number) => kubeletWaitSeconds({ restarts: [...restarts] }, now)

t.test('at once the first time, then 10 s, twice as long each time, 300 s at most', async t => {
  const times = [0, 1, 2, 3, 4, 5, 6, 7].map(index => index * 5 * minute)
  const waits = times.map((now, index) =>
    after(
      times.slice(0, index).map(at => restart(at)),
      now,
    ),
  )
  t.same(waits, [0, 10, 20, 40, 80, 160, 300, 300])
})

t.test('ten minutes without a start forget it', async t => {
  t.equal(after([restart(0)], 10 * minute), 10)
  t.equal(after([restart(0)], 10 * minute + 1), 0)
  t.equal(after([restart(0, { endedAt: minute })], 11 * minute), 10, 'from when it was back')
  t.equal(after([restart(0), restart(10 * minute)], 11 * minute), 20)
  t.equal(after([restart(0), restart(10 * minute + 1)], 11 * minute), 10, 'the second began anew')
})

t.test('only what has ended the container counts', async t => {
  t.equal(after([restart(0, { level: 'process' })], minute), 0)
  t.equal(after([restart(0, { level: 'all-containers' })], minute), 0)
  t.equal(after([restart(0, { outcome: 'not-taken' })], minute), 0)
  const { endedAt: _, ...asked } = restart(0, { outcome: 'asked' })
  t.equal(after([asked], minute), 10, 'one of which nothing has been heard yet')
})

t.test('in words where it costs something, and the level is the container', async t => {
  const memory = { restarts: [restart(0), restart(minute)] }
  t.match(kubeletWaitWords('container', memory, 2 * minute), /wait for 20 s .*CrashLoopBackOff/)
  t.equal(kubeletWaitWords('process', memory, 2 * minute), undefined)
  t.equal(kubeletWaitWords('container', memory, 12 * minute), undefined)
})
