import t from 'tap'
import { course, trend, type Vitals } from './vitals.ts'

const hour = 3_600_000

t.test('a straight line is found, by the hour, without error', async t => {
  const { slope, error } = trend([0, 0.25, 0.5, 1].map(at => [at * hour + 17, 100 + 8 * at]))
  t.ok(Math.abs(slope - 8) < 1e-9, String(slope))
  t.ok(error < 1e-6, String(error))
})

t.test('what goes up and down has no slope, and an error', async t => {
  const samples = Array.from({ length: 101 }, (_, index) => [index * 60_000, index % 2 === 0 ? 1 : -1] as const)
  const { slope, error } = trend(samples)
  t.ok(Math.abs(slope) < 1e-9, String(slope))
  // By hand: deviations of 1 around a line over 100 minutes, 101 samples.
  t.ok(Math.abs(error - 0.2066) < 0.002, String(error))
})

t.test('too little to tell', async t => {
  const unknown = { slope: Number.NaN, error: Number.NaN }
  t.same(trend([]), unknown)
  t.same(
    trend([
      [0, 1],
      [1, 2],
    ]),
    unknown,
  )
  t.same(
    trend([
      [5, 1],
      [5, 2],
      [5, 3],
    ]),
    unknown,
  )
})

t.test('a course begins where the process is warm', async t => {
  const vitals = (minute: number, rss: number): Vitals => ({ atMs: minute * 60_000, rss, files: 20 })
  const samples = [vitals(0, 900), ...Array.from({ length: 20 }, (_, minute) => vitals(10 + minute, 100 + minute))]
  const found = course(samples, 10 * 60_000, ({ rss }) => rss)
  t.match(found, { minutes: 19, first: 100.5, last: 118.5, most: 119 })
  t.ok(Math.abs((found?.trend.slope ?? 0) - 60) < 1e-9)
  t.equal(
    course(samples, 28 * 60_000, ({ rss }) => rss),
    undefined,
    'two samples are no course',
  )
  t.equal(course(samples, 10 * 60_000, ({ files }) => files)?.trend.slope, 0)
})
