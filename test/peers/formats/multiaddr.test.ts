// Multiaddresses, read and written by us and by libp2p's own library.
import { multiaddr } from '@multiformats/multiaddr'
import { base58 } from '@scure/base'
import fc from 'fast-check'
import t from 'tap'
import { parsePeers, writePeers } from '../../../peers/formats/index.ts'
import { normalHost, type Peer } from '../../../peers/peer.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(key => base58.encode(Uint8Array.of(0x12, 32, ...key)))
const port = fc.integer({ min: 1, max: 65_535 })
const dns = fc.constantFrom('node1', 'node0-0.node.chain.svc.cluster.local', 'xn--bcher-kva.example', 'a-b.c')
const host = fc.oneof(
  fc.record({ family: fc.constant('ip4'), host: fc.ipV4() }),
  fc.record({ family: fc.constant('ip6'), host: fc.ipV6().filter(text => !text.includes('.')) }),
  fc.record({ family: fc.constantFrom('dns', 'dns4', 'dns6'), host: dns }),
)
const transport = fc.constantFrom('', '/ws', '/wss', '/tls/ws', '/tls/sni/a.example/ws', '/noise')

/** Who and where, as libp2p's library understands a text. */
function theirs(text: string): { host: string | undefined; port: number; id: string | undefined } {
  const components = multiaddr(text).getComponents()
  const value = (...names: string[]) => components.find(({ name }) => names.includes(name))?.value
  const at = value('ip4', 'ip6', 'dns', 'dns4', 'dns6') ?? ''
  return { host: normalHost(at), port: Number(value('tcp')), id: value('p2p') }
}
const ours = (text: string): Peer[] => parsePeers('multiaddr-list', text, { source: 'test' })

t.test('what we read is what libp2p reads', async t => {
  const same = (at: { family: string; host: string }, port: number, through: string, id: string, word: string) => {
    const text = `/${at.family}/${at.host}/tcp/${port}${through}/${word}/${id}`
    const [peer] = ours(text)
    t.strictSame({ host: peer?.host, port: peer?.port, id: peer?.id }, theirs(text), text)
  }
  fc.assert(fc.property(host, port, transport, id, fc.constantFrom('p2p', 'ipfs'), same), { numRuns: 300 })
})

t.test('what we write, libp2p reads', async t => {
  const same = (at: { host: string }, port: number, id: string) => {
    const peer: Peer = { id, host: normalHost(at.host) ?? '', port, role: 'peer' }
    const text = writePeers('multiaddr-list', [peer])
    t.strictSame(theirs(text), { host: peer.host, port, id }, text)
  }
  fc.assert(fc.property(host, port, id, same), { numRuns: 300 })
})

t.test('what libp2p refuses, we refuse', async t => {
  const good = `/ip4/10.0.0.1/tcp/26656/p2p/${base58.encode(Uint8Array.of(0x12, 32, ...new Uint8Array(32)))}`
  const damaged = (at: number, put: string, cut: number) => {
    const text = good.slice(0, at) + put + good.slice(at + cut)
    let refused = false
    try {
      // Rust's and Go's numbers may begin with zeros, as ours may; those of libp2p in JavaScript may not.
      theirs(text.replace(/\/tcp\/0+(?=\d)/, '/tcp/'))
    } catch {
      refused = true
    }
    if (refused) t.throws(() => ours(text), { name: 'PeerListError' }, text)
  }
  const put = fc.constantFrom('', '/', 'x', '0', '1', '9', 'l', '.', '-')
  fc.assert(fc.property(fc.nat(good.length), put, fc.nat(3), damaged), { numRuns: 1000 })
})
