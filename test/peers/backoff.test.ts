import t from 'tap'
import { backoffMs } from '../../peers/backoff.ts'

const times = { minMs: 500, maxMs: 30_000 }

t.test('the wait doubles with each failure in a row, from the shortest to the longest', async t => {
  for (const [failures, wait] of [
    [0, 500],
    [1, 500],
    [2, 1000],
    [3, 2000],
    [6, 16_000],
    [7, 30_000],
    [8, 30_000],
    [1000, 30_000],
    [1e9, 30_000],
  ] as const) {
    t.equal(backoffMs(failures, { ...times, random: () => 0 }), wait, `${failures} failures`)
  }
})

t.test('a random part shortens every wait, the longest too, by up to a half', async t => {
  for (const [random, first, third, last] of [
    [0, 500, 2000, 30_000],
    [0.5, 375, 1500, 22_500],
    [1, 250, 1000, 15_000],
  ] as const) {
    const waits = [1, 3, 100].map(failures => backoffMs(failures, { ...times, random: () => random }))
    t.same(waits, [first, third, last], `random ${random}`)
  }
})

t.test('where the shortest is longer than the longest, the longest counts; and none is not less than none', async t => {
  t.equal(backoffMs(1, { minMs: 60_000, maxMs: 30_000, random: () => 0 }), 30_000)
  t.equal(backoffMs(5, { minMs: 0, maxMs: 30_000, random: () => 0.9 }), 0)
})
