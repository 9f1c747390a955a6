// The node ends again while its restart is verified: its liveness probe failed, or it crashed, and the kubelet starts
// it anew. No second restart by repeer for that, and no verdict before the new process had its time.
import t from 'tap'
import { connection, plan, world } from '../fixtures/look.ts'

type World = ReturnType<typeof world>
/** What is decided and told after so many seconds, with a look at each. */
const told = (w: World, seconds: number) => {
  for (let second = 1; second < seconds; second++) w.after(1)
  const outcome = w.after(1)
  const page = w.page(outcome)
  return { ...page, do: outcome.decision.do === 'wait' ? outcome.decision.reason : outcome.decision.do }
}

/** Restarted for node 2, back, and not connected to it yet; `seconds` of the minute are over. */
function verifying(seconds: number, over: Parameters<typeof plan>[0] = {}) {
  const w = world({ plan: plan(over) })
  w.pinning = true
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.after(10)
  w.restarted('b/2', false)
  w.after(1)
  t.match(told(w, seconds - 1), { do: 'verify', phase: 'verifying' })
  return w
}

/** Its container has ended, and the kubelet has not started it again. */
const gone = (w: World, hold: 'supervisor-absent' | 'process-not-found' = 'supervisor-absent') => {
  w.process = { hold, detail: 'no supervisor reads it' }
  w.connections = []
  w.status = undefined
  w.listening = false
}
const started = (w: World, identity: string) => {
  w.restarted(identity, false)
  w.listening = true
  w.status = { id: '0'.repeat(40), height: 100, catchingUp: false, validator: false, upgradePending: false }
}
const connected = (w: World) => {
  w.connections = [connection(1, '10.0.0.1'), connection(2, '10.0.0.22'), connection(3, '10.0.0.3')]
}

t.test('it ends, and the next process connects: one restart, verified', async t => {
  for (const hold of ['supervisor-absent', 'process-not-found'] as const) {
    const w = verifying(50)
    gone(w, hold)
    t.match(told(w, 1), {
      do: 'verify',
      phase: 'verifying',
      reason: 'kubelet-back-off',
      detail: 'the node was back from its restart, and ended again, not by repeer',
    })
    for (let n = 0; n < 20; n++) t.equal(told(w, 1).do, 'verify', 'also when the minute is over')
    started(w, 'c/1')
    t.match(told(w, 1), { do: 'verify', phase: 'verifying', detail: /it has been started anew/ })
    t.notOk('reason' in told(w, 40), 'the minute begins anew')
    connected(w)
    t.match(told(w, 1), { do: 'nothing', phase: 'settled', restarts: [{ outcome: 'verified' }] })
    t.equal(w.memory.restarts.length, 1)
    t.equal(w.memory.restarts[0]?.process, 'c/1')
  }
})

t.test('the next process does not connect: unverified a minute after its start, not before', async t => {
  const w = verifying(50)
  gone(w)
  told(w, 1)
  started(w, 'c/1')
  told(w, 1)
  t.equal(told(w, 57).do, 'verify')
  t.match(told(w, 2), { do: 'already-restarted', restarts: [{ outcome: 'unverified' }] })
})

t.test('a node that crashes again and again: a verdict after ten minutes, and never a second restart', async t => {
  const w = verifying(10)
  let verdictAt = 0
  for (let second = 10; second < 1200; second += 10) {
    if ((second / 10) % 4 === 0) gone(w)
    else if ((second / 10) % 4 === 1) started(w, `c${second}/1`)
    const { do: what } = told(w, 10)
    t.not(what, 'restart')
    if (verdictAt === 0 && what !== 'verify') verdictAt = second + 10
  }
  t.ok(verdictAt > 590 && verdictAt <= 620, `after ${verdictAt} s`)
  t.equal(w.memory.restarts.length, 1)
})

t.test('a node that needs long to start has twice its last time for each process, and no less than before', async t => {
  const w = verifying(50)
  w.memory = { ...w.memory, lastStartSeconds: 200 }
  gone(w)
  told(w, 300)
  started(w, 'c/1')
  w.listening = false
  w.status = undefined
  t.equal(told(w, 240).do, 'verify')
  t.not(told(w, 20).do, 'verify', 'ten minutes in all')
})

t.test('what is no end of the node changes nothing', async t => {
  const w = verifying(50)
  w.process = { hold: 'process-ambiguous', detail: 'two' }
  t.notOk('detail' in told(w, 1))
  t.not(told(w, 10).do, 'verify')
})
