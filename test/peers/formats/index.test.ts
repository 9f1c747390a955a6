// Real lists of every format, the variants that their programs take, the round trip, and which texts count as holding
// peers.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  type Format,
  formats,
  holdsPeers,
  PeerListError,
  parsePeers,
  writePeers,
} from '../../../peers/formats/index.ts'
import { hostPort, type Peer, peerKey, uniquePeers } from '../../../peers/peer.ts'
import { peerOf, role, saysRoles } from '../lists.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
/** Each peer as "role id@host:port", the id cut to 6 characters. */
const brief = (peers: readonly Peer[]) =>
  peers.map(peer => `${peer.role} ${peer.id?.slice(0, 6) ?? ''}@${hostPort(peer)}`)
const read = (format: Format, text: string, options: { role?: 'peer' | 'seed'; defaultPort?: number } = {}) =>
  brief(parsePeers(format, text, { source: 'test', ...options }))

const id = '500d81aafe637717a52f8650e54206e64da33d27'
const key =
  '8b61dc2d06c3f96fddcbebb0efb29d60d3598650275dc469c22229d3e5620369b0d3dedafd929835fe7f489618f19f456fe7c0df572bf2d914a9f4e006f783a9'
const peerId = '12D3KooWSPTTGU3GyE2twr5yTZsjZYX4HhTQHam37695PLtFvE1y'

t.test('files as their programs write them', t => {
  t.strictSame(read('cometbft-toml', fixture('cometbft-0.38.config.toml')), [
    'peer 500d81@node0-headless.chain.svc.cluster.local:26656',
    'peer f937c3@10.42.0.17:26656',
    'seed 2dbf44@seed.example.com:26656',
  ])
  t.strictSame(read('cometbft-toml', fixture('cosmos-operator.config-overlay.toml')), [
    'peer 500d81@hub-p2p-0.cosmos.svc.cluster.local:26656',
    'peer f937c3@hub-p2p-1.cosmos.svc.cluster.local:26656',
  ])
  t.strictSame(read('stellar-cfg', fixture('stellar-core.cfg')), [
    'peer @core-0.core-headless:11625',
    'peer @core-live-a.stellar.org:11625',
    'peer @core-live-b.stellar.org:11625',
    'peer @192.0.2.17:11625',
    'peer @core-1.core-headless:11735',
  ])
  t.strictSame(read('geth-toml', fixture('geth.config.toml')), [
    'peer 8b61dc@geth-1.geth.eth.svc.cluster.local:30303',
    'peer 10d62e@[2001:db8::17]:30303',
    'peer 8697a1@3.19.194.157:9000',
    'seed 4e5e92@138.197.51.181:30303',
    'seed 143e11@146.190.1.103:30301',
  ])
  t.strictSame(read('static-nodes', fixture('static-nodes.json')), [
    'peer 8b61dc@besu-1.besu.eth.svc.cluster.local:30303',
    'peer 10d62e@10.42.0.23:30304',
  ])
  t.end()
})

t.test('empty lists', t => {
  for (const format of formats)
    for (const text of ['', ' \n', '\r\n']) t.strictSame(read(format, text), [], `${format} ${JSON.stringify(text)}`)
  const empty: [Format, string][] = [
    ['cometbft-toml', '[p2p]\npersistent_peers = ""\nseeds = " , "'],
    ['cometbft-toml', 'moniker = "x"\n[p2p]\n'],
    ['cometbft-list', ' , ,'],
    ['stellar-cfg', 'KNOWN_PEERS=[]\n'],
    ['geth-toml', '[Node.P2P]\nStaticNodes = []\n'],
    ['static-nodes', '[]'],
    ['generic-list', '# nobody yet\n\n'],
    ['generic-list', '[ ]'],
  ]
  for (const [format, text] of empty) t.strictSame(read(format, text), [], `${format} ${JSON.stringify(text)}`)
  t.end()
})

