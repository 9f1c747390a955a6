// What a process was given when it started.
import t from 'tap'
import { connection, host, nodeId, reason, start, world } from '../fixtures/look.ts'

t.test('what the node was given decides whether a restart would teach it anything', async t => {
  t.test('one dead connection to a peer at the address that was given', async t => {
    const w = world()
    w.after(0)
    w.connections = w.connections.filter(one => one.id !== nodeId(3))
    t.equal(reason(w.after(60)), 'nothing', 'a restart would give it the same address again')
  })
  t.test('a name that had no answer at the start', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host([], { failures: 1, error: 'ENOTFOUND' }) }
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(0)), 'unreachable')
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start + 20_000 }) }
    t.equal(reason(w.after(20)), 'settling')
    t.equal(reason(w.after(10)), 'restart')
  })
  t.test('an answer that was too young at the start: three settle times, for the node may know it', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start - 61_000 }) }
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(0)), 'settling')
    t.equal(reason(w.after(29)), 'settling')
    t.equal(reason(w.after(1)), 'restart')
  })
  t.test('a young answer at which the node was seen to dial is known', async t => {
    const w = world()
    w.hosts = { ...w.hosts, node3: host('10.0.0.3', { since: start - 61_000 }) }
    w.connections = [...w.connections.slice(0, 2), connection(3, '10.0.0.3', { port: 26656 })]
    w.after(0)
    w.connections = w.connections.slice(0, 2)
    t.equal(reason(w.after(60)), 'nothing')
  })
  t.test('a process that started by itself was given what there was then', async t => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    w.now += 60_000
    w.restarted('b', false)
    w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
    t.equal(reason(w.after(40)), 'nothing', 'its address was 100 s old when the process started')
  })
})
