// The error names source, place, finding and expectation, and stays short and printable whatever it is about.
import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { PeerListError, printable } from '../../peers/peer-list-error.ts'

/** UTF-16 units of any kind, lone surrogates among them. */
const anyText = fc.uint16Array({ maxLength: 200 }).map(units => String.fromCharCode(...units))

const problem = (found: string) => ({ source: 'config.toml', where: 'line 3', found, expected: 'HOST:PORT' })

t.test('one problem is one sentence', t => {
  const error = new PeerListError([problem('a b')])
  t.equal(error.message, 'config.toml, line 3: expected HOST:PORT')
  t.equal(error.quoted(), 'config.toml, line 3: found "a b", expected HOST:PORT')
  t.equal(error.name, 'PeerListError')
  t.ok(error instanceof Error)
  t.strictSame(error.problems, [problem('a b')])
  t.end()
})

t.test('many problems are counted beyond the first five, and kept up to a hundred', t => {
  const error = new PeerListError(Array.from({ length: 5000 }, (_, index) => problem(`x${index}`)))
  t.equal(error.problems.length, 100)
  t.match(error.message, /^(config.toml, line 3: expected HOST:PORT; ){5}and 4995 more$/)
  t.match(error.quoted(), /found "x0".*found "x4", expected HOST:PORT; and 4995 more$/)
  t.notMatch(error.quoted(), /x5"/)
  t.end()
})

t.test('what stands in the list is in nothing that a log, a page or an Event has of the error', t => {
  const error = new PeerListError([problem('canary-1'), problem('12345 canary')])
  for (const text of [error.message, String(error), error.stack, JSON.stringify(error), inspect(error)])
    t.notMatch(text, /canary|12345/)
  for (const found of ['an array of 3', 'a table', '2000000 bytes', 'the end of the text'])
    t.equal(
      new PeerListError([problem(found)]).message,
      `config.toml, line 3: found ${found}, expected HOST:PORT`,
      'the kind of a thing is said',
    )
  for (const found of [
    'an array of 3 canaries',
    'a table of canaries',
    'canary 5 bytes',
    '5 bytes\ncanary',
    'true canary',
  ])
    t.notMatch(new PeerListError([problem(found)]).message, /canar/)
  t.end()
})

t.test('what is found is printable and short', t => {
  t.equal(
    printable('a\n\t\r\u0000\u001b[2J\u009b\u202e\u2028\ufeff'),
    'a\\n\\t\\r\\u0000\\u001b[2J\\u009b\\u202e\\u2028\\ufeff',
  )
  t.equal(printable('x'.repeat(80)), 'x'.repeat(80))
  t.equal(printable('x'.repeat(81)), `${'x'.repeat(79)}…`)
  t.equal(new PeerListError([problem('\n'.repeat(100))]).problems[0]?.found.length, 80)
  fc.assert(
    fc.property(anyText, text => printable(text).length <= 80 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(printable(text))),
  )
  t.end()
})
