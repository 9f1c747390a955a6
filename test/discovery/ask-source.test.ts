import t from 'tap'
import { askSource } from '../../discovery/ask-source.ts'
import type { Source } from '../../discovery/source.ts'
import { found } from './fixtures/specs.ts'

const source = (look: Source['look']): Source => ({ look, close: async () => {} })
const heeds = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('I was ended'))))

// The timeout does not keep the process running.
const alive = setInterval(() => {}, 1000)
t.teardown(() => clearInterval(alive))

t.test('what it finds, and why it says nothing', async t => {
  const { signal } = new AbortController()
  const rows: [what: string, source: Parameters<typeof askSource>[0], timeoutMs: number, answer: unknown][] = [
    ['an answer', source(async () => found('a')), 20_000, found('a')],
    ['a source that could not be made', { error: 'no such kind' }, 20_000, 'no such kind'],
    ['one that fails', source(() => Promise.reject(new Error('forbidden'))), 20_000, 'forbidden'],
    ['one that is late', source(heeds), 5, 'no answer within 0.005 s: '],
    ['one that heeds no signal', source(() => new Promise(() => {})), 5, 'no answer within 0.005 s: '],
  ]
  for (const [what, asked, timeoutMs, answer] of rows) {
    const got = await askSource(asked, timeoutMs, signal)
    if (typeof answer === 'string' && typeof got === 'string') t.ok(got.startsWith(answer), `${what}: ${got}`)
    else t.strictSame(got, answer, what)
  }
})

t.test('the end of all does not wait for it', async t => {
  const stop = new AbortController()
  const asked = askSource(
    source(() => new Promise(() => {})),
    20_000,
    stop.signal,
  )
  stop.abort()
  t.equal(await asked, 'the source has not answered')
  t.equal(
    await askSource(
      source(() => new Promise(() => {})),
      20_000,
      stop.signal,
    ),
    'the source has not answered',
  )
})
