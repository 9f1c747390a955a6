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
  const queue = setup(t, 4)
  for (const name of ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6']) queue.add(name, false)
  t.same(queue.looks, ['a/1', 'a/2', 'a/3', 'a/4'], 'alone it has all')
  queue.add('b/1', false)
  queue.add('a/7', true)
  await queue.clock.pass(150)
  t.same(queue.looks.slice(4), ['b/1', 'a/7', 'a/5', 'a/6'], 'also before one that is hinted at')
})

t.test('slow ones have half of the room; one that has become slow in the queue waits with them', async t => {
  const queue = setup(t, 4)
  for (const name of ['s/1', 's/2', 's/3']) queue.slow.add(name)
  for (const name of ['s/1', 's/2', 's/3']) queue.add(name, false)
  t.same(queue.looks, ['s/1', 's/2'])
  for (const name of ['q/1', 'q/2', 'x/1', 'q/3']) queue.add(name, false)
  t.same(queue.looks.slice(2), ['q/1', 'q/2'])
  queue.slow.add('x/1')
  await queue.clock.pass(50)
  t.equal(queue.looks.length, 4)
  await queue.clock.pass(60)
  t.same(queue.looks.slice(4).sort(), ['q/3', 's/3', 'x/1'], 'all have had their look in the end')
  t.equal(queue.looks.filter(item => item === 'x/1').length, 1)
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
  for (let n = 0; n < 50; n++) queue.add(`a/${n}`, false)
  t.equal(queue.looks.length, 2, 'a fifth of a second at once')
  await queue.clock.pass(1000)
  t.equal(queue.looks.length, 12)
})
