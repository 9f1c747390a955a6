import t from 'tap'
import { readBech32, writeBech32 } from '../../../../discovery/sources/validators/bech32.ts'

t.test('addresses', async t => {
  // BIP 173's example key hash, and an address of a Cosmos chain.
  const hash = '751e76e8199196d454941c45d1b3a323f1433bd6'
  t.equal(writeBech32('cosmos', Buffer.from(hash, 'hex')), 'cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c')
  t.equal(readBech32('cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c')?.bytes.toString('hex'), hash)
  t.equal(readBech32('cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c')?.prefix, 'cosmos')
})

t.test('what is no address', async t => {
  const good = writeBech32('cosmosvaloper', Buffer.alloc(20, 5))
  const bad = [
    `${good.slice(0, -1)}q`,
    good.toUpperCase(),
    good.slice(0, 20),
    '',
    '1',
    'x'.repeat(1_000_000),
    good.replace('1', 'b'),
  ]
  for (const text of bad) t.equal(readBech32(text), undefined, text.slice(0, 60))
})
