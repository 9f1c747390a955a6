// The hash is the same for what is the same list, different for what is not, and the same in every version of repeer.
import fc from 'fast-check'
import t from 'tap'
import { parsePeers } from '../../peers/formats/index.ts'
import { hostPort, isAddress, type Peer, peerKey, uniquePeers } from '../../peers/peer.ts'
import { peerHash, snapshotHash } from '../../peers/snapshot.ts'
import { inheritedHosts } from '../fixtures/inherited.ts'
import { goldenLists, goldenSnapshots } from './fixtures/golden.ts'
import { anyPeer, host } from './lists.ts'

t.test('golden hashes', t => {
  for (const { name, format, text, role, hash } of goldenLists)
    t.equal(peerHash(parsePeers(format, text, { source: name, ...(role ? { role } : {}) })), hash, name)
  for (const { name, hash, ...snapshot } of goldenSnapshots) t.equal(snapshotHash(snapshot), hash, name)
  const all = [...goldenLists, ...goldenSnapshots].map(({ hash }) => hash)
  t.equal(new Set(all).size, all.length, 'all differ')
  for (const hash of all) t.match(hash, /^[ps]1:[0-9a-f]{32}$/)
  t.end()
})

/** Noise that changes nothing: what a person or an operator does to a file that lists the same peers. */
const noise = fc.record({
  seed: fc.integer(),
  comment: fc.constantFrom('', '# a comment\n', '# persistent_peers = "x"\n\n', '\n\n'),
  space: fc.constantFrom('', ' ', '   '),
  ending: fc.constantFrom('\n', '\r\n'),
  upper: fc.boolean(),
  dot: fc.boolean(),
  again: fc.integer({ min: 0, max: 3 }),
})
type Noise = typeof noise extends fc.Arbitrary<infer T> ? T : never

function shuffled<T>(values: readonly T[], seed: number): T[] {
  const order = values.map((value, index) => ({ value, at: Math.sin(seed + index * 7919) }))
  return order.sort((a, b) => a.at - b.at).map(({ value }) => value)
}

function entry(peer: Peer, { upper, dot }: Noise): string {
  const bare = hostPort(isAddress(peer.host) || !dot ? peer : { ...peer, host: `${peer.host}.` })
  return upper ? `tcp://${peer.id?.toUpperCase()}@${bare.toUpperCase()}` : `${peer.id}@${bare}`
}

/** A config.toml with these peers, in another order and dress. */
function document(peers: readonly Peer[], by: Noise): string {
  const list = (role: string) => {
    const own = peers.filter(peer => peer.role === role)
    const entries = shuffled([...own, ...own.slice(0, by.again)], by.seed).map(
      peer => `${by.space}${entry(peer, by)}${by.space}`,
    )
    return `"${entries.join(',')}${by.again > 1 ? ',' : ''}"`
  }
  const lines = [
    `${by.space}persistent_peers =${by.space}${list('peer')} # ours`,
    `seeds = ${list('seed')}`,
    `laddr = "tcp://0.0.0.0:${by.again}"`,
  ]
  return [`moniker = "m${by.seed}"`, `${by.comment}[p2p]`, ...shuffled(lines, by.seed), by.comment].join(by.ending)
}

