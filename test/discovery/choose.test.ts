import fc from 'fast-check'
import t from 'tap'
import { choosePeers, nothingKnown, writeList } from '../../discovery/choose.ts'
import { parsePeers } from '../../peers/formats/index.ts'
import { type Peer, peerKey } from '../../peers/peer.ts'
import { anyPeer } from '../peers/lists.ts'
import { at, found, spec } from './fixtures/specs.ts'

const hosts = (peers: readonly Peer[]) => peers.map(({ host }) => host)
const keys = (peers: readonly Peer[]) => peers.map(peerKey)

t.test('sorted, each once, with the static extra peers and without the excluded', async t => {
  const given = spec({ additional: ['z:26656', 'c:26656', 'not a peer'], exclude: { hosts: ['B'], ids: ['AB12'] } })
  const peers = [at('c'), at('b'), at('a'), { ...at('d'), id: 'ab12' }]
  const chosen = choosePeers({ peers, problems: [], considered: 4 }, given, [])
  t.strictSame(hosts(chosen.peers), ['a', 'c', 'z'])
  t.match(chosen.problems, [{ code: 'malformed', subject: 'additional[2]', message: /found "not a peer"/ }])
})

t.test('a format that needs identities leaves out whoever has none, and says so', async t => {
  const given = spec({ output: { configMap: 'peers', key: 'list', format: 'cometbft-list' } })
  const id = 'a'.repeat(40)
  const chosen = choosePeers(
    { peers: [{ ...at('a'), id }, at('b'), { ...at('c'), id: 'ff' }], problems: [], considered: 3 },
    given,
    [],
  )
  t.strictSame(hosts(chosen.peers), ['a'])
  t.match(chosen.problems, [
    { code: 'no-id', subject: 'b:26656', message: /no identity/ },
    { code: 'no-id', subject: 'c:26656', message: /the identity ff$/ },
  ])
})

t.test('over the limit those that are listed already stay: a newcomer moves nobody', async t => {
  const given = spec({ limit: 2 })
  const chosen = choosePeers(found('a', 'b', 'c', 'd'), given, [at('d'), at('c')])
  t.strictSame(hosts(chosen.peers), ['c', 'd'])
  t.match(chosen.problems, [{ code: 'limit', message: /found 4 peers, expected at most spec.limit 2; 2 are left out/ }])
  t.equal(chosen.problems[0]?.subject, 'list')
  t.strictSame(hosts(choosePeers(found('a', 'b', 'c', 'd'), given, [at('d'), at('x')]).peers), ['a', 'd'])
  const three = spec({ limit: 3 })
  const both = [at('a'), at('b')]
  t.strictSame(
    hosts(choosePeers(found('a', 'b', 'c', 'd'), three, both).peers),
    ['a', 'b', 'c'],
    'and the room is used',
  )
  t.strictSame(choosePeers(found('a', 'b', 'c'), three, both).problems, [], 'as many as the limit are none too many')
})

t.test('a source of which nothing is known has no problems of its own', async t => {
  t.strictSame(choosePeers(nothingKnown, spec(), [at('a')]), { peers: [at('a')], problems: [] })
})

t.test('property: a source that fails or knows a part only takes nobody from the list', async t => {
  const list = fc.array(
    anyPeer.map(peer => ({ ...peer, role: 'peer' as const })),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(list, list, (before, peers) => {
      const given = spec()
      for (const incomplete of [nothingKnown, { peers, problems: [], considered: peers.length, incomplete: true }]) {
        const chosen = new Set(keys(choosePeers(incomplete, given, before).peers))
        if (!before.every(peer => chosen.has(peerKey(peer)))) return false
      }
      return true
    }),
  )
  t.pass()
})

t.test('property: choosing again from what was chosen changes nothing, whatever the limit', async t => {
  const list = fc.array(
    anyPeer.map(peer => ({ ...peer, role: 'peer' as const })),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(list, list, fc.integer({ min: 1, max: 8 }), (before, peers, limit) => {
      const given = spec({ limit })
      const all = { peers, problems: [], considered: 0 }
      const once = choosePeers(all, given, before).peers
      const again = choosePeers(all, given, once).peers
      const shuffled = choosePeers({ ...all, peers: peers.toReversed() }, given, before).peers
      const same =
        JSON.stringify(keys(once)) === JSON.stringify(keys(again)) &&
        JSON.stringify(keys(once)) === JSON.stringify(keys(shuffled))
      return same && once.length <= limit
    }),
  )
  t.pass()
})

t.test("other formats are written as the chain's programs read them", async t => {
  t.equal(writeList('generic-list', [at('a'), at('b')]), 'a:26656\nb:26656\n')
})

t.test("stellar-core's list is a peer a line, and reads back", async t => {
  const text = writeList('stellar-list', [at('10.0.0.1', 11625), at('10.0.0.2', 11626)])
  t.equal(text, '10.0.0.1:11625\n10.0.0.2:11626')
  t.strictSame(hosts(parsePeers('stellar-list', text, { source: 'test' })), ['10.0.0.1', '10.0.0.2'])
})
