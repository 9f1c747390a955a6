// Bodies in all the pieces that they may come in.
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { pieceBytes, readBody } from '../../webhook/read-body.ts'

const bounds = { most: 100_000, hold: () => true }
const of = (...chunks: (string | Buffer)[]) => Readable.from(chunks.map(chunk => Buffer.from(chunk)))

t.test('the text, whatever pieces it comes in', async t => {
  for (const length of [0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes, 100_000]) {
    const text = Array.from({ length }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
    t.equal(await readBody(of(text), undefined, bounds), text, `${length} in one`)
    const chunks = text.match(/.{1,7}/g) ?? []
    t.equal(await readBody(of(...chunks), text.length, bounds), text, `${length} in sevens`)
  }
  const umlauts = 'ж'.repeat(pieceBytes)
  t.equal(await readBody(of(Buffer.from(umlauts)), undefined, bounds), umlauts, 'characters across pieces')
  t.equal(await readBody(of(Buffer.from([0x61, 0xff])), undefined, bounds), 'a\ufffd')
})

t.test('many at once do not mix', async t => {
  const bodies = Array.from({ length: 20 }, () => new PassThrough())
  const read = bodies.map(body => readBody(body, undefined, bounds))
  for (let round = 0; round < 40; round++)
    for (const [index, body] of bodies.entries()) body.write(`${index},`.repeat(500))
  for (const body of bodies) body.end()
  for (const [index, text] of (await Promise.all(read)).entries()) t.equal(text, `${index},`.repeat(500 * 40))
})

t.test('its bound: declared, or found', async t => {
  t.equal((await readBody(of('x'.repeat(10)), 10, { ...bounds, most: 10 })).length, 10)
  await t.rejects(readBody(of('x'), 11, { ...bounds, most: 10 }), /found 11 bytes/)
  await t.rejects(readBody(of('x'.repeat(11)), undefined, { ...bounds, most: 10 }), /found more than 10 bytes/)
})

t.test('each piece is told before it is taken; where it is refused nothing comes of it', async t => {
  const told: number[] = []
  const hold = (bytes: number) => told.push(bytes) < 3
  t.equal((await readBody(of('x'.repeat(2 * pieceBytes)), undefined, { ...bounds, hold })).length, 2 * pieceBytes)
  t.strictSame(told, [pieceBytes, pieceBytes])
  await t.rejects(readBody(of('x'), undefined, { ...bounds, hold }), /was closed for what it held/)
})

t.test('a body that breaks off', async t => {
  const body = new PassThrough()
  const read = readBody(body, 10, bounds)
  body.write('x')
  body.destroy()
  await t.rejects(read, /broke off/)
})
