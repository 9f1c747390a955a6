import fc from 'fast-check'
import t from 'tap'
import { parsePage } from '../../peers/page-check.ts'
import { inherited } from '../fixtures/inherited.ts'
import { examplePage, hashes } from './fixtures/page.ts'

/** The example with some fields replaced, as text; undefined leaves one out. */
const withFields = (fields: Record<string, unknown>) => JSON.stringify({ ...examplePage, ...fields })

t.test('a page comes out as it went in', async t => {
  t.strictSame(parsePage(JSON.stringify(examplePage)), examplePage)
  const { reason, sentence, detail, until, turn, notes, notFollowed, lacking, ...least } = examplePage
  t.ok(reason && sentence && detail && until && turn && notes && notFollowed && lacking)
  const bare = {
    ...least,
    applied: null,
    wanted: null,
    list: null,
    peers: [],
    restarts: [],
    told: [],
    lookups: [],
    node: { seenBy: 'nothing' },
  }
  t.strictSame(parsePage(JSON.stringify(bare)), bare)
  t.equal(parsePage(withFields({ turn: hashes.blind })).turn, hashes.blind)
})

t.test('pages of other versions: fields that are not known, and some that are missing', async t => {
  const page = parsePage(
    withFields({ future: { a: 1 }, reason: 'a-new-reason', told: undefined, node: { ...examplePage.node, future: 1 } }),
  )
  t.notOk('future' in page || 'reason' in page || 'future' in page.node)
  t.same([page.told, page.sentence], [[], examplePage.sentence])
  t.notOk('reason' in parsePage(withFields({ reason: 'constructor' })))
  const peer = { peer: 'a:1', addresses: [], standing: 'absent' }
  t.strictSame(parsePage(withFields({ peers: [{ ...peer, because: 'constructor' }] })).peers, [peer])
})

t.test('what cannot be used is said, with what was found and what was expected', async t => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ phase: 'dancing' }, /page\.phase: found "dancing", expected one of starting, settled, /],
    [{ phase: undefined }, /page\.phase: found nothing/],
    [{ reason: 7 }, /page\.reason: found 7/],
    [{ wanted: 'x' }, /page\.wanted: found "x", expected a hash, or null/],
    [{ wanted: undefined }, /page\.wanted: found nothing/],
    [{ applied: `s1:${'0'.repeat(500)}` }, /page\.applied/],
    [{ list: ['p1:'] }, /page\.list: found an array of 1/],
    [{ turn: null }, /page\.turn/],
    [{ notes: 'x' }, /page\.notes: found "x", expected a hash/],
    [{ since: 'yesterday' }, /page\.since: found "yesterday", expected a time such as/],
    [{ since: '2026-13-45T99:00:00Z' }, /page\.since/],
    [{ container: 'a\nb' }, /page\.container/],
    [{ container: 'x'.repeat(1000) }, /page\.container: found "x+…, expected a text of at most/],
    [{ connected: -1 }, /page\.connected/],
    [{ lacking: { peers: 1 } }, /page\.lacking\.since: found nothing/],
    [{ lacking: { peers: 'x', since: examplePage.since } }, /page\.lacking\.peers/],
    [{ peers: [{ peer: 'a:1', addresses: [], standing: 'absent', since: 'soon' }] }, /page\.peers\[0\]\.since/],
    [{ peers: Array(10_001).fill(null) }, /page\.peers: found an array of 10001, expected at most 10000/],
    [{ peers: [{ peer: 'a:1', addresses: [7], standing: 'connected' }] }, /page\.peers\[0\]\.addresses\[0\]/],
    [
      { notFollowed: Array(11).fill({ container: 'a', program: 'b' }) },
      /page\.notFollowed: found an array of 11, expected at most 10/,
    ],
    [{ notFollowed: [{ container: 'a' }] }, /page\.notFollowed\[0\]\.program: found nothing/],
    [{ node: null }, /page\.node: found null, expected an object/],
    [{ node: { seenBy: 'x', votingPower: '10' } }, /page\.node\.votingPower: found "10", expected a number/],
    [{ node: { seenBy: 'x', votingPower: -1 } }, /page\.node\.votingPower/],
    [{ restarts: [{ ...examplePage.restarts[0], outcome: 'fine' }] }, /page\.restarts\[0\]\.outcome: found "fine"/],
    [{ restarts: [{ ...examplePage.restarts[0], turn: 'mine' }] }, /page\.restarts\[0\]\.turn: found "mine"/],
    [{ restarts: {} }, /page\.restarts: found an object, expected an array/],
    [{ told: ['x'] }, /page\.told\[0\]: found "x", expected an object/],
  ]
  for (const [fields, message] of cases)
    t.throws(() => parsePage(withFields(fields)), { message }, JSON.stringify(fields).slice(0, 60))
  for (const text of ['', '{', 'null', '[]', '<html>'])
    t.throws(() => parsePage(text), { message: /^the status page cannot be used: / })
  // Infinity, which JSON cannot say in words.
  t.throws(
    () => parsePage(JSON.stringify(examplePage).replace('"votingPower":10', '"votingPower":1e999')),
    /votingPower/,
  )
})

