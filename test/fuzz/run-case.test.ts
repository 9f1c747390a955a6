// What makes a case fail.
import t from 'tap'
import { mostMs, runCase } from './run-case.ts'
import { expect, type Opened } from './target.ts'

const opened = (run: () => unknown, check?: (answer: unknown) => void): Opened => ({
  make: () => ({ input: null, run, ...(check ? { check } : {}) }),
})

/** Uses the processor for so many milliseconds. */
function spin(ms: number): void {
  const before = process.threadCpuUsage()
  for (;;) {
    const { user, system } = process.threadCpuUsage(before)
    if ((user + system) / 1000 >= ms) return
  }
}

t.test('an answer within its time is none', async t => {
  t.equal(
    (
      await runCase(
        opened(() => 1),
        1,
      )
    ).failure,
    undefined,
  )
  t.equal(
    (
      await runCase(
        opened(async () => 1),
        1,
      )
    ).failure,
    undefined,
  )
})

t.test('whatever is thrown, rejected, or found wrong is one', async t => {
  const thrown = opened(() => {
    throw new TypeError('a slip')
  })
  t.match((await runCase(thrown, 1)).failure, /TypeError: a slip/)
  t.match(
    (
      await runCase(
        opened(() => Promise.reject(new Error('late'))),
        1,
      )
    ).failure,
    /late/,
  )
  t.match(
    (
      await runCase(
        opened(
          () => 1,
          answer => expect(answer === 2, 'found 1'),
        ),
        1,
      )
    ).failure,
    /found 1/,
  )
})

t.test('slow is who is slow each time; waiting is not slow', async t => {
  t.match(
    (
      await runCase(
        opened(() => spin(mostMs + 10)),
        1,
      )
    ).failure,
    /processor time, expected at most 50/,
  )
  let runs = 0
  t.equal(
    (
      await runCase(
        opened(() => spin(runs++ === 0 ? mostMs + 10 : 1)),
        1,
      )
    ).failure,
    undefined,
  )
  t.equal(runs, 2, 'and it is run no more often than needed')
  const waits = opened(() => new Promise(resolve => setTimeout(resolve, mostMs + 10)))
  t.equal((await runCase(waits, 1)).failure, undefined)
})
