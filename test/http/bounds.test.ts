// Who has to go, row by row: each bound on both of its sides.
import t from 'tap'
import { type Connection, isOverdue, type Limits, overBytes, type Phase, roomFor } from '../../http/bounds.ts'

const limits: Limits = {
  connections: 6,
  connectionsOfAddress: 3,
  bytes: 100,
  bytesOfAddress: 60,
  phaseMs: { opening: 5_000, idle: 60_000, asking: 10_000, answering: 20_000 },
  patienceMs: 1_000,
}
const now = 100_000

type Named = Connection & { readonly name: string }
/** In its phase for so many milliseconds. */
function connection(name: string, address: string, phase: Phase, ms: number, more: Partial<Connection> = {}): Named {
  return { name, address, phase, since: now - ms, answered: false, bytes: 0, ...more }
}
const room = (address: string, open: readonly Named[]) => {
  const found = roomFor(address, open, now, limits)
  return typeof found === 'string' ? found : found.name
}

t.test('each phase has its time', async t => {
  for (const [phase, ms] of Object.entries(limits.phaseMs) as [Phase, number][]) {
    t.equal(isOverdue(connection('c', 'a', phase, ms), now, limits), false, phase)
    t.equal(isOverdue(connection('c', 'a', phase, ms + 1), now, limits), true, phase)
  }
})

t.test('room for a connection', async t => {
  const fresh = (name: string, address: string) => connection(name, address, 'asking', 5)
  const rows: readonly [what: string, address: string, open: readonly Named[], expected: string][] = [
    ['nobody is there', 'a', [], 'free'],
    ['a share that is not full', 'a', [fresh('1', 'a'), fresh('2', 'a')], 'free'],
    ['a full share, all at work', 'a', [fresh('1', 'a'), fresh('2', 'a'), fresh('3', 'a')], 'none'],
    ['another address has its own', 'b', [fresh('1', 'a'), fresh('2', 'a'), fresh('3', 'a')], 'free'],
    [
      'a full share: who is slow goes, the slowest first',
      'a',
      [
        connection('1', 'a', 'asking', 1_001),
        connection('2', 'a', 'opening', 1_500),
        connection('3', 'a', 'idle', 9_000),
      ],
      '2',
    ],
    [
      'patience itself is not slow, so that the idle one goes',
      'a',
      [
        connection('1', 'a', 'asking', 1_000),
        connection('2', 'a', 'answering', 1_000),
        connection('3', 'a', 'idle', 1),
      ],
      '3',
    ],
    [
      'of idle ones, who has never asked goes before who has',
      'a',
      [
        connection('1', 'a', 'idle', 50_000, { answered: true }),
        connection('2', 'a', 'idle', 10),
        connection('3', 'a', 'idle', 20),
      ],
      '3',
    ],
    [
      'all places taken: the address with most makes room, by its slowest',
      'c',
      [
        connection('1', 'a', 'asking', 9_000),
        ...['2', '3', '4'].map((name, index) => connection(name, 'b', 'asking', 2_000 + index)),
        connection('5', 'a', 'asking', 9_000),
        connection('6', 'd', 'asking', 9_000),
      ],
      '4',
    ],
    [
      'all places taken, all at work: the oldest of who has more than the newcomer would',
      'c',
      [
        ...['1', '2', '3'].map((name, index) => connection(name, 'a', 'asking', 5 - index)),
        ...['4', '5', '6'].map(name => connection(name, 'b', 'asking', 5)),
      ],
      '1',
    ],
    [
      'all places taken, all at work: as many as the newcomer would have are let be',
      'c',
      [
        ...['1', '2'].map(name => connection(name, 'a', 'asking', 5)),
        ...['3', '4'].map(name => connection(name, 'b', 'asking', 5)),
        ...['5', '6'].map(name => connection(name, 'c', 'asking', 5)),
      ],
      'none',
    ],
  ]
  for (const [what, address, open, expected] of rows) t.equal(room(address, open), expected, what)
})

t.test('bytes that are held', async t => {
  const held = (name: string, address: string, bytes: number, ms = 5) =>
    connection(name, address, 'asking', ms, { bytes })
  const rows: readonly [what: string, open: readonly Named[], expected: string | undefined][] = [
    ['nothing', [], undefined],
    ['a share, exactly', [held('1', 'a', 30), held('2', 'a', 30)], undefined],
    ['a byte beyond: who holds most', [held('1', 'a', 30), held('2', 'a', 31)], '2'],
    ['a byte beyond: who is slow, though others hold more', [held('1', 'a', 20, 1_001), held('2', 'a', 41)], '1'],
    ['patience itself is not slow', [held('1', 'a', 20, 1_000), held('2', 'a', 41)], '2'],
    ['who is slow and holds nothing makes no room', [held('1', 'a', 0, 5_000), held('2', 'a', 61)], '2'],
    ['all, exactly', [held('1', 'a', 50), held('2', 'b', 50)], undefined],
    ['a byte beyond all: of the address with most', [held('1', 'a', 50), held('2', 'b', 26), held('3', 'b', 25)], '2'],
  ]
  for (const [what, open, expected] of rows) t.equal(overBytes(open, now, limits)?.name, expected, what)
})