t.test('cometbft', t => {
  const upper = id.toUpperCase()
  t.strictSame(read('cometbft-list', ` tcp://${upper}@A.Example.COM.:26656 ,, ${id}@a.example.com:26656,\n`), [
    'peer 500d81@a.example.com:26656',
  ])
  t.strictSame(read('cometbft-list', `${id}@[2001:DB8:0::1]:026656`, { role: 'seed' }), [
    'seed 500d81@[2001:db8::1]:26656',
  ])
  t.strictSame(
    read('cometbft-list', `${id}@[::ffff:10.0.0.1]:1,${id}@10.0.0.1:1`),
    ['peer 500d81@10.0.0.1:1'],
    'IPv4 in IPv6',
  )
  t.strictSame(read('cometbft-list', `${id}@bücher.example:1,${id}@xn--bcher-kva.example:1`), [
    'peer 500d81@xn--bcher-kva.example:1',
  ])
  t.strictSame(read('cometbft-list', `mconn://${id}@_p2p.a:1`), ['peer 500d81@_p2p.a:1'], 'any scheme, as CometBFT')
  const both = (underscores: string, dashes: string) =>
    `[p2p]\npersistent-peers = "${dashes}"\npersistent_peers = "${underscores}"\n`
  t.strictSame(read('cometbft-toml', both(`${id}@u:1`, `${id}@d:1`)), ['peer 500d81@u:1'], 'underscores outrank dashes')
  t.strictSame(read('cometbft-toml', both('', `${id}@d:1`)), [], 'also where they are empty')
  t.strictSame(read('cometbft-toml', both('', 'garbage')), [], 'what the node does not read is not judged')
  t.strictSame(read('cometbft-toml', `[p2p]\npersistent-peers = "${id}@d:1"`), ['peer 500d81@d:1'], 'dashes alone')
  t.strictSame(
    read('cometbft-toml', `[P2P]\nPersistent_Peers = '  ${id}@d:1 , '`),
    ['peer 500d81@d:1'],
    'viper knows no case',
  )
  t.strictSame(
    read('cometbft-toml', `p2p.seeds = "${id}@d:1"\r\n`, { role: 'peer' }),
    ['seed 500d81@d:1'],
    'the document says the role',
  )
  t.strictSame(
    read('cometbft-toml', '["__proto__"]\nx = 1\n[constructor.prototype]\npersistent_peers = "x"\n'),
    [],
    'nothing inherited',
  )
  t.end()
})

t.test('stellar-core', t => {
  const peers = ['peer @core-1:11625', 'peer @core-2:1', 'peer @[2001:db8::1]:11625']
  t.strictSame(read('stellar-list', 'core-1,core-2:1,[2001:db8::1],core-1:11625'), peers)
  t.strictSame(read('stellar-list', 'core-1 # first\ncore-2:1, [2001:db8::1]\r\n'), peers, 'by lines')
  t.strictSame(read('stellar-list', 'core-1', { defaultPort: 11735 }), ['peer @core-1:11735'])
  t.strictSame(read('stellar-cfg', 'KNOWN_PEERS=["core-1"]', { defaultPort: 11735, role: 'seed' }), [
    'peer @core-1:11735',
  ])
  t.strictSame(read('stellar-cfg', '[NESTED]\nKNOWN_PEERS=["core-1"]'), [], 'only at the top')
  t.end()
})

t.test('enodes and ENRs', t => {
  const enode = `enode://${key}@10.0.0.1:30303`
  t.strictSame(read('enode-list', ` ${enode}, ENODE://${key.toUpperCase()}@10.0.0.1:30303?discport=30301 `), [
    'peer 8b61dc@10.0.0.1:30303',
  ])
  t.strictSame(
    read('enode-list', `${enode}?discport=30301`, { role: 'seed' }),
    ['seed 8b61dc@10.0.0.1:30301'],
    'a seed is asked over UDP',
  )
  t.strictSame(read('enode-list', `enode://${key}@[::1]:0?discport=30301`, { role: 'seed' }), [
    'seed 8b61dc@[::1]:30301',
  ])
  t.strictSame(read('enode-list', `${enode}?discport=0`, { role: 'seed' }), ['seed 8b61dc@10.0.0.1:30303'])
  t.strictSame(read('static-nodes', `["${enode}/"]`, { role: 'seed' }), ['seed 8b61dc@10.0.0.1:30303'])
  // The record of EIP-778's own example; its key is given there compressed, 03ca634cae0d49ac...
  const enr =
    'enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRjzjCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8'
  const [peer] = parsePeers('enode-list', enr, { source: 'test', role: 'seed' })
  t.match(peer, { host: '127.0.0.1', port: 30303, role: 'seed' })
  t.match(peer?.id, /^ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138[0-9a-f]{64}$/)
  t.throws(() => parsePeers('enode-list', `${enr}AAAA`, { source: 's' }), PeerListError, 'something after it')
  for (let length = 0; length < enr.length; length++) {
    if (length === 'enr:'.length - 1) continue
    t.throws(
      () => parsePeers('static-nodes', JSON.stringify([enr.slice(0, length)]), { source: 's' }),
      PeerListError,
      `cut to ${length}`,
    )
  }
  t.end()
})

