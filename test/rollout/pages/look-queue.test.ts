// Who is looked at next, and that nobody is looked at twice.
import t from 'tap'
import { createLookQueue } from '../../../rollout/pages/look-queue.ts'
import { fakeClock } from '../../controller/fixtures/fake-clock.ts'

/** Items are NAMESPACE/NAME; each look takes 100 ms. */
function setup(t: { teardown(act: () => unknown): void }, atOnce: number, perSecond = 1000) {
  const clock = fakeClock()
  const slow = new Set<string>()
  const looks: string[] = []
  const queue = createLookQueue<string>({
    atOnce,
    perSecond,
    clock,
    tenantOf: item => item.slice(0, item.indexOf('/')),
    isSlow: item => slow.has(item),
    look: item => {
      looks.push(item)
      return new Promise(resolve => clock.after(100, resolve))
    },
  })
  t.teardown(async () => {
    const closed = queue.close()
    await clock.pass(1000)
    await closed
  })
  return { ...queue, clock, slow, looks }
}

t.test('whoever has less than a quarter of the room goes before those that have more', async t => {
  const queue = setup(t, 8)
  for (const name of ['a/1', 'a/2', 'a/3', 'a/4', 'a/5']) queue.add(name, false)
  for (const name of ['b/1', 'b/2', 'b/3', 'b/4', 'b/5']) queue.add(name, false)
  t.equal(queue.looks.length, 8)
  queue.add('a/6', true)
  queue.add('c/1', false)
  await queue.clock.pass(100)
  t.same(queue.looks.slice(8), ['c/1', 'a/6', 'a/5', 'b/5'], 'also before one that is hinted at')
})

t.test('half of the room is as much as one may have, also alone', async t => {
  const queue = setup(t, 4)
  for (const name of ['a/1', 'a/2', 'a/3', 'a/4']) queue.add(name, false)
  queue.add('a/5', true)
  t.same(queue.looks, ['a/1', 'a/2'])
  queue.add('b/1', false)
  t.same(queue.looks.slice(2), ['b/1'], 'whoever comes has its look at once')
  await queue.clock.pass(100)
  t.same(queue.looks.slice(3), ['a/5', 'a/3'])
  await queue.clock.pass(100)
  t.same(queue.looks.slice(5), ['a/4'])
})

t.test('slow ones have half of the room, and of one tenant half of that', async t => {
  const queue = setup(t, 8)
  const names = ['s/1', 's/2', 's/3', 'r/1', 'r/2', 'r/3', 'x/1']
  for (const name of names) queue.slow.add(name)
  for (const name of names) queue.add(name, false)
  t.same(queue.looks, ['s/1', 's/2', 'r/1', 'r/2'])
  queue.add('s/4', false)
  t.same(queue.looks.slice(4), ['s/4'], 'of those that are not slow it may have more')
  await queue.clock.pass(100)
  t.same(queue.looks.slice(5).sort(), ['r/3', 's/3', 'x/1'], 'all have had their look in the end')
})

t.test('one that has become slow in the queue waits with the slow ones', async t => {
  const queue = setup(t, 4)
  for (const name of ['s/1', 'r/1']) queue.slow.add(name)
  for (const name of ['s/1', 'r/1', 'q/1', 'p/1', 'x/1']) queue.add(name, false)
  t.same(queue.looks, ['s/1', 'r/1', 'q/1', 'p/1'])
  queue.slow.add('x/1')
  await queue.clock.pass(50)
  t.equal(queue.looks.length, 4)
  await queue.clock.pass(60)
  t.same(queue.looks.slice(4), ['x/1'])
})

t.test('an item is in the queue once, whatever it has become', async t => {
  const queue = setup(t, 1)
  queue.add('a/0', false)
  queue.add('a/1', false)
  queue.slow.add('a/1')
  queue.add('a/1', true)
  queue.add('a/1', false)
  queue.add('a/2', false)
  queue.add('a/2', true)
  queue.add('a/2', false)
  await queue.clock.pass(1000)
  t.same(queue.looks, ['a/0', 'a/2', 'a/1'])
  queue.add('a/3', false)
  queue.add('a/4', false)
  queue.drop('a/4')
  await queue.clock.pass(1000)
  t.equal(queue.looks.at(-1), 'a/3')
})

t.test('never more than so many a second', async t => {
  const queue = setup(t, 100, 10)
  for (let n = 0; n < 50; n++) queue.add(`${n % 2}/${n}`, false)
  t.equal(queue.looks.length, 2, 'a fifth of a second at once')
  await queue.clock.pass(1000)
  t.equal(queue.looks.length, 12)
})
