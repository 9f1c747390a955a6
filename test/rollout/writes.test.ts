import t from 'tap'
import type { Annotations, PodRef } from '../../rollout/pod.ts'
import { createWriter, type WriterOptions } from '../../rollout/writes.ts'
import { fakeClock } from '../controller/fixtures/fake-clock.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

const pod = (name: string, uid = name): PodRef => ({ namespace: 'chain', name, uid })

type Sent = { readonly pod: PodRef; readonly annotations: Annotations; readonly at: number }

/** A writer whose patches take `ms` and end as `answer` says. */
function setup(t: { teardown(act: () => unknown): void }, options: Partial<WriterOptions> = {}, ms = 0) {
  const clock = fakeClock()
  const log = memoryLog()
  const sent: Sent[] = []
  const outcomes: string[] = []
  let answer: (sent: Sent) => boolean = () => true
  let open = 0
  let mostOpen = 0
  const writer = createWriter({
    async patch(pod, annotations, signal) {
      const write = { pod, annotations, at: clock.now() }
      sent.push(write)
      mostOpen = Math.max(mostOpen, ++open)
      try {
        if (ms > 0)
          await new Promise<void>((resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
            clock.after(ms, resolve)
          })
        return answer(write)
      } finally {
        open -= 1
      }
    },
    clock,
    random: () => 0,
    log,
    done: (pod, annotations, outcome) => outcomes.push(`${pod.name} ${Object.keys(annotations).join()} ${outcome}`),
    ...options,
  })
  t.teardown(writer.close)
  return {
    writer,
    clock,
    log,
    sent,
    outcomes,
    answers: (next: typeof answer) => (answer = next),
    mostOpen: () => mostOpen,
  }
}

t.test('one write a pod: what comes while another is under way is put together, the later value counts', async t => {
  const { writer, clock, sent, outcomes } = setup(t, {}, 100)
  writer.write(pod('a'), { x: '1', y: '1' })
  await clock.pass(10)
  writer.write(pod('a'), { x: '2', z: '1' })
  writer.write(pod('a'), { x: '3', w: null })
  t.equal(writer.pending(), 1)
  await clock.pass(50)
  t.equal(sent.length, 1)
  await clock.pass(200)
  t.same(
    sent.map(write => write.annotations),
    [
      { x: '1', y: '1' },
      { x: '3', z: '1', w: null },
    ],
  )
  t.equal(writer.pending(), 0)
  await writer.idle()
  t.same(outcomes, ['a x,y written', 'a x,z,w written'])
})

t.test('what is being written is not written again, and a change back to it is none', async t => {
  const { writer, clock, sent } = setup(t, {}, 100)
  writer.write(pod('a'), { x: '1' })
  writer.write(pod('a'), { x: '1' })
  await clock.pass(10)
  writer.write(pod('a'), { x: '2' })
  writer.write(pod('a'), { x: '1' })
  await clock.pass(1000)
  t.equal(sent.length, 1)
  t.equal(writer.pending(), 0)
  writer.write(pod('a'), { x: '1' })
  await clock.pass(1000)
  t.equal(sent.length, 2, 'later it is: somebody else may have changed it')
})

t.test('at most so many a second, over any second; and no time is lost', async t => {
  for (const [perSecond, count] of [
    [50, 200],
    [0.5, 4],
  ] as const) {
    const { writer, clock, sent } = setup(t, { perSecond }, 20)
    for (let i = 0; i < count; i++) writer.write(pod(`p${i}`), { x: '1' })
    await clock.pass((count / perSecond) * 1000 + 100)
    t.equal(sent.length, count, `${count} at ${perSecond} a second`)
    const burst = Math.max(1, perSecond / 5)
    const most = Math.max(...sent.map(({ at }) => sent.filter(write => write.at >= at && write.at < at + 1000).length))
    t.ok(most <= Math.ceil(perSecond) + burst, `${most} within a second`)
    await writer.close()
  }
})

t.test('urgent ones first, also where the pod waits already; several at a time, no more', async t => {
  const { writer, clock, sent, mostOpen } = setup(t, { perSecond: 10, burst: 1, inFlight: 3 }, 1000)
  for (const name of ['a', 'b', 'c', 'd']) writer.write(pod(name), { x: '1' })
  writer.write(pod('d'), { turn: 's1:1' }, true)
  writer.write(pod('e'), { turn: 's1:1' }, true)
  await clock.pass(5000)
  t.same(
    sent.map(write => write.pod.name),
    ['a', 'd', 'e', 'b', 'c'],
  )
  t.same(sent[1]?.annotations, { x: '1', turn: 's1:1' })
  t.equal(mostOpen(), 3)
})

