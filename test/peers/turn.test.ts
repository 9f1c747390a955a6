// The grammar of repeer.dev/turn and the words of repeer.dev/turn-wait: as they are written, and as each reader has them.
import t from 'tap'
import {
  blindTurn,
  formatTurnWait,
  isBlindTurn,
  isTurn,
  isWithdrawn,
  liveTurn,
  parseTurnWait,
  retiredTurn,
  turnId,
} from '../../peers/turn.ts'

const id = `s1:${'ab'.repeat(16)}`
const blind = blindTurn('p1:00', '{}')

const rows: readonly [text: string, live: string | undefined, withdrawn: boolean, isTurn: boolean][] = [
  [id, id, false, true],
  [blind, blind, false, true],
  [retiredTurn(id, 'spent'), undefined, false, true],
  [retiredTurn(id, 'withdrawn'), undefined, true, true],
  [retiredTurn(blind, 'spent'), undefined, false, true],
  [`z123:${'0'.repeat(128)}`, `z123:${'0'.repeat(128)}`, false, true],
  ['', undefined, false, false],
  ['spent ', undefined, false, false],
  // Nobody writes these: they count as turns until they are taken back, and no page may hold them.
  ['spent', 'spent', false, false],
  ['Spent s1:00000000', 'Spent s1:00000000', false, false],
  ['s1:0000000', 's1:0000000', false, false],
  [`s1:${'0'.repeat(129)}`, `s1:${'0'.repeat(129)}`, false, false],
  [`spent spent ${id}`, undefined, false, false],
  [`${id}\n`, `${id}\n`, false, false],
]
for (const [text, live, withdrawn, valid] of rows) {
  t.test(`turn ${JSON.stringify(text.slice(0, 40))}`, async t => {
    t.equal(liveTurn(text), live)
    t.equal(isWithdrawn(text), withdrawn)
    t.equal(isTurn(text), valid)
  })
}

t.test('none is neither live nor withdrawn', async t => {
  t.equal(liveTurn(undefined), undefined)
  t.equal(isWithdrawn(undefined), false)
})

t.test('what is written in place of a turn holds its ID', async t => {
  for (const turn of [id, blind]) {
    for (const word of ['spent', 'withdrawn'] as const) {
      t.equal(retiredTurn(turn, word), `${word} ${turn}`)
      t.equal(turnId(retiredTurn(turn, word)), turn)
    }
    t.equal(turnId(turn), turn)
  }
})

t.test('a blind turn is of both annotations, and told by its kind', async t => {
  t.match(blind, /^b1:[0-9a-f]{32}$/)
  t.ok(isBlindTurn(blind))
  t.notOk(isBlindTurn(id))
  const others = [
    ['p1:01', '{}'],
    ['p1:00', '{"a":{}}'],
    [undefined, '{}'],
    ['p1:00', undefined],
  ] as const
  for (const [list, endpoints] of others) t.not(blindTurn(list, endpoints), blind)
  t.equal(blindTurn(undefined, undefined), blindTurn('', ''), 'an empty annotation is none')
})

t.test('why there is no turn: what is read is what was written, of at most 500 characters', async t => {
  for (const why of ['node1-0 goes first', ' x \n', 'x'.repeat(500), 'x'.repeat(501), `${'x'.repeat(499)} y`]) {
    const written = formatTurnWait(why)
    t.ok(written.length <= 500)
    t.equal(parseTurnWait(written), written)
    t.equal(parseTurnWait(why), written)
  }
  for (const nothing of [undefined, '', ' \n', 7, null]) t.equal(parseTurnWait(nothing), undefined)
})