t.test('multiaddresses', t => {
  const text = `/ip4/10.0.0.1/tcp/1/p2p/${peerId}, /ip6/2001:db8::1/tcp/2/p2p/${peerId}\n/dns4/A.example./tcp/443/wss/ipfs/${peerId}
    /dns6/b/tcp/3/tls/ws/p2p/${peerId} /dns/c/tcp/4/x-parity-wss/%2F/p2p/${peerId}`
  const peers = ['10.0.0.1:1', '[2001:db8::1]:2', 'a.example:443', 'b:3', 'c:4']
  t.strictSame(
    read('multiaddr-list', text),
    peers.map(at => `peer 12D3Ko@${at}`),
  )
  for (const known of [
    'QmSk5HQbn6LhUwDiNMseVUjuRYhEtYj4aUZ6WfWoGURpdV',
    '16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY',
  ])
    t.equal(read('multiaddr-list', `/dns/c/tcp/4/p2p/${known}`).length, 1, known)
  t.end()
})

t.test('generic', t => {
  t.strictSame(read('generic-list', '# all\n\n a:1  # first\n[2001:db8::1]:2\r\nb.:3,c:4\n'), [
    'peer @a:1',
    'peer @[2001:db8::1]:2',
    'peer @b:3',
    'peer @c:4',
  ])
  t.strictSame(read('generic-list', '[2001:db8::1]:2'), ['peer @[2001:db8::1]:2'], 'no JSON')
  t.strictSame(read('generic-list', ' ["a:1",\n"[2001:db8::1]:2"] '), ['peer @a:1', 'peer @[2001:db8::1]:2'])
  t.strictSame(read('generic-list', 'a\n[2001:db8::1]\nb:3', { defaultPort: 7, role: 'seed' }), [
    'seed @a:7',
    'seed @[2001:db8::1]:7',
    'seed @b:3',
  ])
  t.strictSame(read('generic-list', `${id.toUpperCase()}@a:1,QmAbC@b:2`), ['peer 500d81@a:1', 'peer QmAbC@b:2'])
  t.end()
})

t.test('what is written reads back to the same set', t => {
  const keys = (peers: readonly Peer[]) => uniquePeers(peers).map(peerKey)
  for (const format of formats) {
    fc.assert(
      fc.property(
        role.chain(as => fc.tuple(fc.constant(as), fc.array(peerOf(format, as), { maxLength: 8 }))),
        ([as, peers]) => {
          const text = writePeers(format, peers)
          t.strictSame(keys(parsePeers(format, text, { source: 'written', role: as })), keys(peers))
          return peers.length === 0 || holdsPeers(format, text) || format === 'stellar-list'
        },
      ),
      { numRuns: 60 },
    )
  }
  t.end()
})