t.test('the same for reordered, re-commented, re-spaced, repeated lists', t => {
  fc.assert(
    fc.property(fc.array(anyPeer, { maxLength: 8 }), noise, noise, (peers, first, second) => {
      const hashes = [first, second].map(by =>
        peerHash(parsePeers('cometbft-toml', document(peers, by), { source: 's' })),
      )
      t.equal(hashes[0], peerHash(peers))
      t.equal(hashes[1], peerHash(peers))
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('different for different sets', t => {
  const setOf = (peers: readonly Peer[]) => uniquePeers(peers).map(peerKey).join('\n')
  // Few values, so that equal and nearly equal sets are common.
  const peer: fc.Arbitrary<Peer> = fc.record({
    id: fc.constantFrom('a'.repeat(40), 'b'.repeat(40)),
    host: fc.constantFrom('a', 'b', '::1', '10.0.0.1', ...inheritedHosts),
    port: fc.constantFrom(1, 11),
    role: fc.constantFrom('peer', 'seed'),
  })
  const list = fc.array(peer, { maxLength: 3 })
  fc.assert(
    fc.property(
      list,
      list,
      (before, after) => (setOf(before) === setOf(after)) === (peerHash(before) === peerHash(after)),
    ),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.array(anyPeer, { minLength: 1, maxLength: 6 }), fc.nat(), anyPeer, (peers, at, other) => {
      const index = at % peers.length
      const old = peers[index] as Peer
      const { id: _, ...anonymous } = old
      const others: Peer[] = [
        { ...old, port: (old.port % 65535) + 1 },
        { ...old, host: `x.${old.host}` },
        { ...old, id: `${old.id}0` },
      ]
      others.push(anonymous, { ...old, role: old.role === 'peer' ? 'seed' : 'peer' }, other)
      for (const changed of others) {
        const list = peers.with(index, changed)
        t.equal(peerHash(list) === peerHash(peers), setOf(list) === setOf(peers))
        t.equal(
          snapshotHash({ peers: list, addresses: {} }) === snapshotHash({ peers, addresses: {} }),
          setOf(list) === setOf(peers),
        )
      }
    }),
    { numRuns: 100 },
  )
  t.end()
})

const names = ['a', 'b', 'constructor', '__proto__']
const peersOf = (hosts: readonly string[]): Peer[] => hosts.map(host => ({ host, port: 1, role: 'peer' }))
const answers = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...names), fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2', '::1'))),
  {
    selector: ([name]) => name,
  },
)
/** As a resolver would keep them; a name such as __proto__ has to be a key like any other. */
const record = (pairs: readonly [string, readonly string[]][]): Record<string, readonly string[]> =>
  Object.fromEntries(pairs)

t.test('addresses count as sets', t => {
  const sets = (pairs: readonly [string, readonly string[]][]) =>
    JSON.stringify(
      pairs
        .filter(([, all]) => all.length > 0)
        .map(([name, all]) => [name, [...new Set(all)].sort()])
        .sort(),
    )
  fc.assert(
    fc.property(answers, answers, (before, after) => {
      const [first, second] = [before, after].map(pairs =>
        snapshotHash({ peers: peersOf(names), addresses: record(pairs) }),
      )
      return (first === second) === (sets(before) === sets(after))
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(answers, fc.integer(), (pairs, seed) => {
      const again = shuffled(pairs, seed).map(([name, all]): [string, string[]] => [
        name,
        [...shuffled(all, seed), ...all],
      ])
      const peers = peersOf(names)
      return (
        snapshotHash({ peers, addresses: record(pairs) }) ===
        snapshotHash({ peers: peers.reverse(), addresses: record(again) })
      )
    }),
  )
  t.end()
})

t.test('addresses of hosts that are not listed, or are addresses themselves, do not count', t => {
  const peers = peersOf(['a', '10.0.0.1', '::1'])
  const plain = snapshotHash({ peers, addresses: { a: ['10.0.0.9'] } })
  t.equal(snapshotHash({ peers, addresses: { a: ['10.0.0.9'], gone: ['10.0.0.8'] } }), plain)
  t.equal(snapshotHash({ peers, addresses: { a: ['10.0.0.9'], '10.0.0.1': ['10.0.0.1'], '::1': ['::1'] } }), plain)
  t.not(snapshotHash({ peers, addresses: { a: ['10.0.0.8'] } }), plain)
  t.equal(
    snapshotHash({ peers, addresses: { a: [] } }),
    snapshotHash({ peers, addresses: {} }),
    'no answer is no answer',
  )
  fc.assert(
    fc.property(
      host,
      name =>
        snapshotHash({ peers: [], addresses: { [name]: ['10.0.0.1'] } }) === snapshotHash({ peers: [], addresses: {} }),
    ),
  )
  t.end()
})
