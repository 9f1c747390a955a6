import t from 'tap'
import { createFairLimit } from '../../kubernetes/fair-limit.ts'

/** What has begun, in order; `end` ends the first of that name. */
function harness(atOnce: number, share?: number) {
  const limit = createFairLimit(atOnce, share)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const run = (name: string) =>
    limit(name.slice(0, 1), () => {
      begun.push(name)
      return new Promise<string>(resolve => ends.set(name, () => resolve(name)))
    })
  const end = async (name: string) => {
    ends.get(name)?.()
    await new Promise(setImmediate)
  }
  return { begun, run, end, limit }
}

t.test('a tenant has half of the slots, and another the next that is free', async t => {
  const { begun, run, end } = harness(4)
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void run(name)
  t.strictSame(begun, ['a1', 'a2'], 'also while nobody else wants any')
  void run('b1')
  t.strictSame(begun, ['a1', 'a2', 'b1'], 'at once')
  await end('a1')
  t.strictSame(begun.slice(3), ['a3'])
  await end('b1')
  t.strictSame(begun.slice(4), [], 'a has two under way')
  await end('a2')
  await end('a3')
  t.strictSame(begun.slice(4), ['a4', 'a5'])
})

t.test('tenants take turns where all slots are taken', async t => {
  const { begun, run, end } = harness(2)
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) void run(name)
  t.strictSame(begun, ['a1', 'b1'])
  await end('b1')
  t.strictSame(begun.slice(2), ['b2'], 'a, who has waited for longer, has its one')
  await end('a1')
  t.strictSame(begun.slice(3), ['a2'])
  await end('b2')
  await end('a2')
  t.strictSame(begun.slice(4), ['c1', 'a3'])
})

t.test('one slot is for everybody', async t => {
  const { begun, run, end } = harness(1)
  for (const name of ['a1', 'a2', 'a3', 'b1']) void run(name)
  for (const name of ['a1', 'a2', 'b1']) await end(name)
  t.strictSame(begun, ['a1', 'a2', 'b1', 'a3'])
})

t.test('it settles as what was run does, and a failure frees its slot', async t => {
  const { limit } = harness(1)
  const failing = limit('a', async () => {
    throw new Error('no')
  })
  const next = limit('a', async () => 7)
  await t.rejects(failing, { message: 'no' })
  t.equal(await next, 7)
  const thrown = limit('a', () => {
    throw new Error('at once')
  })
  await t.rejects(thrown, { message: 'at once' })
  t.equal(await limit('a', async () => 8), 8)
})
