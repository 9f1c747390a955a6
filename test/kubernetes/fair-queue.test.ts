import t from 'tap'
import { createFairQueue } from '../../kubernetes/fair-queue.ts'

const queueOf = (...items: string[]) => {
  const queue = createFairQueue<string>(item => item.slice(0, 1))
  for (const item of items) queue.add(item)
  return queue
}
const all = (queue: ReturnType<typeof queueOf>, isOpen?: (tenant: string) => boolean) => {
  const taken: string[] = []
  for (let item = queue.take(isOpen); item !== undefined; item = queue.take(isOpen)) taken.push(item)
  return taken
}

t.test('tenants take turns, and the items of each come in their order', async t => {
  t.strictSame(all(queueOf('a1', 'a2', 'a3', 'b1', 'c1', 'c2')), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  const queue = queueOf('a1', 'a2', 'a3')
  t.equal(queue.take(), 'a1')
  queue.add('b1')
  t.strictSame(all(queue), ['a2', 'b1', 'a3'], 'who comes later waits for one turn')
  t.equal(queue.take(), undefined)
})

t.test('a tenant that is not open is passed over, and keeps its turn', async t => {
  const queue = queueOf('a1', 'a2', 'b1', 'b2')
  t.strictSame(
    all(queue, tenant => tenant === 'b'),
    ['b1', 'b2'],
  )
  t.notOk(queue.hasNext(tenant => tenant === 'b'))
  t.ok(queue.hasNext())
  t.strictSame(all(queue), ['a1', 'a2'])
  t.notOk(queue.hasNext())
})

t.test('what is in it already keeps its place; what is deleted does not come', async t => {
  const queue = queueOf('a1', 'a2', 'a1', 'b1')
  t.ok(queue.has('a1'))
  queue.delete('a1')
  queue.delete('c1')
  t.notOk(queue.has('a1'))
  t.notOk(queue.has('c1'))
  t.strictSame(all(queue), ['a2', 'b1'])
  const cleared = queueOf('a1')
  cleared.clear()
  t.equal(cleared.take(), undefined)
})
