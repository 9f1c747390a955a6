import t from 'tap'
import { createTenantBudget } from '../../kubernetes/tenant-budget.ts'

function budgetOf(bytesEach: number, bytesInAll: number) {
  const told: string[] = []
  const budget = createTenantBudget({ bytesEach, bytesInAll, exceeded: name => told.push(name) })
  return { ...budget, told: () => told.splice(0) }
}

t.test('a namespace has a bound of its own', async t => {
  const budget = budgetOf(100, 1000)
  budget.keeps('a', 100)
  t.same(budget.told(), [])
  budget.keeps('a', 101)
  t.same(budget.told(), ['a'])
  for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']) budget.keeps(name, 100)
  t.same(budget.told(), [], 'what it kept counts no more')
})

t.test('in all: the largest go first, whoever it was that grew', async t => {
  const budget = budgetOf(100, 250)
  budget.keeps('large', 100)
  budget.keeps('honest', 50)
  budget.keeps('other', 100)
  t.same(budget.told(), [])
  budget.keeps('honest', 51)
  t.same(budget.told(), ['large'])
  budget.keeps('more', 99)
  t.same(budget.told(), [], 'exactly as many')
  budget.forget('other')
  budget.keeps('late', 100)
  t.same(budget.told(), [], 'one that is gone has made room')
})

t.test('one hundred namespaces of one owner do not push out a small one', async t => {
  const budget = budgetOf(100, 1000)
  budget.keeps('honest', 20)
  for (let n = 0; n < 100; n++) budget.keeps(`hostile-${n}`, 100)
  const told = budget.told()
  t.equal(told.includes('honest'), false)
  t.equal(told.length, 91, 'nine of them are kept: 920 of 1,000')
})
