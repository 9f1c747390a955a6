import fc from 'fast-check'
import t from 'tap'
import {
  bytesOf,
  number,
  readMessage,
  text,
  texts,
  writeMessage,
} from '../../../../discovery/sources/validators/protobuf.ts'
import { consumersQuery, validatorsQuery } from '../../../../discovery/sources/validators/queries.ts'

t.test('the examples of the format guide', async t => {
  t.equal(number(readMessage(Buffer.from('089601', 'hex')), 1), 150)
  t.equal(text(readMessage(Buffer.from('120774657374696e67', 'hex')), 2), 'testing')
  t.equal(writeMessage([[1, 150]]).toString('hex'), '089601')
  t.same(texts(readMessage(Buffer.from('0a01610a0162', 'hex')), 1), ['a', 'b'])
  t.equal(number(readMessage(Buffer.alloc(0)), 1), 0, 'the default')
  t.equal(readMessage(Buffer.from('0d010000000901000000000000000801', 'hex')).size, 1, 'fixed lengths are left out')
})

t.test('what is no message', async t => {
  const bad = ['08', '0a05', '0b', '00', '0affffffffffffffffff01', '08ffffffffffffffffffffff', '0d0000', 'ffffffffff']
  for (const hex of bad) t.throws(() => readMessage(Buffer.from(hex, 'hex')), hex)
  t.throws(() => bytesOf(readMessage(Buffer.from('0801', 'hex')), 1), /expected bytes/)
})

t.test('any bytes are read or refused, quickly', async () => {
  for (const { read } of [validatorsQuery(new Uint8Array()), consumersQuery(new Uint8Array())]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        try {
          read(bytes)
        } catch (error) {
          return error instanceof Error && error.message.startsWith('found')
        }
        return true
      }),
      { numRuns: 2000 },
    )
  }
})

t.test('what is written is read', async () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), fc.uint8Array(), (count, word, bytes) => {
      const message = readMessage(
        writeMessage([
          [1, count],
          [2, word],
          [300, bytes],
        ]),
      )
      return (
        number(message, 1) === count && text(message, 2) === word && Buffer.compare(bytesOf(message, 300), bytes) === 0
      )
    }),
  )
})
