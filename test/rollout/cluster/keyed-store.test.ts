// What is kept of a collection while lists, events and fetches overlap. A line of a test is what happens next.
import t from 'tap'
import type { ApiObject } from '../../../kubernetes/list-watch.ts'
import { createKeyedStore } from '../../../rollout/cluster/keyed-store.ts'

const object = (group: string, value: string, resourceVersion: string | number, name = group): ApiObject => ({
  metadata: { name, resourceVersion: String(resourceVersion), labels: { group }, annotations: { value } },
})

function start() {
  const fetches: { group: string; isNeeded: () => boolean; done: (objects: readonly ApiObject[]) => void }[] = []
  const changes: string[] = []
  const pages: string[] = []
  let reads = 0
  const kept = createKeyedStore<string>({
    groupOf: object => object.metadata?.labels?.['group'],
    read: object => {
      reads++
      return object.metadata?.annotations?.['value'] ?? ''
    },
    isSame: (value, other) => value === other,
    fetch: (group, isNeeded, done) => fetches.push({ group, isNeeded, done }),
    changed: group => changes.push(group),
    listed: (group, value) => pages.push(`${group} ${value}`),
  })
  const { handlers } = kept
  const list = (...objects: ApiObject[]) => {
    const items = objects.flatMap(object => {
      const item = handlers.keep(object)
      return item ? [[object.metadata?.name ?? '', item] as const] : []
    })
    return { replace: () => handlers.replace(new Map(items)) }
  }
  return {
    ...kept,
    fetches,
    changes: () => changes.splice(0),
    reads: () => reads,
    /** What was told of lists while they were read. */
    pages: () => pages.splice(0),
    begin: handlers.listing,
    page: list,
    listed: (...objects: ApiObject[]) => {
      handlers.listing()
      list(...objects).replace()
    },
    event: (object: ApiObject) => {
      const item = handlers.keep(object)
      if (item) handlers.set(object.metadata?.name ?? '', item)
      else handlers.remove(object.metadata?.name ?? '', object)
    },
    deleted: (object: ApiObject) => handlers.remove(object.metadata?.name ?? '', object),
  }
}

t.test('only what is needed is read and kept', async t => {
  const kept = start()
  kept.need('a')
  t.equal(kept.get('a'), 'unknown')
  kept.listed(object('a', '1', 1), object('b', '1', 2))
  t.strictSame(kept.get('a'), ['1'])
  t.equal(kept.get('b'), 'unknown')
  t.equal(kept.reads(), 1)
  kept.event(object('b', '2', 3))
  kept.event(object('a', '2', 4))
  t.strictSame(kept.get('a'), ['2'])
  t.equal(kept.reads(), 2)
  t.equal(kept.size(), 1)
  t.strictSame(kept.changes(), ['a', 'a'])
  kept.event(object('a', '2', 5))
  t.strictSame(kept.changes(), [], 'nothing has changed')
  kept.deleted(object('a', '2', 6))
  t.strictSame(kept.get('a'), [])
  kept.drop('a')
  t.equal(kept.size(), 0)
  t.equal(kept.get('a'), 'unknown')
  t.equal(kept.fetches.length, 0)
})

t.test('what becomes needed later is fetched once', async t => {
  const kept = start()
  kept.listed(object('a', '1', 1))
  kept.need('a')
  kept.need('a')
  t.equal(kept.fetches.length, 1)
  t.equal(kept.get('a'), 'unknown')
  kept.fetches[0]?.done([object('a', '2', 2)])
  t.strictSame(kept.get('a'), ['2'])
  kept.need('none')
  kept.fetches[1]?.done([])
  t.strictSame(kept.get('none'), [])
  t.strictSame(kept.changes(), ['a', 'none'])
  kept.need('a')
  t.strictSame(kept.get('a'), ['2'], 'known all the while')
  kept.fetches[2]?.done([object('a', '3', 3)])
  t.strictSame(kept.get('a'), ['3'])
  kept.need('gone')
  kept.drop('gone')
  t.equal(kept.fetches[3]?.isNeeded(), false)
  kept.fetches[3]?.done([object('gone', '1', 1)])
  t.equal(kept.get('gone'), 'unknown')
})