t.test('peers come in order, each once', t => {
  fc.assert(
    fc.property(fc.array(peerOf('cometbft-list', 'peer'), { maxLength: 8 }), peers => {
      const text = writePeers('cometbft-list', [...peers, ...peers])
      t.strictSame(parsePeers('cometbft-list', text, { source: 's' }).map(peerKey), [...new Set(peers.map(peerKey))])
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('a peer without the ID that a format needs is not written', t => {
  const peer: Peer = { host: 'a', port: 1, role: 'peer' }
  for (const format of formats) {
    const needsId = !['stellar-cfg', 'stellar-list', 'generic-list'].includes(format)
    if (needsId) t.throws(() => writePeers(format, [{ ...peer, id: 'x' }]), PeerListError, format)
    if (needsId) t.throws(() => writePeers(format, [peer]), /entry 1: expected/, format)
    else t.ok(writePeers(format, [peer]), format)
  }
  t.ok(saysRoles.every(format => writePeers(format, []).includes('P2P') || writePeers(format, []).includes('[p2p]')))
  t.end()
})

t.test('which texts hold peers', t => {
  const rows: [Format, string, boolean][] = [
    ['cometbft-toml', fixture('cometbft-0.38.config.toml'), true],
    ['cometbft-toml', fixture('geth.config.toml'), false],
    ['cometbft-toml', '[p2p]\nseeds = ""', true],
    ['cometbft-toml', '[p2p]\npersistent-peers = "nonsense"', true],
    ['cometbft-toml', '[p2p]\nladdr = ""', false],
    ['cometbft-toml', 'persistent_peers = ""', false],
    ['cometbft-toml', '[p2p', false],
    ['cometbft-list', `${id}@a:1`, true],
    ['cometbft-list', `${id}@a:1,nonsense`, true],
    ['cometbft-list', fixture('cometbft-0.38.config.toml'), false],
    ['cometbft-list', `peers=x,${id}@a:1`, false],
    ['cometbft-list', '', false],
    ['stellar-cfg', fixture('stellar-core.cfg'), true],
    ['stellar-cfg', 'KNOWN_PEERS=[]', true],
    ['stellar-cfg', 'HTTP_PORT=1', false],
    ['stellar-list', 'core-live-a.stellar.org,core-b:11625', true],
    ['stellar-list', 'true', false],
    ['stellar-list', fixture('stellar-core.cfg'), false],
    ['geth-toml', fixture('geth.config.toml'), true],
    ['geth-toml', '[Node.P2P]\nTrustedNodes = []', true],
    ['geth-toml', '[Node.P2P]\nMaxPeers = 50', false],
    ['geth-toml', fixture('cometbft-0.38.config.toml'), false],
    ['static-nodes', fixture('static-nodes.json'), true],
    ['static-nodes', '[]', true],
    ['static-nodes', '["enode://short"]', true],
    ['static-nodes', '["a:1"]', false],
    ['static-nodes', '{"priv_key": "x"}', false],
    ['enode-list', `enode://${key}@10.0.0.1:30303`, true],
    ['enode-list', fixture('static-nodes.json'), false],
    ['multiaddr-list', `/dns/a/tcp/1/p2p/${peerId} /dns/a/tcp/1`, true],
    ['multiaddr-list', '/usr/bin/node', false],
    ['generic-list', 'a:1\nb:2', true],
    ['generic-list', '["a:1"]', true],
    ['generic-list', '[]', false],
    ['generic-list', 'log: debug', false],
    ['generic-list', 'https://a:1', false],
  ]
  for (const [format, text, holds] of rows)
    t.equal(holdsPeers(format, text), holds, `${format} ${JSON.stringify(text.slice(0, 40))}`)
  fc.assert(
    fc.property(
      fc.constantFrom(...formats),
      fc.oneof(
        fc.string(),
        fc.uint16Array({ maxLength: 50 }).map(units => String.fromCharCode(...units)),
        fc.json(),
      ),
      (format, text) => {
        holdsPeers(format, text)
        try {
          parsePeers(format, text, { source: 's' })
        } catch (error) {
          return error instanceof PeerListError && error.problems.length > 0
        }
        return true
      },
    ),
    { numRuns: 2000 },
  )
  t.equal(holdsPeers('cometbft-toml', `[p2p]\nseeds = ""\n${'#'.repeat(1024 * 1024)}`), false, 'beyond 1 MiB')
  t.end()
})

t.test('a document is looked at before it is parsed, and no key escapes the look', t => {
  const rows: readonly [Format, string, boolean][] = [
    ['cometbft-toml', '[p2p]\nPersistent_Peers = ""', true],
    ['cometbft-toml', '[P2P]\n"persistent\\u005fpeers" = ""', true],
    ['cometbft-toml', '[p2p]\n"\\U00000073eeds" = ""', true],
    ['cometbft-toml', '[p2p]\nseed_mode = true', false],
    ['tm2-toml', 'p2p.persistent_peers = ""', true],
    ['tm2-toml', 'p2p.seeds = ""', false],
    ['geth-toml', '[Node.P2P]\n"Static\\u004eodes" = []', true],
    ['geth-toml', '[Node.P2P]\nstaticnodes = []', false],
    ['besu-toml', '"bootnode\\u0073" = []', true],
    ['besu-toml', 'data-path = "/bootnode"', false],
    ['stellar-cfg', '"KNOWN\\u005FPEERS" = []', true],
    ['stellar-cfg', 'PEER_PORT = 1', false],
  ]
  for (const [format, text, holds] of rows) t.equal(holdsPeers(format, text), holds, `${format}: ${text}`)
  // Parsing all of it takes 1.3 s, looking for keys 20 ms.
  const dense = Array.from({ length: 25_000 }, (_, n) => `a${n}=${n}`).join('\n')
  const before = process.threadCpuUsage()
  for (let round = 0; round < 20; round += 1) t.equal(holdsPeers('cometbft-toml', `${dense}\n# ${round}`), false)
  const { user, system } = process.threadCpuUsage(before)
  t.ok((user + system) / 1000 < 400, `${(user + system) / 1000} ms`)
  t.end()
})

t.test('of many problems all are counted, and a hundred kept', t => {
  const errorOf = (count: number): PeerListError => {
    try {
      parsePeers('cometbft-list', 'x@y,'.repeat(count), { source: 's' })
    } catch (error) {
      if (error instanceof PeerListError) return error
    }
    throw new Error('found no PeerListError')
  }
  for (const [count, kept] of [
    [100, 100],
    [101, 100],
    [2_000, 100],
  ] as const) {
    const error = errorOf(count)
    t.equal(error.problems.length, kept)
    t.match(error.message, new RegExp(`; and ${count - 5} more$`))
  }
  t.end()
})
