// Peers whose names every plain object answers to: followed like any other.
import t from 'tap'
import { readMemory, writeMemory } from '../../../sidecar/memory-file.ts'
import { inherited } from '../../peers/inherited.ts'
import { connection, host, nodeId, peer, reason, world } from '../fixtures/look.ts'

for (const pinning of [false, true])
  t.test(`a peer of such a name moves${pinning ? ', and the node is given addresses' : ''}`, async t => {
    for (const name of inherited) {
      const w = world({ peers: [peer(1), peer(2, { host: name }), peer(3)] })
      w.pinning = pinning
      const at = (address: string) => Object.fromEntries([...Object.entries(w.hosts), [name, host(address)]])
      // A memory from before the peer was listed knows nothing of it.
      const listed = w.peers
      w.peers = [peer(1), peer(3)]
      w.connections = [connection(1, '10.0.0.1'), connection(3, '10.0.0.3')]
      t.equal(reason(w.after(0)), 'nothing', name)
      w.peers = listed
      w.hosts = at('10.0.0.2')
      w.after(1)
      w.memory = readMemory(writeMemory(w.memory))
      t.equal(reason(w.after(11)), 'restart', `${name}: it is new`)
      w.restarted('b')
      w.after(1)
      w.memory = readMemory(writeMemory(w.memory))
      t.equal(reason(w.after(1)), 'nothing', `${name}: connected`)
      t.match(w.page(w.after(0)), { phase: 'settled', connected: 3 }, name)
      w.now += 3_600_000
      w.hosts = { ...at('10.0.0.22'), ...Object.fromEntries([[name, host('10.0.0.22', { since: w.now })]]) }
      w.connections = w.connections.filter(({ id }) => id !== nodeId(2))
      w.after(1)
      t.equal(reason(w.after(11)), 'restart', `${name}: it has moved`)
      w.restarted('c')
      w.after(1)
      t.equal(reason(w.after(1)), 'nothing', `${name}: at its present address`)
    }
  })
