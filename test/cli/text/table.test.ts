// Tables, times and texts of the cluster commands.
import t from 'tap'
import { plainLine } from '../../../cli/text/plain-line.ts'
import { ago, duration } from '../../../cli/text/relative-time.ts'
import { tableOf } from '../../../cli/text/table.ts'

t.test('columns leave by rank, then the name is shortened in its middle', async t => {
  const rows = [{ name: 'validator-of-osmosis-0' }, { name: 'b' }]
  const columns = [
    { title: 'POD', text: (row: { name: string }) => row.name, shrinks: true },
    { title: 'STATE', text: () => 'settled' },
    { title: 'BY', text: () => 'wrap', rank: 2 },
    { title: 'LIST', text: () => 'agrees', rank: 1 },
  ]
  const lines = (width: number) => {
    const {
      header,
      rows: [first = ''],
    } = tableOf(rows, columns, width)
    return [header, first]
  }
  t.strictSame(lines(80), [
    'POD                     STATE    BY    LIST',
    'validator-of-osmosis-0  settled  wrap  agrees',
  ])
  t.strictSame(lines(44), ['POD                     STATE    LIST', 'validator-of-osmosis-0  settled  agrees'])
  t.strictSame(lines(32), ['POD                     STATE', 'validator-of-osmosis-0  settled'])
  t.strictSame(lines(26), ['POD                STATE', 'validato…smosis-0  settled'])
  t.strictSame(lines(5), ['POD           STATE', 'valid…osis-0  settled'], 'no shorter than tells anything')
})

t.test('times', async t => {
  const now = Date.parse('2026-11-21T08:00:00Z')
  const at = (seconds: number) => new Date(now - seconds * 1000).toISOString()
  t.strictSame(
    [0, -30, 1, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map(seconds => ago(at(seconds), now)),
    ['now', 'now', '1 s ago', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '47 h ago', '2 d ago'],
  )
  t.equal(ago('soon', now), 'soon')
  t.equal(duration(86_400 * 400), '400 d')
})

t.test('texts of others do nothing to a terminal', async t => {
  t.equal(plainLine('a\nb\tc\u001b[2J\u202e'), 'a b c\\u001b[2J\\u202e')
  t.equal(plainLine('abcdef', 4), 'abc…')
})