t.test('texts and histories have bounds', async t => {
  const restart = examplePage.restarts[0]
  const restarts = Array.from({ length: 200 }, (_, i) => ({ ...restart, why: `number ${i}` }))
  const page = parsePage(
    withFields({ detail: `\u001b[31m${'x'.repeat(100_000)}`, sentence: 'one\ntwo\u202e', restarts }),
  )
  t.equal(page.detail?.length, 500)
  t.match([page.detail, page.sentence], [/^ \[31mx/, 'one two '])
  t.same([page.restarts.length, page.restarts.at(-1)?.why], [50, 'number 199'])
  try {
    parsePage(withFields({ peers: Array(9_999).fill(Array(10).fill('x'.repeat(50))) }))
    t.fail('an array is no peer')
  } catch (error) {
    t.ok((error as Error).message.length < 2000)
    t.match((error as Error).message, /; and at least 95 more$/)
  }
})

t.test('a page of nothing but problems costs little: no more than 100 of them are looked for', async t => {
  const messageOf = (fields: Record<string, unknown>) => {
    try {
      parsePage(withFields(fields))
      return 'no problem'
    } catch (error) {
      return (error as Error).message
    }
  }
  const peer = { peer: 'a:1', standing: 'absent' }
  const odd = (peers: number, addresses: number) => ({
    peers: Array(peers).fill({ ...peer, addresses: Array(addresses).fill(7) }),
  })
  t.match(messageOf(odd(1, 900)), /peers\[0\]\.addresses\[0\]: found number, expected an IP address$/, 'one for all')
  t.match(messageOf({ peers: [{ ...peer, addresses: ['::', 7] }] }), /addresses\[1\]: found number/)
  t.match(messageOf(odd(99, 1)), /; and 94 more$/)
  t.match(messageOf(odd(100, 1)), /; and at least 95 more$/)
  t.match(messageOf(odd(101, 1)), /; and at least 95 more$/)
  const lookups = Array(500).fill(null)
  t.match(messageOf({ lookups }), /page\.lookups\[4\]: .*; and at least 95 more$/)
  const start = process.threadCpuUsage()
  t.match(messageOf(odd(300, 900)), /; and at least 95 more$/)
  const { user, system } = process.threadCpuUsage(start)
  t.ok(user + system < 100_000, `${user + system} us of 270,000 problems: it was 265,000`)
})

t.test('whatever comes, it is a page or an Error with a short message', async t => {
  const fields = Object.keys(examplePage)
  const hostile = fc.dictionary(fc.constantFrom(...fields, ...inherited), fc.jsonValue())
  const property = fc.property(hostile, replaced => {
    try {
      const page = parsePage(JSON.stringify({ ...examplePage, ...replaced }))
      if (JSON.stringify(page).length > 100_000) throw new Error('too much was kept')
      for (const key of Object.keys(page)) if (!fields.includes(key)) throw new Error(`${key} was kept`)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('the status page cannot be used: ')) throw error
      if (error.message.length > 3000) throw new Error('a long message')
    }
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})
