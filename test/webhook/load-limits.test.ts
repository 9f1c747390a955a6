// Who has to go when there is no room: whoever takes the most.
import t from 'tap'
import { createLoad, type LoadLimits } from '../../webhook/load-limits.ts'

function loadOf(over: Partial<LoadLimits> = {}) {
  const limits = { connectionsEach: 10, connectionsInAll: 20, bodyBytes: 100, bodyGraceMs: 1000, ...over }
  const state = { now: 0 }
  return { ...createLoad(limits, () => state.now), state }
}

t.test('connections: so many from one address', async t => {
  const load = loadOf()
  for (let n = 0; n < 10; n++) t.same(load.opened(`a${n}`, 'a'), [])
  t.same(load.opened('a10', 'a'), ['a10'], 'one more is closed itself')
  load.closed('a3')
  t.same(load.opened('a11', 'a'), [], 'there is room again')
  t.same(load.opened('b0', 'b'), [], 'others are not touched')
})

t.test('connections in all: one of the address with the most goes, first what was never answered', async t => {
  const load = loadOf()
  for (let n = 0; n < 10; n++) load.opened(`a${n}`, 'a')
  for (let n = 0; n < 9; n++) load.opened(`b${n}`, 'b')
  load.answered('a0')
  t.same(load.opened('c0', 'c'), [], 'exactly as many')
  t.same(load.opened('c1', 'c'), ['a1'], 'a0 was answered')
  t.same(load.opened('c2', 'c'), ['a2'], 'a and b have nine each now: the oldest of both')
  for (let n = 3; n < 10; n++) load.answered(`a${n}`)
  t.same(load.opened('c3', 'c'), ['b0'])
})

t.test('bodies: an address that holds more gives way', async t => {
  const load = loadOf()
  for (let n = 0; n < 3; n++) load.opened(`a${n}`, 'a')
  load.opened('b0', 'b')
  t.same(load.receiving('a0', 50), { accepted: true, close: [] })
  t.same(load.receiving('a1', 50), { accepted: true, close: [] }, 'exactly as much')
  t.same(load.receiving('a2', 1), { accepted: false, close: [] }, 'its own are not old yet')
  t.same(load.receiving('b0', 20), { accepted: true, close: ['a0'] })
  load.received('b0')
  t.same(load.receiving('a2', 50), { accepted: true, close: [] }, 'what has arrived has made room')
})

t.test('bodies: who is equal waits for what comes slowly', async t => {
  const load = loadOf()
  load.opened('a', 'a')
  load.opened('b', 'b')
  load.receiving('a', 60)
  load.state.now = 999
  t.same(load.receiving('b', 60), { accepted: false, close: [] })
  load.state.now = 1000
  t.same(load.receiving('b', 60), { accepted: true, close: ['a'] })
})

t.test('a connection that is gone takes no room; one that nobody knows is not limited', async t => {
  const load = loadOf()
  load.opened('a', 'a')
  load.receiving('a', 100)
  load.closed('a')
  load.opened('b', 'b')
  t.same(load.receiving('b', 100), { accepted: true, close: [] })
  t.same(load.receiving('b', 100), { accepted: true, close: [] }, 'its next body takes the place of its last')
  t.same(load.receiving('unknown', 1000), { accepted: true, close: [] })
  load.closed('unknown')
  load.received('unknown')
})
