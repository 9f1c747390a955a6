import { setImmediate as nextRound } from 'node:timers/promises'
import t from 'tap'
import { createFetches, type Fetch } from '../../kubernetes/fetches.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

const times = { minRetrySeconds: 0.001, maxRetrySeconds: 0.001, random: () => 0 }

function harness() {
  const log = memoryLog()
  const fetches = createFetches(times, log)
  const seen: string[] = []
  const add = (name: string, over: Partial<Fetch<string>> = {}) =>
    fetches.add<string>({
      tenant: 'x',
      what: name,
      isNeeded: () => true,
      load: async () => name,
      done: value => void seen.push(value),
      ...over,
    })
  return { fetches, add, seen, lines: log.lines }
}

t.test('what comes at the same time is taken one after the other, and everything else in between', async t => {
  const { fetches, add, seen } = harness()
  for (const name of ['a', 'b', 'c']) add(name)
  const between = () => {
    seen.push('-')
    if (!seen.includes('c')) setImmediate(between)
  }
  setImmediate(between)
  while (!seen.includes('c')) await nextRound()
  const taken = seen.filter((what, index) => what !== '-' || seen[index - 1] !== '-')
  t.same(taken.join('').replace(/^-|-$/g, ''), 'a-b-c')
  await fetches.close()
})

t.test('a failure is told once, and tried again until nobody needs it', async t => {
  const { fetches, add, seen, lines } = harness()
  let failures = 0
  add('a', {
    load: async () => {
      if (failures++ < 3) throw new Error('the API is away')
      return 'a'
    },
  })
  while (fetches.failing().length === 0) await nextRound()
  t.same(fetches.failing(), ['a: the API is away'])
  while (seen.length === 0) await nextRound()
  t.same(fetches.failing(), [])
  t.equal(lines.length, 1)
  let needed = true
  add('b', {
    isNeeded: () => needed,
    load: async () => {
      needed = false
      throw new Error('gone')
    },
  })
  await fetches.close()
  t.same(seen, ['a'])
})

t.test('nothing is taken once it is closed', async t => {
  const { fetches, add, seen } = harness()
  add('a')
  await fetches.close()
  t.same(seen, [])
})

t.test('what is needed no more when its turn comes is not taken', async t => {
  const { fetches, add, seen } = harness()
  let needed = true
  add('a', { isNeeded: () => needed, done: value => seen.push(value) })
  add('b', { isNeeded: () => needed })
  while (seen.length === 0) await nextRound()
  needed = false
  for (let round = 0; round < 5; round++) await nextRound()
  t.same(seen, ['a'])
  await fetches.close()
})

t.test('what has come and waits for its turn is bounded, and tenants take turns', async t => {
  const { fetches, add, seen } = harness()
  let held = 0
  let most = 0
  const over = (tenant: string): Partial<Fetch<string>> => ({
    tenant,
    load: async () => {
      most = Math.max(most, ++held)
      return tenant
    },
    done: value => {
      held--
      seen.push(value)
    },
  })
  for (let count = 0; count < 100; count++) add(`a${count}`, over('a'))
  add('b', over('b'))
  while (seen.length < 101) await nextRound()
  t.equal(most, 5, 'four of a tenant, and one of the other')
  t.ok(seen.indexOf('b') <= 8, `the other was number ${seen.indexOf('b') + 1}`)
  await fetches.close()
})
