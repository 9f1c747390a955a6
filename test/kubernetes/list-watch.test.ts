// When it waits: after failures, longer each time; not for a version that has expired, unless the list that followed
// has expired as well.
import t from 'tap'
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import { AnswerTooLong } from '../../kubernetes/bounded-text.ts'
import { listWatch } from '../../kubernetes/list-watch.ts'

const refused = () => new ApiError('connect ECONNREFUSED', 0)
const expired = () => new ApiError('too old resource version', 410)

type Step = Error | 'hold'

/**
 * Plays the answers of lists and watches, in their order, and gives back what happened: `list`, `watch`, and `behind`
 * for what was a failure. A failure waits for a tenth of a second or more, so what has no wait between is what happens
 * within 50 ms.
 */
async function played(steps: {
  lists: (Error | undefined)[]
  watches: Step[]
}): Promise<{ log: string[]; waits: number[] }> {
  const stop = new AbortController()
  const log: string[] = []
  const waits: number[] = []
  let last = performance.now()
  const note = (what: string) => {
    log.push(what)
    waits.push(performance.now() - last)
    last = performance.now()
  }
  const lists = [...steps.lists]
  const watches = [...steps.watches]
  const api: ApiReader = {
    get: async () => {
      note('list')
      const step = lists.shift()
      if (step) throw step
      return { items: [], metadata: { resourceVersion: '1' } }
    },
    stream: async (_path, _query, on) => {
      note('watch')
      const step = watches.shift()
      if (step === undefined) stop.abort()
      if (step instanceof Error) throw step
      on.open()
      on.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '2' } } })
      throw refused()
    },
  }
  const handlers = {
    keep: () => undefined,
    replace: () => {},
    set: () => {},
    remove: () => {},
    synced: () => {},
    behind: () => log.push('behind'),
  }
  const times = { minRetrySeconds: 0.1, maxRetrySeconds: 1, watchSeconds: 60, random: () => 0 }
  await listWatch(api, { path: '/pods' }, handlers, times, stop.signal)
  return { log: log.slice(0, log.lastIndexOf('watch')), waits }
}

t.test('an expired version lists at once', async t => {
  const { log, waits } = await played({ lists: [], watches: [expired()] })
  t.strictSame(log, ['list', 'watch', 'list'])
  t.ok(Math.max(...waits) < 80, String(waits))
})

t.test('also after an outage, whose failures are over by then', async t => {
  const { log, waits } = await played({ lists: [], watches: [refused(), refused(), refused(), refused(), expired()] })
  t.strictSame(log, [
    'list',
    'watch',
    'behind',
    'watch',
    'behind',
    'watch',
    'behind',
    'watch',
    'behind',
    'watch',
    'list',
  ])
  t.ok((waits[6] ?? 1000) < 80, `${waits[6]} ms between the expired watch and its list`)
})

t.test('a second one in a row waits, and no longer than a first failure', async t => {
  const { log, waits } = await played({ lists: [], watches: [refused(), refused(), refused(), expired(), expired()] })
  t.strictSame(log, [
    'list',
    'watch',
    'behind',
    'watch',
    'behind',
    'watch',
    'behind',
    'watch',
    'list',
    'watch',
    'behind',
    'list',
  ])
  const wait = waits[7] ?? 0
  t.ok(wait >= 95 && wait < 200, `${wait} ms`)
})

t.test('a list that expires half-way is one, too', async t => {
  const { log } = await played({ lists: [expired(), expired(), undefined], watches: [] })
  t.strictSame(log, ['list', 'list', 'behind', 'list'])
})

t.test('not in a row: an event between, or another failure', async t => {
  const event = await played({ lists: [], watches: [expired(), 'hold', expired()] })
  t.strictSame(event.log, ['list', 'watch', 'list', 'watch', 'behind', 'watch', 'list'])
  const failure = await played({ lists: [undefined, refused(), undefined], watches: [expired(), expired()] })
  t.strictSame(failure.log, ['list', 'watch', 'list', 'behind', 'list', 'watch', 'list'])
})

t.test('a page that is too long: from the beginning, in pages of a quarter, and so from then on', async t => {
  const stop = new AbortController()
  const asked: unknown[] = []
  const kept: string[] = []
  const api: ApiReader = {
    get: async (_path, query = {}) => {
      asked.push([query.limit, query.continue])
      if (asked.length > 12) stop.abort()
      const [limit, at] = [Number(query.limit), Number(query.continue ?? 0)]
      if (limit > 5) throw new AnswerTooLong(1)
      const items = Array.from({ length: Math.min(limit, 7 - at) }, (_, index) => ({
        metadata: { name: `${at + index}` },
      }))
      return { items, metadata: { resourceVersion: '1', ...(at + limit < 7 ? { continue: String(at + limit) } : {}) } }
    },
    stream: async () => {
      if (kept.length > 1) stop.abort()
      throw expired()
    },
  }
  const handlers = {
    keep: () => 'x',
    replace: (items: Map<string, string>) => kept.push([...items.keys()].join('')),
    set: () => {},
    remove: () => {},
    synced: () => {},
    behind: () => {},
  }
  const times = { minRetrySeconds: 0.01, maxRetrySeconds: 1, watchSeconds: 60, random: () => 0 }
  await listWatch(api, { path: '/pods' }, handlers, times, stop.signal)
  t.strictSame(kept, ['0123456', '0123456'])
  t.strictSame(asked, [
    [20, undefined],
    [5, undefined],
    [5, '5'],
    [5, undefined],
    [5, '5'],
  ])
})

t.test('a single object that is too long is a failure, and tried again later', async t => {
  const { log } = await played({ lists: Array.from({ length: 5 }, () => new AnswerTooLong(1)), watches: [] })
  t.strictSame(log, ['list', 'list', 'list', 'list', 'behind', 'list', 'behind', 'list'], '20, 5, 2, 1, 1')
})
