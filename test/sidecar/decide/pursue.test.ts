// A restart under way: verified, overtaken, given up.
import t, { type Test } from 'tap'
import { connection, healthy, host, nodeId, plan, reason, world } from '../fixtures/look.ts'

t.test('a peer that moves again while a restart for its sake is verified', async t => {
  /** Node 2 has moved, and the node has been restarted for it and is back without it. */
  const verifying = () => {
    const w = world({ plan: plan({ times: { minIntervalSeconds: 60 } }) })
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.restarted('b')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    t.equal(reason(w.after(1)), 'verify')
    return w
  }
  /** A second after `verifying`: waited for until the minute is over. */
  const endsUnverified = (t: Test, w: ReturnType<typeof world>) => {
    t.equal(reason(w.after(58)), 'verify')
    t.equal(reason(w.after(1)), 'already-restarted')
    t.match(w.memory.restarts, [{ outcome: 'unverified' }])
  }
  t.test('is not waited for: the next restart is for its present address, at once', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    w.openSince = { '10.0.0.23:26656': w.now }
    t.equal(reason(w.after(1)), 'verify')
    t.equal(
      reason(w.after(28)),
      'verify',
      'the node may have got the new address, and has three settle times to connect',
    )
    t.equal(reason(w.after(1)), 'min-interval')
    t.match(w.memory, { intent: null, restarts: [{ outcome: 'overtaken' }] })
    t.equal(reason(w.after(29)), 'restart')
    w.restarted('c')
    t.equal(reason(w.after(1)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }, { outcome: 'verified' }])
  })
  t.test('and is connected in that time: verified', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    w.after(10)
    w.connections = [...w.connections, connection(2, '10.0.0.23')]
    t.equal(reason(w.after(10)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'verified' }])
  })
  t.test('and is connected later: no other restart', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(30)), 'settling')
    w.connections = [...w.connections, connection(2, '10.0.0.23')]
    t.equal(reason(w.after(60)), 'nothing')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }])
  })
  t.test('the time counts from when the node is up: only then does it look its names up', async t => {
    const w = verifying()
    w.restarted('c', false)
    w.status = undefined
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(20)), 'verify')
    w.status = healthy
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
    t.equal(reason(w.after(1)), 'verify')
    t.equal(reason(w.after(29)), 'verify')
    t.equal(reason(w.after(1)), 'settling')
  })
  t.test('while another is still awaited, that one is waited for', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.move(3, '10.0.0.32')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.restarted('b', false)
    w.after(1)
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(40)), 'verify')
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.32')]
    t.equal(reason(w.after(1)), 'settling')
    t.match(w.memory.restarts, [{ outcome: 'overtaken' }])
  })
  t.test('another answer for a moment is no move', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(1)), 'verify')
    w.move(2, '10.0.0.22')
    endsUnverified(t, w)
  })
  t.test('nor is another address beside the one that was given', async t => {
    const w = verifying()
    w.hosts = { ...w.hosts, node2: host(['10.0.0.22', 'fd00::22'], { since: w.now }) }
    w.after(1)
    endsUnverified(t, w)
  })
  t.test('and moves back: the page does not say that all is well', async t => {
    const w = verifying()
    w.move(2, '10.0.0.23')
    t.equal(reason(w.after(30)), 'settling')
    w.move(2, '10.0.0.22')
    t.equal(reason(w.after(60)), 'restart', 'it may never have been told the address that is right again')
    w.restarted('c')
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let n = 0; n < 62; n++) w.after(1)
    t.match(w.after(3600).decision, { reason: 'already-restarted', detail: /^not connected: node2/ }, 'no third time')
    w.connections = [...w.connections, connection(2, '10.0.0.22')]
    t.equal(reason(w.after(60)), 'nothing')
  })
  t.test('again and again: neither a success nor in vain, so its part of the budget bounds it', async t => {
    const w = world({ plan: plan({ times: { minIntervalSeconds: 10 } }) })
    w.after(0)
    w.move(2, '10.0.1.0')
    t.equal(reason(w.after(1)), 'settling')
    for (let move = 1; move <= 3; move++) {
      t.equal(reason(w.after(10)), 'restart', `restart ${move}`)
      w.restarted(`p${move}`)
      w.connections = w.connections.filter(one => one.id !== nodeId(2))
      t.equal(reason(w.after(1)), 'verify')
      w.move(2, `10.0.1.${move}`)
      t.equal(reason(w.after(30)), 'settling')
    }
    t.equal(reason(w.after(10)), 'budget')
    t.ok(w.memory.restarts.every(one => one.outcome === 'overtaken'))
  })
  t.test('it does not open the breaker again', async t => {
    const w = world()
    w.after(0)
    const past = (hoursAgo: number, outcome: 'unverified' | 'overtaken') => {
      const at = w.now - hoursAgo * 3600_000
      return { id: `${at}`, hash: `s1:${at}`, level: 'process', at, why: '', outcome, endedAt: at } as const
    }
    w.memory = {
      ...w.memory,
      restarts: [past(9, 'unverified'), past(8, 'unverified'), past(7, 'unverified'), past(1, 'overtaken')],
    }
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
  })
})

t.test('a request that is never taken is given up, and does not count', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.after(10)
  t.equal(reason(w.after(61)), 'not-taken')
  t.match(w.memory, { intent: null, restarts: [{ outcome: 'not-taken' }] })
  w.after(1)
  t.equal(reason(w.after(11)), 'restart', 'asked anew')
})

t.test('how long a node that is back has to be connected', async t => {
  const rows: [what: string, lastStartSeconds: number | undefined, seconds: number][] = [
    ['a minute, where its last start is not known', undefined, 60],
    ['a minute, where it starts quickly', 29, 60],
    ['still a minute', 30, 60],
    ['twice what its last start took, above that', 31, 62],
    ['however long that was', 300, 600],
  ]
  for (const [what, lastStartSeconds, seconds] of rows) {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    t.equal(reason(w.after(10)), 'restart')
    w.memory = { ...w.memory, ...(lastStartSeconds === undefined ? {} : { lastStartSeconds }) }
    w.restarted('b')
    w.connections = w.connections.filter(connection => connection.id !== nodeId(2))
    w.listening = false
    t.match(w.after(1).decision, { do: 'verify', until: w.now + seconds * 1000 }, what)
    t.equal(reason(w.after(seconds - 0.001)), 'verify', `${what}: a moment before`)
    t.equal(reason(w.after(0.001)), 'already-restarted', `${what}: then`)
  }
})

t.test('how long a request may go untaken: the grace period and half a minute', async t => {
  const w = world()
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  t.equal(reason(w.after(10)), 'restart')
  t.equal(reason(w.after(59.999)), 'restart', 'asked for again')
  t.equal(reason(w.after(0.001)), 'not-taken')
})
