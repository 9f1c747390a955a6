import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { gatherKeys } from '../../../rollout/cluster/gathered-keys.ts'

t.test('keys are told together, with those that come up before they are told; then anew', async t => {
  const told: string[][] = []
  let isFirst = true
  const before = () => {
    if (isFirst) keys.add('c')
    isFirst = false
  }
  const next = () => new Promise<void>(resolve => (release = resolve))
  let release = () => {}
  const keys = gatherKeys(5, before, gathered => {
    told.push([...gathered])
    release()
  })
  const first = next()
  for (const key of ['a', 'b', 'a']) keys.add(key)
  t.strictSame(told, [], 'not at once')
  await first
  t.strictSame(told, [['a', 'b', 'c']])
  const second = next()
  keys.add('a')
  await second
  t.strictSame(told, [['a', 'b', 'c'], ['a']])
  keys.add('b')
  keys.close()
  await delay(20)
  t.equal(told.length, 2, 'nothing after the end')
})
