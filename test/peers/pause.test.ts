import t from 'tap'
import { parsePause } from '../../peers/pause.ts'
import { pauseRows } from './pauses.ts'

for (const { text, held, odd } of pauseRows) {
  t.test(`repeer.dev/pause: ${JSON.stringify(text) ?? 'absent'}`, async t => {
    const pause = parsePause(text)
    t.equal(pause.held, held)
    t.equal(pause.odd !== undefined, odd)
  })
}

t.test('an odd value is said with what comes of it, what was expected, and short', async t => {
  t.equal(parsePause('yes').odd, 'repeer.dev/pause is "yes", which holds restarts; expected "true" or "false"')
  t.equal(parsePause(' ').odd, 'repeer.dev/pause is "", which does not hold restarts; expected "true" or "false"')
  t.ok((parsePause('\u0007'.repeat(1e6)).odd ?? '').length < 200)
})

t.test('what is no text is none: the API has no such annotation', async t => {
  for (const value of [null, true, 1, {}, ['true']]) t.same(parsePause(value), { held: false })
})
