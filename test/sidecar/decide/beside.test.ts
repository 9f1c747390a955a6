// Nodes with a container of their operator beside them, which starts anew with them.
import t from 'tap'
import { plan, reason, start, withBeside, world } from '../fixtures/look.ts'

t.test('a container beside the node', async t => {
  const beside = (over: Parameters<typeof plan>[0] = {}) => {
    const w = world({ plan: plan({ reach: withBeside(), ...over }) })
    w.permit = null
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    return w
  }
  const due = { hold: 'operator-upgrade', detail: 'it answers 426' } as const

  t.test('does not permit it: the node is left, for this reason, until it does', async t => {
    const w = beside()
    w.permit = due
    t.match(w.after(10).decision, { do: 'wait', reason: 'operator-upgrade', detail: 'it answers 426' })
    t.equal(reason(w.after(86_400)), 'operator-upgrade', 'however long')
    w.permit = { hold: 'process-ambiguous', detail: 'two' }
    t.equal(reason(w.after(1)), 'process-ambiguous')
    w.permit = null
    t.equal(reason(w.after(1)), 'restart')
  })
  t.test('has no say in telling the node', async t => {
    const w = beside()
    w.canTell = true
    w.permit = due
    t.equal(reason(w.after(1)), 'tell')
  })
  t.test('has 10 minutes of rest after the end of a restart, whatever min-interval says', async t => {
    const again = (w: ReturnType<typeof world>) => {
      t.equal(reason(w.after(10)), 'restart')
      w.restarted('b')
      t.equal(reason(w.after(20)), 'nothing')
      w.move(3, '10.0.0.33')
      w.after(1)
      return w.memory.restarts.at(-1)?.endedAt ?? 0
    }
    const w = beside({ times: { minIntervalSeconds: 0 } })
    const ended = again(w)
    const hold = w.after(598).decision
    t.match(hold, { do: 'wait', reason: 'min-interval', until: ended + 600_000, detail: /node-utils.*kubelet/ })
    t.equal(w.now, ended + 599_000, 'a second before')
    t.equal(reason(w.after(1)), 'restart', 'and at it')
    const longer = beside({ times: { minIntervalSeconds: 900 } })
    again(longer)
    t.equal(reason(longer.after(600)), 'min-interval', 'a longer min-interval counts')
    const without = beside({ reach: { by: 'wrap' }, times: { minIntervalSeconds: 0 } })
    again(without)
    t.equal(reason(without.after(10)), 'restart', 'elsewhere there is no such rest')
  })
  t.test(
    'while the node is held for it, the restart goes on, whoever asks, and whatever the list says now',
    async t => {
      const w = beside()
      t.equal(reason(w.after(10)), 'restart')
      const id = w.memory.intent?.id ?? ''
      for (const phase of ['stopping', 'held']) {
        w.process = { identity: 'a', startedAt: start - 60_000, phase, request: id }
        t.match(w.after(1).decision, { do: 'restart', intent: { id } }, phase)
      }
      w.paused = true
      w.bad = { reason: 'list-malformed', message: 'x' }
      t.match(w.after(1).decision, { do: 'restart', intent: { id } }, 'a node that is down is not left down')
      t.equal(w.memory.restarts.length, 1, 'all that is one restart')
    },
  )
  t.test(
    'the node has started and waits for one that reads no more: both once more, unless the node is up',
    async t => {
      const w = beside()
      w.after(10)
      const stuck = { note: 'older than the last stop', stuck: true }
      w.restarted('b', false)
      w.process = { identity: 'b', startedAt: w.now, phase: 'running', beside: stuck }
      t.equal(reason(w.after(1)), 'verify', 'it answers')
      w.status = undefined
      t.match(w.after(1).decision, { do: 'restart', why: /not finished/ })
      w.paused = true
      t.equal(reason(w.after(1)), 'verify', 'paused')
      w.paused = false
      w.process = { identity: 'b', startedAt: w.now, phase: 'running', beside: { ...stuck, stuck: false } }
      t.equal(reason(w.after(1)), 'verify', 'the kubelet starts it again')
    },
  )
  t.test('a FIFO that blocks for hours, and a node that does not stop: neither is pursued for ever', async t => {
    const [blocked, stopping] = [beside(), beside()]
    for (const w of [blocked, stopping]) t.equal(reason(w.after(10)), 'restart')
    blocked.restarted('b', false)
    blocked.status = undefined
    blocked.listening = false
    blocked.process = {
      identity: 'b',
      startedAt: blocked.now,
      phase: 'running',
      beside: { note: 'older', stuck: true },
    }
    stopping.process = {
      identity: 'a',
      startedAt: start - 60_000,
      phase: 'stopping',
      request: stopping.memory.intent?.id ?? '',
    }
    stopping.status = undefined
    for (const [w, outcome] of [
      [blocked, 'unverified'],
      [stopping, 'not-taken'],
    ] as const) {
      const asked = w.memory.intent?.at ?? 0
      const seen: string[] = []
      while (w.now < asked + 6 * 3600_000) seen.push(reason(w.after(w.now < asked + 120_000 ? 1 : 30)))
      t.match(w.memory, { intent: null, restarts: [{ outcome }] })
      t.equal(w.memory.restarts.length, 1, 'no other restart of a node that says nothing')
      t.ok(seen.lastIndexOf('restart') < 62, `asked for at most a minute: ${seen.lastIndexOf('restart')}`)
    }
  })
})
