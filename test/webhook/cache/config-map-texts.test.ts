import t from 'tap'
import { createConfigMapTexts } from '../../../webhook/cache/config-map-texts.ts'

const beside = 200
const object = (name: string, data: Record<string, string>) => ({ metadata: { name }, data })

function texts() {
  const counted: number[] = []
  const { handlers, get } = createConfigMapTexts(bytes => counted.push(bytes))
  const { listing = () => {}, keep, replace, set, remove } = handlers
  const put = (name: string, data: Record<string, string>) => {
    const item = keep(object(name, data))
    if (item) set(name, item)
  }
  return {
    get,
    last: () => counted.at(-1),
    put,
    remove: (name: string) => remove(name, {}),
    list: (objects: readonly (readonly [string, Record<string, string>])[]) => {
      listing()
      const items = new Map(objects.map(([name, data]) => [name, keep(object(name, data)) as never]))
      const before = counted.at(-1)
      replace(items)
      return before
    },
  }
}

t.test('what is kept is counted: while it is listed, and as it changes', async t => {
  const its = texts()
  t.equal(its.list([['a', { k: 'x'.repeat(1000) }]]), beside + 2 + 2 + 1000, 'before it is whole')
  t.equal(its.last(), beside + 2 + 2 + 1000)
  t.same({ ...its.get('a') }, { k: 'x'.repeat(1000) })
  its.put('a', { k: 'x'.repeat(10) })
  t.equal(its.last(), beside + 2 + 2 + 10, 'the text before is gone')
  its.put('b', { k: 'ÿ'.repeat(10), l: 'ā'.repeat(10) })
  t.equal(its.last(), 2 * (beside + 2) + 2 + 10 + 2 + 10 + 2 + 20, 'two bytes for each beyond Latin-1')
  its.remove('a')
  t.equal(its.last(), beside + 2 + 2 + 10 + 2 + 20)
  t.equal(its.get('a'), undefined)
  its.remove('a')
  t.equal(its.last(), beside + 2 + 2 + 10 + 2 + 20)
  its.list([])
  t.equal(its.last(), 0)
})

t.test('values of 256 Ki characters are kept, longer ones are as if they were not there', async t => {
  const its = texts()
  its.put('a', { fits: 'x'.repeat(256 * 1024), not: 'x'.repeat(256 * 1024 + 1) })
  t.same(Object.keys(its.get('a') ?? {}), ['fits'])
  t.equal(its.last(), beside + 2 + 8 + 256 * 1024)
})
