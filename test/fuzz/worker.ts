// Runs cases in a thread of its own, so that fuzz.ts can tell of one that does not end.
import { parentPort, workerData } from 'node:worker_threads'
import { randomFrom } from './random.ts'
import { runCase } from './run-case.ts'
import type { Opened } from './target.ts'
import { targets } from './targets/index.ts'

export type Order = {
  /** Names of targets. */
  readonly names: readonly string[]
  /** Of the first case; each next one has the next number. */
  readonly seed: number
  /** Cases in all, shared out by the targets' weights. Undefined: until the time is over. */
  readonly cases?: number
  readonly seconds?: number
  /** Where it says what runs: the target's place in `names`, and the seed. */
  readonly now: SharedArrayBuffer
  /** Prints the input and what came of it: for one case that is run again. */
  readonly show: boolean
}

export type Tally = { cases: number; slowest: number; slowestSeed: number; failures: number }
export type News =
  | {
      readonly is: 'failure'
      readonly target: string
      readonly seed: number
      readonly what: string
      readonly input: string
    }
  | { readonly is: 'tallies'; readonly tallies: readonly (Tally & { readonly target: string })[] }

/** Characters of an input that is printed with its failure; all of it where one case is run again. */
const shownCharacters = 2000
/** Failures of a target that are printed; the rest is counted. */
const shownFailures = 5
/** Seeds are whole numbers below. */
const seeds = 2 ** 32

async function work(order: Order): Promise<void> {
  const tell = (news: News) => parentPort?.postMessage(news)
  const now = new Uint32Array(order.now)
  const chosen = targets.filter(({ name }) => order.names.includes(name))
  const opened: Opened[] = []
  for (const target of chosen) opened.push(await target.open())
  const tallies = chosen.map((): Tally => ({ cases: 0, slowest: 0, slowestSeed: 0, failures: 0 }))
  const end = performance.now() + (order.seconds ?? Number.POSITIVE_INFINITY) * 1000
  let done = 0
  for (; done < (order.cases ?? Number.POSITIVE_INFINITY) && performance.now() < end; done++) {
    const index = mostBehind(
      chosen.map(({ weight }) => weight),
      tallies,
    )
    const [target, ready, tally] = [chosen[index], opened[index], tallies[index]]
    if (!target || !ready || !tally) break
    const seed = (order.seed + done) % seeds
    now[0] = index
    now[1] = seed
    now[2] = done + 1
    const { ms, failure } = await runCase(ready, seed)
    tally.cases++
    if (ms > tally.slowest) Object.assign(tally, { slowest: ms, slowestSeed: seed })
    if (failure !== undefined && ++tally.failures <= shownFailures)
      tell({ is: 'failure', target: target.name, seed, what: failure, input: inputOf(ready, seed, order.show) })
    else if (order.show)
      tell({ is: 'failure', target: target.name, seed, what: 'no failure', input: inputOf(ready, seed, true) })
  }
  for (const ready of opened) await ready.close?.()
  tell({ is: 'tallies', tallies: tallies.map((tally, index) => ({ ...tally, target: chosen[index]?.name ?? '' })) })
}

/** The target with the fewest cases for its weight. */
function mostBehind(weights: readonly number[], tallies: readonly Tally[]): number {
  let least = 0
  let share = Number.POSITIVE_INFINITY
  for (const [index, weight] of weights.entries()) {
    const its = ((tallies[index]?.cases ?? 0) + 0.5) / weight
    if (its < share) [least, share] = [index, its]
  }
  return least
}

/** As JSON, so that it can be pasted into a test. */
function inputOf({ make }: Opened, seed: number, whole: boolean): string {
  let input: unknown
  try {
    input = make(randomFrom(seed)).input
  } catch (error) {
    return `cannot be made: ${String(error)}`
  }
  const text = typeof input === 'string' ? input : JSON.stringify(input, undefined, whole ? 2 : 0)
  return whole || text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`
}

await work(workerData as Order)
