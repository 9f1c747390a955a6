// The thread decides as everybody does, whatever a pod costs, and can be ended at any moment.
import t from 'tap'
import { createDecideThread } from '../../../webhook/apart/decide-thread.ts'
import { decide, decideLightly } from '../../../webhook/decide/decide.ts'
import { attacks } from '../fixtures/attacks.ts'
import { input } from '../fixtures/pods/build.ts'

/** Each takes up to a quarter of a second, three times over. */
const some = attacks.filter((_, index) => index % 4 === 0)

t.test('each of the dearest pods: the same decision', async t => {
  const thread = createDecideThread()
  t.teardown(thread.close)
  for (const [what, make] of some) {
    const hostile = make()
    t.same(await thread.decide(hostile), decide(hostile), what)
  }
})

t.test('light: the same decision, or none; and never much work', t => {
  let dear = 0
  for (const [what, make] of some) {
    const hostile = make()
    const decision = decideLightly(hostile)
    if (decision === 'too-dear') dear++
    else t.same(decision, decide(hostile), what)
  }
  t.ok(dear > 2, `${dear} of ${some.length} are dear`)
  t.same(decideLightly(input()), decide(input()), 'an ordinary one is not')
  t.end()
})

t.test('it ends when nobody asks, and another begins', async t => {
  const thread = createDecideThread({ idleMs: 1 })
  t.teardown(thread.close)
  for (let round = 0; round < 3; round++) {
    t.match(await thread.decide(input()), { inject: true })
    await new Promise(resolve => setTimeout(resolve, 20))
  }
})

t.test('a decision that takes too long is given up, and the next begins anew', async t => {
  const thread = createDecideThread({ mostMs: 1 })
  t.teardown(thread.close)
  await t.rejects(thread.decide(input()), /found no decision after 1 ms/, 'it starts for longer than that')
  const patient = createDecideThread()
  t.teardown(patient.close)
  t.match(await patient.decide(input()), { inject: true })
})

t.test('a thread without the memory for it ends alone', async t => {
  const thread = createDecideThread({ heapMebibytes: 12 })
  t.teardown(thread.close)
  const dearest = attacks.find(([what]) => what === '25 scripts of 10,000 commands')?.[1]
  await t.rejects(thread.decide(dearest?.() ?? input()), /memory|ended/)
  t.match(await thread.decide(input()), { inject: true }, 'and another begins')
})

t.test('what fails inside is told', async t => {
  const thread = createDecideThread()
  t.teardown(thread.close)
  const broken = { ...input(), settings: undefined as never }
  await t.rejects(thread.decide(broken))
  t.match(await thread.decide(input()), { inject: true })
})

t.test('what cannot be sent to it fails at once, and ends no other question later', async t => {
  const mostMs = 4_000
  const thread = createDecideThread({ mostMs })
  t.teardown(thread.close)
  await thread.decide(input())
  const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))
  const { pod } = input()
  const began = performance.now()
  await t.rejects(thread.decide({ ...input(), pod: { ...pod, deep } as typeof pod }), RangeError)
  // All the while that its time would be over, another is under way.
  const past = () => performance.now() - began
  while (past() < mostMs - 100) await new Promise(resolve => setTimeout(resolve, 50))
  while (past() < mostMs + 200) t.match(await thread.decide(input()), { inject: true })
})

t.test('a ConfigMap that cannot be had or sent fails the decision and not the program', async t => {
  const thread = createDecideThread()
  t.teardown(thread.close)
  const without = () => {
    throw new Error('no cache')
  }
  await t.rejects(thread.decide({ ...input(), configMap: without }), /no cache/)
  const odd = { 'config.toml': (() => '') as unknown as string }
  await t.rejects(thread.decide({ ...input(), configMap: () => odd }), { name: 'DataCloneError' })
  t.match(await thread.decide(input()), { inject: true }, 'and another begins')
})