t.test('of five writes one is not urgent, where there is any', async t => {
  for (const [urgent, order] of [
    [4, 'u0 u1 u2 u3 o0 o1'],
    [5, 'u0 u1 u2 u3 o0 u4 o1'],
    [9, 'u0 u1 u2 u3 o0 u4 u5 u6 u7 o1 u8'],
    [12, 'u0 u1 u2 u3 o0 u4 u5 u6 u7 o1 u8 u9 u10 u11'],
  ] as const) {
    const { writer, clock, sent } = setup(t, { perSecond: 10, burst: 1, inFlight: 1 })
    writer.write(pod('first'), { x: '1' })
    for (let i = 0; i < 2; i++) writer.write(pod(`o${i}`), { x: '1' })
    for (let i = 0; i < urgent; i++) writer.write(pod(`u${i}`), { turn: 's1:1' }, true)
    await clock.pass(5_000)
    t.equal(sent.map(write => write.pod.name).join(' '), `first ${order}`)
  }
})

t.test('a failure is tried again with a growing delay of at most 30 s, with what came since; others go on', async t => {
  const { writer, clock, sent, answers, log, outcomes } = setup(t, { perSecond: 1000 })
  answers(write => {
    if (write.pod.name === 'bad') throw new Error('no')
    return true
  })
  writer.write(pod('bad'), { x: '1', y: '1' }, true)
  writer.write(pod('good'), { x: '1' })
  await clock.pass(100)
  writer.write(pod('bad'), { x: '2' })
  await clock.pass(300_000)
  const tries = sent.filter(write => write.pod.name === 'bad')
  t.same(tries[1]?.annotations, { x: '2', y: '1' })
  const gaps = tries.slice(1).map((write, index) => write.at - (tries[index]?.at ?? 0))
  t.same(gaps.slice(0, 8), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  t.equal(sent.filter(write => write.pod.name === 'good').length, 1)
  t.match(log.lines[0], { level: 40, pod: 'bad' })
  t.ok(log.lines.length <= 5 && tries.length > 10, 'said once a minute, not at each try')
  answers(() => true)
  await clock.pass(31_000)
  t.equal(writer.pending(), 0)
  t.equal(outcomes.at(-1), 'bad x,y written')
  t.equal(clock.timers(), 0)
})

t.test('what came while a write failed outranks what failed', async t => {
  const { writer, clock, sent, answers } = setup(t, {}, 100)
  answers(() => {
    throw new Error('no')
  })
  writer.write(pod('a'), { x: '1', y: '1' })
  await clock.pass(50)
  writer.write(pod('a'), { x: '2' })
  answers(write => {
    if (write.at === 0) throw new Error('no')
    return true
  })
  await clock.pass(2000)
  t.same(sent.at(-1)?.annotations, { x: '2', y: '1' })
})

t.test('a pod that is gone, or another of that name, is dropped silently, with what came since', async t => {
  const { writer, clock, sent, answers, log, outcomes } = setup(t, {}, 10)
  answers(write => write.pod.uid !== 'old')
  writer.write(pod('a', 'old'), { x: '1' })
  await clock.pass(5)
  writer.write(pod('a', 'old'), { x: '2' })
  writer.write(pod('a', 'new'), { x: '3' })
  await clock.pass(1000)
  t.same(
    sent.map(write => [write.pod.uid, write.annotations.x]),
    [
      ['old', '1'],
      ['new', '3'],
    ],
  )
  t.same(outcomes, ['a x gone', 'a x written'])
  t.same([writer.pending(), log.lines], [0, []])
})

t.test('nothing is sent that is not allowed any more, nor after close, which ends what is under way', async t => {
  let allowed = true
  const { writer, clock, sent, outcomes } = setup(t, { allowed: () => allowed }, 100)
  writer.write(pod('a'), { x: '1' })
  allowed = false
  writer.write(pod('b'), { x: '1' })
  await clock.pass(50)
  t.same(
    sent.map(write => write.pod.name),
    ['a'],
  )
  const idle = writer.idle()
  await writer.close()
  await idle
  writer.write(pod('c'), { x: '1' })
  allowed = true
  await clock.pass(10_000)
  t.equal(sent.length, 1)
  t.same(outcomes, [], 'whether it was written is not known')
})

t.test('namespaces take turns: however much one of them has to write, the next of another comes next', async t => {
  for (const urgent of [false, true]) {
    const { writer, clock, sent } = setup(t, { perSecond: 10, burst: 1 })
    for (let index = 0; index < 200; index++) writer.write(pod(`loud${index}`), { x: '1' }, urgent)
    writer.write({ namespace: 'quiet', name: 'a', uid: 'quiet-a' }, { x: '1' }, urgent)
    writer.write({ namespace: 'quiet', name: 'b', uid: 'quiet-b' }, { x: '1' }, urgent)
    await clock.pass(500)
    t.same(
      sent.map(({ pod }) => pod.name),
      ['loud0', 'loud1', 'a', 'loud2', 'b', 'loud3'],
    )
    await writer.close()
  }
})
