import t from 'tap'
import { against, type Outcome, soakReport } from './report.ts'
import type { Course } from './vitals.ts'

const outcome = (over: Partial<Outcome>): Outcome => ({
  words: '1: node1 moves',
  stir: 'move',
  needed: [],
  restarted: [],
  healedSeconds: 4,
  broken: [],
  ...over,
})

t.test('restarts against those needed, node by node', async t => {
  t.same(against({ needed: ['a', 'b'], restarted: ['b', 'a'] }), { without: 0, lacking: 0 })
  t.same(
    against({ needed: ['a'], restarted: ['b'] }),
    { without: 1, lacking: 1 },
    'the wrong node makes up for nothing',
  )
  t.same(against({ needed: ['a'], restarted: ['a', 'a', 'b'] }), { without: 2, lacking: 0 })
})

t.test('the tables', async t => {
  const flat: Course = {
    minutes: 15,
    first: 2 ** 20,
    last: 2 ** 21,
    most: 2 ** 22,
    trend: { slope: -(2 ** 20), error: 2 ** 19 },
  }
  const files: Course = { ...flat, first: 21, last: 22, trend: { slope: 0.5, error: 0.25 } }
  const text = soakReport({
    kubernetes: 'v1',
    seed: 7,
    minutes: 20,
    load: 2,
    outcomes: [
      outcome({ stir: 'edit', needed: ['a', 'b'], restarted: ['a', 'b'], own: 'webhook' }),
      outcome({ restarted: ['a'], healedSeconds: 9 }),
      { words: '3: x', stir: 'nothing', needed: [], restarted: [], broken: ['a ran twice at once'], own: 'webhook' },
    ],
    courses: [{ name: 'webhook', rss: flat, files }],
    unasked: [],
    left: ['Lease a/b has come'],
  })
  t.match(text, /edits of lists +1 +2 +2 +1\.00x +0 +0\n/)
  t.match(text, /moves of pods +1 +0 +1 +- +1 +0\n/)
  t.match(text, /all \(goal: 1\.00x\) +3 +2 +3 +1\.50x +1 +0\n/)
  t.match(text, /of our own restarted: webhook 2\n/)
  t.match(text, /worst 9\.0 s; not in time: 1\n/)
  t.match(
    text,
    /webhook +15 min +1\.0 MiB +2\.0 MiB +4\.0 MiB +-1\.00 ± 0\.50 MiB\/h +21\.0 -> 22\.0 +\+0\.50 ± 0\.25 \/h/,
  )
  t.match(text, /restarted by themselves \(goal: nothing\): none\n/)
  t.match(text, /a ran twice at once \(3: x\)\n/)
  t.match(text, /left behind \(goal: nothing\): 1\n +Lease a\/b has come/)
})
