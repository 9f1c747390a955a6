import t from 'tap'
import type { Plan } from '../../../peers/plan.ts'
import { createKeptPods } from '../../../rollout/cluster/kept-pods.ts'
import { plan, source } from '../fixtures/objects.ts'

const planText = 'x'.repeat(100)
/** It takes 300 bytes. */
const planOf = (name: string): Plan => plan([source(name)])
const texts = (its: Plan, endpoints?: string) => ({ plan: its, planText, endpoints })

t.test('a plan counts once, and endpoints for each pod', async t => {
  const kept = createKeptPods(700)
  const [first, second] = [planOf('a'), planOf('b')]
  t.ok(kept.keep('a', texts(first, 'x'.repeat(100))))
  t.ok(kept.keep('b', texts(first)))
  t.notOk(kept.keep('c', texts(second, '.')), '701 bytes')
  t.ok(kept.keep('c', texts(second)), '700')
  t.ok(kept.keep('d', texts(second)), 'the plan is there already')
  t.notOk(kept.keep('d', texts(second, '.')))
})

t.test('what is gone leaves room', async t => {
  const kept = createKeptPods(600)
  const [first, second, third] = [planOf('a'), planOf('b'), planOf('c')]
  kept.keep('a', texts(first))
  kept.keep('b', texts(first))
  kept.keep('c', texts(second))
  kept.drop('a')
  t.notOk(kept.keep('d', texts(third)), 'b has that plan still')
  kept.drop('b')
  kept.drop('never')
  t.ok(kept.keep('d', texts(third)))
  t.notOk(kept.keep('e', texts(first)))
  kept.retain(new Set(['d', 'never']))
  t.ok(kept.keep('e', texts(first)))
})

t.test('a pod that is read again takes no more than before; one that has become too much is not kept', async t => {
  const kept = createKeptPods(400)
  const its = planOf('a')
  for (let reading = 0; reading < 3; reading++) t.ok(kept.keep('a', texts(its, 'x'.repeat(100))))
  t.notOk(kept.keep('a', texts(its, 'x'.repeat(101))))
  t.ok(kept.keep('b', texts(planOf('b'), 'x'.repeat(100))), 'nothing of it is left')
})
