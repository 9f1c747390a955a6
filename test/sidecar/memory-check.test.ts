// What is taken for a memory: what a sidecar has written, of whichever version, and nothing that a decision fails on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blank } from '../../sidecar/decide/memory.ts'
import { isMemory } from '../../sidecar/memory-check.ts'
import { readMemory, writeMemory } from '../../sidecar/memory-file.ts'
import { world } from './fixtures/look.ts'

const first = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/first-memory.json'), 'utf8'))
const known = { lists: {}, addresses: {}, uncertain: [] }
const peer = { host: 'node1', port: 26656, role: 'peer' }
/** The last millisecond of the year 9999. */
const lastMoment = 253_402_300_799_999

t.test('what sidecars write is a memory, also with fields of a newer one, and without those of an older', async t => {
  t.ok(isMemory(first))
  t.ok(isMemory(JSON.parse(writeMemory(blank))))
  t.ok(isMemory({ ...first, later: { of: 'a newer version' } }))
  t.ok(isMemory({ version: 1, restarts: [], heights: [], hosts: {} }))
  const lived = world()
  lived.after(0)
  lived.move(2, '10.0.0.22')
  for (let looks = 0; looks < 20; looks++) {
    lived.after(10)
    t.ok(isMemory(JSON.parse(writeMemory(lived.memory))), `look ${looks}`)
  }
})

t.test('a part of another shape is none: each of these failed every look', async t => {
  const parts: readonly object[] = [
    { version: 2 },
    { hosts: [] },
    { hosts: { node1: { addresses: ['10.0.0.1'] } } },
    { restarts: [{ id: 'a', hash: 'b', at: 1 }] },
    { restarts: null },
    { heights: [null] },
    { given: { ...known, uncertain: undefined } },
    { given: { ...known, lists: { a: [[peer]] } } },
    { given: { ...known, lists: { a: [{ ...peer, host: undefined }] } } },
    { wanted: { since: 1 } },
    { wanted: { lists: { a: [{ ...peer, host: 7 }] }, since: 1 } },
    { before: { a: 'node1' } },
    { process: 'a' },
    { process: { identity: 'a', startedAt: lastMoment + 1 } },
    { told: {} },
    { met: { node1: 'never' } },
    { prepared: [{ token: 'a', pins: null, hash: 'b', at: 1 }] },
    { learned: { program: 'gaiad' } },
  ]
  for (const part of parts) t.notOk(isMemory({ ...first, ...part }), JSON.stringify(part))
  t.ok(isMemory({ ...first, process: { identity: 'a', startedAt: lastMoment } }))
  for (const value of [null, [], 'memory', 1]) t.notOk(isMemory(value), JSON.stringify(value))
})

t.test('names that all objects have are names here', async t => {
  const written = JSON.stringify({ ...first, hosts: {} }).replace('"hosts":{}', '"hosts":{"__proto__":{"addresses":7}}')
  t.throws(() => readMemory(written), /expected/)
})
