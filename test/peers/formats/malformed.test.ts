// Every malformed list is refused, with an error that says which list, where in it, what stands there and what is
// expected.
import fc from 'fast-check'
import t from 'tap'
import { maxEntries } from '../../../peers/formats/codec.ts'
import { formats, PeerListError, parsePeers, writePeers } from '../../../peers/formats/index.ts'
import type { Peer } from '../../../peers/peer.ts'
import { malformed } from '../fixtures/malformed.ts'
import { peerOf } from '../lists.ts'

function problemsOf(run: () => unknown): PeerListError {
  try {
    run()
  } catch (error) {
    if (error instanceof PeerListError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

t.test('malformed lists', t => {
  t.ok(malformed.length >= 50, `${malformed.length} of them`)
  const source = 'ConfigMap chain-a/node0-config'
  for (const { format, text, where, found, expected } of malformed) {
    const error = problemsOf(() => parsePeers(format, text, { source }))
    const [problem] = error.problems
    const name = `${format}: ${JSON.stringify(text.slice(0, 60))}`
    t.equal(problem?.source, source, `${name}: source`)
    t.equal(problem?.where, where, `${name}: where`)
    t.ok(problem?.found.includes(found), `${name}: found "${problem?.found}"`)
    t.ok(problem?.expected.includes(expected), `${name}: expected ${problem?.expected}`)
    for (const part of [source, where, problem?.found ?? '?', expected])
      t.ok(error.quoted().includes(part), `${name}: whoever gave the list is told ${part}`)
    for (const part of [source, where, expected])
      t.ok(error.message.includes(part), `${name}: the message says ${part}`)
  }
  t.strictSame([...new Set(malformed.map(({ format }) => format))].sort(), [...formats].sort(), 'every format has some')
  t.end()
})

t.test('all problems are reported together', t => {
  const id = 'a'.repeat(40)
  const text = `[p2p]\npersistent_peers = "x,${id}@a:1,y"\nseeds = "z"\n`
  const { problems, message } = problemsOf(() => parsePeers('cometbft-toml', text, { source: 'config.toml' }))
  t.strictSame(
    problems.map(({ where, found }) => `${where} ${found}`),
    ['[p2p] persistent_peers entry 1 x', '[p2p] persistent_peers entry 3 y', '[p2p] seeds entry 1 z'],
  )
  t.equal(message.split('; ').length, 3)
  t.end()
})

t.test('a key file that was named by mistake does not end up in the log', t => {
  const lines = Array.from({ length: 40 }, (_, index) => `${String(index).padStart(2, '0')}${'SECRET+/'.repeat(8)}`)
  for (const format of formats) {
    const error = problemsOf(() => parsePeers(format, lines.join('\n'), { source: 's' }))
    const shown = lines.filter(line => error.quoted().includes(line)).length
    t.ok(shown <= 5, `${format}: ${shown} of 40 lines`)
    t.notMatch(error.message, /SECRET/)
    t.ok(error.quoted().length < 1500, `${format}: ${error.message.length} characters`)
  }
  t.end()
})

t.test('size', t => {
  const limit = 1024 * 1024
  for (const format of formats) {
    const error = problemsOf(() => parsePeers(format, ' '.repeat(limit + 1), { source: 's' }))
    t.match(error.problems, [{ where: 'whole text', found: '1048577 bytes', expected: 'at most 1048576 bytes' }])
    t.strictSame(parsePeers(format, '\n'.repeat(limit), { source: 's' }), [], `${format}: the limit itself is allowed`)
  }
  t.match(problemsOf(() => parsePeers('generic-list', 'é'.repeat(limit / 2 + 1), { source: 's' })).problems, [
    { found: '1048578 bytes' },
  ])
  t.end()
})

t.test('how many', t => {
  for (const format of formats) {
    const [like] = fc.sample(peerOf(format, 'peer'), 1)
    const listOf = (count: number) =>
      writePeers(
        format,
        Array.from(
          { length: count },
          (_, at): Peer => ({ ...like, host: `10.0.${at >> 8}.${at & 255}`, port: 1, role: like?.role ?? 'peer' }),
        ),
      )
    t.equal(parsePeers(format, listOf(maxEntries), { source: 's' }).length, maxEntries, format)
    const { problems, message } = problemsOf(() => parsePeers(format, listOf(maxEntries + 1), { source: 's' }))
    t.match(problems, [{ where: 'whole list', found: 'more than 2000 entries', expected: 'at most 2000 entries' }])
    t.match(message, /found more than 2000 entries, expected at most 2000 entries/, format)
  }
  t.end()
})

t.test('time grows with the length, not with its square', t => {
  // A quarter of the bound: with the square of it a parser would compute for a minute.
  const limit = 256 * 1024
  const texts = {
    'cometbft-toml': `[p2p]\npersistent_peers = "${'x,'.repeat(limit / 2 - 20)}"`,
    'cometbft-list': '@'.repeat(limit),
    'tm2-toml': `[p2p]\npersistent_peers = "${'x,'.repeat(limit / 2 - 20)}"`,
    'tm2-list': `g1${'q'.repeat(limit / 2)}${'@'.repeat(limit / 2 - 10)}`,
    'stellar-cfg': `KNOWN_PEERS=[${'"!",'.repeat(limit / 4 - 10)}]`,
    'stellar-list': '!\n'.repeat(limit / 2),
    'geth-toml': `[Node.P2P]\nStaticNodes=["enr:${'A'.repeat(limit - 60)}"]`,
    'besu-toml': `bootnodes="${'enode://,'.repeat(limit / 10)}"`,
    'static-nodes': `["${'\\"'.repeat(limit / 2 - 10)}`,
    'enode-list': `enode://${'a'.repeat(limit - 20)}`,
    'multiaddr-list': `/dns/a/tcp/1${'/ws'.repeat(limit / 3 - 20)}/p2p/${'z'.repeat(1000)}`,
    'generic-list': '['.repeat(limit),
  } as const
  for (const format of formats) {
    const before = process.cpuUsage()
    problemsOf(() => parsePeers(format, texts[format], { source: 's' }))
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1000
    t.ok(ms < 5000, `${format}: ${Math.round(ms)} ms of CPU time`)
  }
  t.end()
})
