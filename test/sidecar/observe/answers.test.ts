import t from 'tap'
import { createAnswers } from '../../../sidecar/observe/answers.ts'

const many = (count: number, from = 1) =>
  Array.from({ length: count }, (_, n) => ({ address: '10.0.0.1', port: from + n }))

function world() {
  const clock = { now: 1_000_000 }
  const asked: number[] = []
  const answers = createAnswers(
    async (_, port) => asked.push(port) > 0 && port !== 2,
    () => clock.now,
  )
  return { clock, answers, asked: () => asked.splice(0) }
}

t.test('an answer is good for a minute', async t => {
  const { clock, answers, asked } = world()
  t.same(await answers.of(many(2)), { '10.0.0.1:1': true, '10.0.0.1:2': false })
  t.same(asked(), [1, 2])
  clock.now += 59_999
  t.same(await answers.of(many(2)), { '10.0.0.1:1': true, '10.0.0.1:2': false })
  t.same(asked(), [])
  clock.now += 1
  await answers.of(many(2))
  t.same(asked(), [1, 2])
  clock.now -= 60_000
  await answers.of(many(1))
  t.same(asked(), [1], 'a clock that was set back makes no answer last')
})

t.test('64 addresses are asked at a look, and each once', async t => {
  for (const [addresses, expected] of [
    [63, 63],
    [64, 64],
    [65, 64],
    [1000, 64],
  ] as const) {
    const { answers, asked } = world()
    t.equal(Object.keys(await answers.of([...many(addresses), ...many(addresses)])).length, expected, `${addresses}`)
    t.equal(asked().length, expected)
  }
})

t.test('what is not asked about any more is forgotten', async t => {
  const { answers, asked } = world()
  await answers.of(many(1))
  await answers.of(many(1, 9))
  asked()
  await answers.of(many(1))
  t.same(asked(), [1])
})