t.test('events during a fetch', async t => {
  const rows: [what: string, act: (kept: ReturnType<typeof start>) => void, fetched: ApiObject[], values: string[]][] =
    [
      ['newer than it', kept => kept.event(object('a', '9', 9)), [object('a', '5', 5)], ['9']],
      ['older than it', kept => kept.event(object('a', '3', 3)), [object('a', '10', 10)], ['10']],
      ['created after it', kept => kept.event(object('a', '9', 9)), [], ['9']],
      ['deleted after it', kept => kept.deleted(object('a', '5', 9)), [object('a', '5', 5)], []],
      ['deleted, and made again before it', kept => kept.deleted(object('a', '5', 9)), [object('a', '10', 10)], ['10']],
      [
        'versions that are no numbers: the event',
        kept => kept.event(object('a', 'e', 'x')),
        [object('a', 'f', 'y')],
        ['e'],
      ],
      ['moved to a group that is not needed', kept => kept.event(object('c', '9', 9, 'a')), [object('a', '5', 5)], []],
      ['moved to another group', kept => kept.event(object('b', '9', 9, 'a')), [object('a', '5', 5)], []],
    ]
  for (const [what, act, fetched, values] of rows) {
    const kept = start()
    kept.need('b')
    kept.listed()
    kept.need('a')
    act(kept)
    kept.fetches[0]?.done(fetched)
    t.strictSame(kept.get('a'), values, what)
  }
})

t.test('events that the fetched object already has in it', async t => {
  const kept = start()
  kept.listed()
  kept.need('a')
  kept.fetches[0]?.done([object('a', '10', 10)])
  kept.event(object('a', '8', 8))
  kept.deleted(object('a', '8', 9))
  t.strictSame(kept.get('a'), ['10'])
  kept.event(object('a', '11', 11))
  t.strictSame(kept.get('a'), ['11'])
})

t.test('a new list is the truth, also for what was fetched or is being fetched', async t => {
  const kept = start()
  kept.listed()
  kept.need('a')
  kept.need('b')
  kept.fetches[0]?.done([object('a', '1', 1)])
  kept.changes()
  kept.listed(object('b', '2', 2))
  t.strictSame(kept.get('a'), [])
  t.strictSame(kept.get('b'), ['2'])
  t.strictSame(kept.changes(), ['a', 'b'])
  t.equal(kept.fetches[1]?.isNeeded(), false)
  kept.fetches[1]?.done([object('b', '1', 1)])
  t.strictSame(kept.get('b'), ['2'])
  kept.listed(object('b', '2', 2))
  t.strictSame(kept.changes(), [], 'the same as before')
  kept.listed(object('b', '1', 1))
  t.strictSame(kept.get('b'), ['2'], 'a list that is older than an event before it')
})

t.test('what becomes needed while a list is being read is fetched after it', async t => {
  const kept = start()
  kept.begin()
  const page = kept.page(object('a', '1', 1))
  kept.need('a')
  t.equal(kept.fetches.length, 0)
  page.replace()
  t.equal(kept.get('a'), 'unknown', 'its page was read before')
  kept.fetches[0]?.done([object('a', '1', 1)])
  t.strictSame(kept.get('a'), ['1'])

  kept.begin()
  kept.need('a')
  kept.need('b')
  kept.drop('b')
  kept.page().replace()
  t.strictSame(kept.get('a'), ['1'], 'needed anew: what was known stays known')
  t.equal(kept.fetches.length, 2)
  kept.fetches[1]?.done([])
  t.strictSame(kept.get('a'), [])

  kept.begin()
  kept.need('c')
  kept.listed(object('c', '1', 1))
  t.strictSame(kept.get('c'), ['1'], 'the list began anew, with it being needed')
  t.equal(kept.fetches.length, 2)
})

