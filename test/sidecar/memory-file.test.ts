// The memory's file is read by whichever version of the sidecar comes next: its words stay.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blank } from '../../sidecar/decide/memory.ts'
import { readMemory, writeMemory } from '../../sidecar/memory-file.ts'
import { connection, host, peer, world } from './fixtures/look.ts'

/** What the first version wrote of a node that had been told in vain, and whose restart was being asked for. */
const first = readFileSync(join(import.meta.dirname, 'fixtures/first-memory.json'), 'utf8')

t.test('what the first version has written is understood, every word of it', async t => {
  const memory = readMemory(first)
  t.match(memory, {
    startedWith: { addresses: { node2: ['10.0.0.2'] } },
    taught: { addresses: { node2: [] } },
    desired: { since: 1767225600000 },
    intent: { forPeers: [/node2:26656$/], giving: { addresses: { node2: ['10.0.0.22'] } } },
    told: [{ outcome: 'in-vain' }],
    restarts: [{ outcome: 'asked' }],
  })
  const known = new Set(['startedWith', 'desired', 'met', 'prepared', 'api', ...Object.keys(blank)])
  t.same(
    Object.keys(memory).filter(name => !known.has(name)),
    [],
    'nothing is left under an old name',
  )
})

t.test('and what is written is what the first version reads', async t => {
  t.same(JSON.parse(writeMemory(readMemory(first))), JSON.parse(first))
  const { given, wanted, intent } = JSON.parse(writeMemory(blank))
  t.same({ given, wanted, intent }, { given: null, wanted: null, intent: null })
})

t.test('a sidecar that is upgraded in place goes on with the restart that the first version asked for', async t => {
  const w = world({ peers: [peer(1), peer(2)] })
  w.memory = readMemory(first)
  w.now = (w.memory.intent?.at ?? 0) + 1000
  w.pinning = true
  w.hosts = { node1: host('10.0.0.1'), node2: host('10.0.0.22', { since: w.now - 150_000 }) }
  w.connections = [connection(1, '10.0.0.1')]
  const again = w.after(0)
  t.match(again.decision, { do: 'restart', intent: { id: w.memory.intent?.id } }, 'by the same id')
  w.restarted('b')
  t.equal(w.after(1).decision.do, 'nothing')
  t.match(w.memory, { intent: null, restarts: [{ outcome: 'verified' }] })
})
