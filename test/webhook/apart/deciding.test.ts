// Which pods are decided about at once, and which apart.
import t from 'tap'
import { createDeciding, type Deciding } from '../../../webhook/apart/deciding.ts'
import type { DecideInput, Decision } from '../../../webhook/decide/decision.ts'
import { input } from '../fixtures/pods/build.ts'

const light: Decision = { inject: false, reason: 'opted-out', message: 'light' }
const full: Decision = { inject: false, reason: 'opted-out', message: 'full' }
const isAwaited = () => true
const inNamespace = (name: string): DecideInput => {
  const given = input()
  return { ...given, namespace: { ...given.namespace, name } }
}

function harness() {
  let clock = 0
  let isDear = false
  const apart: { namespace: string; end: () => void }[] = []
  const told: string[] = []
  let counted = 0
  const deciding: Deciding = createDeciding({
    lightly: () => (isDear ? 'too-dear' : light),
    apart: ({ namespace }) =>
      new Promise(resolve => apart.push({ namespace: namespace.name, end: () => resolve(full) })),
    decidedApart: () => counted++,
    now: () => clock,
    log: { info: (fields: unknown) => void told.push((fields as { namespace: string }).namespace) } as never,
  })
  return {
    ask: (namespace: string, bytes = 20_000) => deciding(inNamespace(namespace), { bytes, isAwaited }),
    deciding,
    apart,
    told,
    counted: () => counted,
    pass: (ms: number) => {
      clock += ms
    },
    dear: (value: boolean) => {
      isDear = value
    },
  }
}

t.test('a small pod that costs little is decided about at once', t => {
  const { ask, apart } = harness()
  t.equal(ask('a'), light)
  t.equal(ask('a', 64 * 1024), light, 'up to the bound')
  t.equal(apart.length, 0)
  t.end()
})

t.test('a large one is apart, and the others of its namespace are not', async t => {
  const { ask, apart, told } = harness()
  const asked = ask('a', 64 * 1024 + 1)
  t.equal(ask('a'), light)
  apart[0]?.end()
  t.equal(await asked, full)
  t.same(told, [], 'that a pod is large says nothing about the next')
})

t.test('a dear one is apart, and for a minute all of its namespace', async t => {
  const { ask, apart, told, pass, dear, counted } = harness()
  dear(true)
  void ask('a')
  t.equal(apart.length, 1)
  dear(false)
  pass(59_999)
  void ask('a')
  t.equal(ask('b'), light, 'another namespace is not')
  apart[0]?.end()
  await new Promise(setImmediate)
  t.equal(apart.length, 2)
  pass(1)
  t.equal(ask('a'), light)
  t.equal(counted(), 2)
  t.same(told, ['a'], 'said once')
})

t.test('one at a time, by turns of namespaces', async t => {
  const { ask, apart } = harness()
  for (const namespace of ['a', 'a', 'a', 'b']) void ask(namespace, 1e6)
  const order: string[] = []
  while (order.length < 4) {
    t.equal(apart.length, order.length + 1)
    order.push(apart.at(-1)?.namespace ?? '')
    apart.at(-1)?.end()
    await new Promise(setImmediate)
  }
  t.same(order, ['a', 'a', 'b', 'a'])
})

t.test('nobody waits any more: nothing is done', async t => {
  const { deciding, apart } = harness()
  const decision = await deciding(inNamespace('a'), { bytes: 1e6, isAwaited: () => false })
  t.match(decision, { inject: false, reason: 'internal-error' })
  t.equal(apart.length, 0)
})