t.test('a group of several objects', async t => {
  const kept = start()
  kept.need('a')
  kept.need('b')
  kept.listed(object('a', '1', 1, 'x'), object('a', '2', 2, 'y'))
  t.strictSame(kept.get('a'), ['1', '2'])
  kept.deleted(object('a', '1', 3, 'x'))
  t.strictSame(kept.get('a'), ['2'])
  kept.event(object('b', '2', 4, 'y'))
  t.strictSame([kept.get('a'), kept.get('b')], [[], ['2']], 'given to another group')
  kept.event(object('c', '2', 5, 'y'))
  t.strictSame(kept.get('b'), [], 'given to one that is not needed')
  kept.changes()
  kept.deleted(object('c', '2', 6, 'y'))
  kept.deleted(object('c', '2', 7, 'z'))
  t.strictSame(kept.changes(), [])
})

t.test('what is forgotten is unknown, whatever the watch says, until it is recalled', async t => {
  const kept = start()
  kept.need('a')
  kept.need('b')
  kept.listed(object('a', '1', 1), object('b', '1', 2))
  kept.changes()
  kept.forget()
  t.strictSame(kept.changes(), ['a', 'b'])
  t.strictSame([kept.get('a'), kept.get('b')], ['unknown', 'unknown'])
  const reads = kept.reads()
  kept.event(object('a', '2', 3))
  kept.deleted(object('b', '1', 4))
  kept.need('c')
  kept.listed(object('a', '2', 3), object('c', '1', 5))
  t.strictSame([kept.get('a'), kept.get('b'), kept.get('c')], ['unknown', 'unknown', 'unknown'], 'not absent either')
  t.equal(kept.reads(), reads, 'and nothing more of it is read')
  t.equal(kept.fetches.length, 0)
  kept.recall()
  t.strictSame(kept.fetches.map(({ group }) => group).sort(), ['a', 'b', 'c'])
  for (const { group, done } of kept.fetches) done(group === 'b' ? [] : [object(group, '3', 6)])
  t.strictSame([kept.get('a'), kept.get('b'), kept.get('c')], [['3'], [], ['3']])
  kept.recall()
  t.equal(kept.fetches.length, 3, 'nothing was forgotten')
})

t.test('forgotten amid a list, and recalled amid one', async t => {
  const kept = start()
  kept.need('a')
  kept.begin()
  const page = kept.page(object('a', '1', 1))
  kept.forget()
  page.replace()
  t.equal(kept.get('a'), 'unknown')
  kept.begin()
  const next = kept.page(object('a', '2', 2))
  kept.recall()
  next.replace()
  t.equal(kept.fetches.length, 1, 'the first pages of that list were read without it')
  kept.fetches[0]?.done([object('a', '2', 2)])
  t.strictSame(kept.get('a'), ['2'])
})

t.test('one that was being fetched when all was forgotten is not kept', async t => {
  const kept = start()
  kept.listed()
  kept.need('a')
  const [first] = kept.fetches
  kept.forget()
  t.notOk(first?.isNeeded())
  first?.done([object('a', '1', 1)])
  t.equal(kept.get('a'), 'unknown')
})

t.test('what a list holds is told while it is read, and nothing else is', async t => {
  const kept = start()
  kept.need('a')
  kept.event(object('a', '0', 1))
  t.strictSame(kept.pages(), [], 'no list has begun')
  kept.begin()
  const first = kept.page(object('a', '1', 2), object('b', '1', 3))
  t.strictSame(kept.pages(), ['a 1'], 'b is not needed')
  first.replace()
  kept.event(object('a', '2', 4))
  t.strictSame(kept.pages(), [], 'an event tells by what has changed')
  kept.begin()
  kept.page(object('a', '3', 5))
  kept.forget()
  kept.page(object('a', '4', 6))
  t.strictSame(kept.pages(), ['a 3'])
})
