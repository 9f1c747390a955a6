// `npm run fuzz -- --seconds 60 | --cases 1000000 | --seed TARGET:N [--target NAME]`: cases that nobody thought of.
// docs/development.md says what is promised of each, and how a failure is run again.
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { milliseconds, table } from '../bench/table.ts'
import { mostMs } from './run-case.ts'
import { targets } from './targets/index.ts'
import type { News, Order } from './worker.ts'

/** Milliseconds for which one case may run before the thread is ended: the supervisor's take up to a minute. */
const longestMs = 90_000
/** Milliseconds. */
const watchMs = 1000
const usage = `npm run fuzz -- [--seconds N | --cases N | --seed TARGET:N] [--target NAME]... [--from N]
targets: ${targets.map(({ name }) => name).join(', ')}`

type Tallies = Extract<News, { is: 'tallies' }>['tallies']

function orderOf(args: readonly string[]): Omit<Order, 'now'> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string' },
      target: { type: 'string', multiple: true },
    },
  })
  const colon = values.seed?.lastIndexOf(':') ?? -1
  const named = values.seed === undefined ? values.target : colon > 0 ? [values.seed.slice(0, colon)] : values.target
  const names = named ?? targets.map(({ name }) => name)
  const unknown = names.find(name => !targets.some(target => target.name === name))
  if (unknown !== undefined) throw new Error(`found no target "${unknown}"\n${usage}`)
  if (values.seed !== undefined)
    return { names, seed: numberOf(values.seed.slice(colon + 1), '--seed'), cases: names.length, show: true }
  const seed = values.from === undefined ? Date.now() % 2 ** 32 : numberOf(values.from, '--from')
  if (values.cases !== undefined) return { names, seed, cases: numberOf(values.cases, '--cases'), show: false }
  return { names, seed, seconds: numberOf(values.seconds ?? '60', '--seconds'), show: false }
}

function numberOf(text: string, flag: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${flag}: found "${text}", expected a whole number\n${usage}`)
  return Number(text)
}

/** Resolves to whether nothing failed. */
function run(order: Omit<Order, 'now'>): Promise<boolean> {
  const now = new SharedArrayBuffer(12)
  const seen = new Uint32Array(now)
  const began = performance.now()
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { ...order, now } satisfies Order })
  return new Promise(resolve => {
    let lastCase = 0
    let since = performance.now()
    let good = false
    const watch = setInterval(() => {
      const count = seen[2] ?? 0
      if (count !== lastCase) [lastCase, since] = [count, performance.now()]
      if (performance.now() - since < longestMs || count === 0) return
      failed(order.names[seen[0] ?? 0] ?? '', seen[1] ?? 0, `did not end within ${longestMs / 1000} s`, '')
      void worker.terminate()
    }, watchMs)
    worker.on('message', (news: News) => {
      if (news.is === 'failure') return failed(news.target, news.seed, news.what, news.input)
      good = news.tallies.every(({ failures }) => failures === 0)
      console.log(report(news.tallies, order, (performance.now() - began) / 1000))
    })
    worker.on('error', error => failed(order.names[seen[0] ?? 0] ?? '', seen[1] ?? 0, error.stack ?? error.message, ''))
    worker.on('exit', () => {
      clearInterval(watch)
      resolve(good)
    })
  })
}

function failed(target: string, seed: number, what: string, input: string): void {
  console.log(
    `\n${target}, seed ${seed}: ${what}\n  input: ${input}\n  again: npm run fuzz -- --seed '${target}:${seed}'`,
  )
}

function report(tallies: Tallies, { seed }: Pick<Order, 'seed'>, seconds: number): string {
  const rows = tallies.map(({ target, cases, slowest, slowestSeed, failures }) => [
    target,
    String(cases),
    milliseconds(slowest),
    String(slowestSeed),
    String(failures),
  ])
  const sum = (of: 'cases' | 'failures') => tallies.reduce((total, tally) => total + tally[of], 0)
  const totals = `${sum('cases')} cases from seed ${seed} in ${seconds.toFixed(0)} s, ${sum('failures')} failures`
  return `\n${table(['target', 'cases', `slowest (at most ${mostMs} ms)`, 'its seed', 'failures'], rows)}\n\n${totals}`
}

try {
  process.exitCode = (await run(orderOf(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
