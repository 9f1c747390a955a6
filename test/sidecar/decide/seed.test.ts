// What is known of a restart whose memory is lost.
import t from 'tap'
import { blank } from '../../../sidecar/decide/memory.ts'
import { connection, nodeId, plan, reason, start, world } from '../fixtures/look.ts'

const hash = `s1:${'0'.repeat(32)}`

/** A node that was restarted for node 2, in vain, and whose sidecar has lost its memory since. */
function forgotten(pinning = true) {
  const w = world()
  w.pinning = pinning
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.after(10)
  const { id } = w.memory.intent ?? { id: '' }
  w.restarted('b')
  w.connections = w.connections.filter(one => one.id !== nodeId(2))
  w.process = { ...w.process, request: id } as typeof w.process
  for (let n = 0; n < 62; n++) w.after(1)
  w.memory = blank
  return { w, id }
}

t.test('the last request is a restart, and never twice for one snapshot', async t => {
  const { w, id } = forgotten()
  t.equal(reason(w.after(1)), 'already-restarted')
  t.match(w.memory.restarts, [{ id, outcome: 'unverified', process: 'b' }])
  for (const seconds of [60, 600, 3600]) t.equal(reason(w.after(seconds)), 'already-restarted')
  t.equal(w.memory.restarts.length, 1, 'once, however often it is looked at')
})

t.test('also where a container starts anew with the node, and the request is one of several for it', async t => {
  for (const after of ['.go', '.b', '.b.go']) {
    const { w, id } = forgotten()
    w.process = { ...w.process, request: `${id}${after}` } as typeof w.process
    t.equal(reason(w.after(1)), 'already-restarted', after)
    t.match(w.memory.restarts, [{ id, outcome: 'unverified', process: 'b' }])
    w.after(1)
    t.equal(w.memory.restarts.length, 1, 'once')
  }
})

t.test('it counts for back-off and budget', async t => {
  const { w } = forgotten()
  w.after(1)
  w.move(2, '10.0.0.23')
  w.after(1)
  t.equal(reason(w.after(10)), 'back-off')
})

t.test('and is taken back when the node proves to be connected', async t => {
  const { w } = forgotten()
  w.connections = [...w.connections, connection(2, '10.0.0.22')]
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory.restarts, [{ outcome: 'verified' }])
})

t.test('a memory that is one look old lacks the intent: the request says so', async t => {
  const w = world()
  w.pinning = true
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  const { memory } = w
  w.after(10)
  const { id } = w.memory.intent ?? { id: '' }
  w.memory = memory
  w.restarted('b')
  w.process = { ...w.process, request: id } as typeof w.process
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory.restarts, [{ id, outcome: 'verified' }])
})

t.test('requests that are no restart of ours', async t => {
  for (const request of ['manual-1', `${hash}.x`, `${hash}.${start - 7 * 3_600_000}`, `${hash}.0000000000001`]) {
    const w = world()
    w.process = { identity: 'a', startedAt: start - 60_000, request }
    t.same(w.after(0).memory.restarts, [], request)
  }
})

t.test(
  'a request of a time that is yet to come was made before the clock was set back: it counts from now',
  async t => {
    for (const ahead of [60_000, 3_600_000, 86_400_000]) {
      const w = world()
      w.process = { identity: 'a', startedAt: start - 60_000, request: `${hash}.${start + ahead}` }
      t.match(w.after(0).memory.restarts, [{ at: start, outcome: 'verified' }], `${ahead}`)
      t.equal(w.after(1).memory.restarts.length, 1, 'once')
    }
  },
)

t.test('a memory that cannot be read: min-interval is waited for', async t => {
  const w = world()
  w.memory = { ...blank, lost: true }
  w.after(0)
  t.equal(w.memory.lostAt, start)
  t.notOk('lost' in w.memory)
  w.move(2, '10.0.0.22')
  w.after(1)
  t.equal(reason(w.after(10)), 'min-interval')
  t.equal(reason(w.after(108)), 'min-interval')
  t.equal(reason(w.after(1)), 'restart')
})

t.test('under signal a node that is older than its sidecar may just have been restarted', async t => {
  for (const [ageSeconds, expected] of [
    [60, 'min-interval'],
    [5, 'restart'],
  ] as const) {
    const w = world({ plan: plan({ reach: { by: 'signal', uid: 1000, names: [] } }) })
    w.process = { identity: 'a', startedAt: start - ageSeconds * 1000 }
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), expected, `${ageSeconds} s old`)
  }
})

t.test('under wrap a node that nobody ever asked to restart is a new one', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  t.equal(reason(w.after(10)), 'restart')
})
