// From what a soak has seen to its tables. Pure.
import { mebibytes, percentile, ratio, table } from '../bench/table.ts'
import type { Course } from './vitals.ts'

export type Outcome = {
  readonly words: string
  /** `edit`, `move`, or nothing but a restart of our own. */
  readonly stir: string
  readonly own?: string
  /** Names of the nodes that had to be restarted, and of those that were, each as often as it was. */
  readonly needed: readonly string[]
  readonly restarted: readonly string[]
  /** Undefined: not within the time given. */
  readonly healedSeconds?: number
  /** Promises broken: test/chaos/oracle.ts. */
  readonly broken: readonly string[]
}

export type OwnCourse = { readonly name: string; readonly rss: Course; readonly files: Course }

export type Figures = {
  readonly kubernetes: string
  readonly seed: number
  readonly minutes: number
  /** The machine's load average over 15 minutes, at the end. */
  readonly load: number
  readonly outcomes: readonly Outcome[]
  readonly courses: readonly OwnCourse[]
  /** Restarts of our own containers that nobody asked for. */
  readonly unasked: readonly string[]
  readonly left: readonly string[]
}

/** Of an act: restarts of nodes that needed none, or more than needed; and needed ones that were not made. */
export function against({ needed, restarted }: Pick<Outcome, 'needed' | 'restarted'>) {
  const names = [...new Set([...needed, ...restarted])]
  const count = (of: readonly string[], name: string) => of.filter(other => other === name).length
  const differences = names.map(name => count(restarted, name) - count(needed, name))
  const sum = (some: readonly number[]) => some.reduce((total, value) => total + value, 0)
  return {
    without: sum(differences.filter(difference => difference > 0)),
    lacking: sum(differences.filter(difference => difference < 0).map(difference => -difference)),
  }
}

export function soakReport({ kubernetes, seed, minutes, load, outcomes, courses, unasked, left }: Figures): string {
  const total = (of: (outcome: Outcome) => number, some = outcomes) =>
    some.reduce((sum, outcome) => sum + of(outcome), 0)
  const healed = outcomes.flatMap(({ healedSeconds }) => healedSeconds ?? [])
  const row = (what: string, some: readonly Outcome[]) => {
    const [needed, done] = [
      total(({ needed }) => needed.length, some),
      total(({ restarted }) => restarted.length, some),
    ]
    return [
      what,
      String(some.length),
      String(needed),
      String(done),
      ratio(done, needed),
      String(total(outcome => against(outcome).without, some)),
      String(total(outcome => against(outcome).lacking, some)),
    ]
  }
  const acts = [
    row(
      'edits of lists',
      outcomes.filter(({ stir }) => stir === 'edit'),
    ),
    row(
      'moves of pods',
      outcomes.filter(({ stir }) => stir === 'move'),
    ),
    row(
      'restarts of our own alone',
      outcomes.filter(({ stir }) => stir === 'nothing'),
    ),
    row('all (goal: 1.00x)', outcomes),
  ]
  const memory = courses.map(({ name, rss, files }) => [
    name,
    `${rss.minutes.toFixed(0)} min`,
    mebibytes(rss.first),
    mebibytes(rss.last),
    mebibytes(rss.most),
    `${signed(rss.trend.slope / 2 ** 20)} ± ${(rss.trend.error / 2 ** 20).toFixed(2)} MiB/h`,
    `${files.first.toFixed(1)} -> ${files.last.toFixed(1)}`,
    `${signed(files.trend.slope)} ± ${files.trend.error.toFixed(2)} /h`,
  ])
  const own = Map.groupBy(
    outcomes.flatMap(({ own }) => own ?? []),
    name => name,
  )
  const broken = outcomes.flatMap(({ words, broken }) => broken.map(sentence => `${sentence} (${words})`))
  const seconds = (value: number) => `${value.toFixed(1)} s`
  const worst = `worst ${seconds(Math.max(...healed))}; not in time: ${outcomes.length - healed.length}`
  return [
    `Soak of ${minutes} min, seed ${seed}, Kubernetes ${kubernetes}, load average at the end ${load.toFixed(1)}`,
    '',
    table(['', 'acts', 'restarts needed', 'done', 'ratio', 'without need', 'not made'], acts),
    '',
    `  of our own restarted: ${[...own].map(([name, { length }]) => `${name} ${length}`).join(', ') || 'nothing'}`,
    `  healed after: p50 ${seconds(percentile(healed, 0.5))}, p95 ${seconds(percentile(healed, 0.95))}, ${worst}`,
    '',
    table(['', 'over', 'first', 'last', 'most', 'slope', 'open files', 'slope'], memory),
    '',
    ...lines('restarted by themselves (goal: nothing)', unasked),
    ...lines('promises broken (goal: none)', broken),
    ...lines('left behind (goal: nothing)', left),
  ].join('\n')
}

const signed = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(2)}`

function lines(what: string, found: readonly string[]): string[] {
  return [`  ${what}: ${found.length === 0 ? 'none' : found.length}`, ...found.map(text => `    ${text}`)]
}
