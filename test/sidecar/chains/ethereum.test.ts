// Against stand-ins: see fixtures/stand-in.ts.

import t from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { apiOf, interfaceAt } from './fixtures/interface.ts'
import { adding, dropping, peerOf } from './fixtures/peers.ts'
import { RpcError, type StandIn, startStandIn } from './fixtures/stand-in.ts'

const key = (digit: string) => digit.repeat(128)
const first = peerOf({ id: key('a'), port: 30303 })
const two = peerOf({ id: key('b'), host: '10.0.0.2', port: 30304, addresses: ['10.0.0.2'] })
const enode = { first: `enode://${key('a')}@node1.example:30303`, two: `enode://${key('b')}@10.0.0.2:30304` }
const yes = () => true

const nodeOf = (profile: 'geth' | 'besu' | 'nethermind', { port }: { port: number }, timeoutMs = 3000) =>
  apiOf(profile, interfaceAt(port, { timeoutMs }))
const willing = (t: Parameters<typeof startStandIn>[0]) =>
  startStandIn(t, { admin_addPeer: yes, admin_removePeer: yes })

t.test('geth and nethermind: what is added is removed first, or else its old address would stay', async t => {
  const node = await willing(t)
  t.same(await nodeOf('geth', node).tell({ all: [first, two], add: [first], drop: [] }), { ok: true })
  t.same(node.calls.splice(0), [`admin_removePeer("enode://${key('a')}")`, `admin_addPeer("${enode.first}")`])
  t.same(await nodeOf('nethermind', node).tell(adding(two)), { ok: true })
  t.same(node.calls.splice(0), [`admin_removePeer("${enode.two}")`, `admin_addPeer("${enode.two}")`])
})

t.test('besu: what is added is added', async t => {
  const node = await willing(t)
  t.same(await nodeOf('besu', node).tell({ all: [first, two], add: [two], drop: [] }), { ok: true })
  t.same(node.calls, [`admin_addPeer("${enode.two}")`])
  node.methods.admin_addPeer = () => false
  t.same(await nodeOf('besu', node).tell(adding(two)), { ok: true }, 'which it says of a peer that it has')
})

t.test('dropped first; never who is listed still, and never a seed', async t => {
  const node = await willing(t)
  const moved = { ...first, host: '10.9.9.9', addresses: ['10.9.9.9'] }
  const seed = { ...two, role: 'seed' as const }
  t.same(await nodeOf('geth', node).tell({ all: [moved, seed], add: [moved, seed], drop: [first, two] }), { ok: true })
  t.same(node.calls.splice(0), [
    `admin_removePeer("enode://${key('b')}")`,
    `admin_removePeer("enode://${key('a')}")`,
    `admin_addPeer("enode://${key('a')}@10.9.9.9:30303")`,
  ])
  for (const profile of ['besu', 'nethermind'] as const) {
    t.same(await nodeOf(profile, node).tell(dropping(two)), { ok: true })
    t.same(node.calls.splice(0), [`admin_removePeer("${enode.two}")`])
  }
})

/** As geth's p2p/peer.go (PeerInfo), besu's results/PeerResult.java and nethermind's Admin/PeerInfo.cs have it. */
const listed = {
  geth: {
    enode: `enode://${key('a')}@10.0.0.1:30303`,
    id: 'c'.repeat(64),
    name: 'Geth/v1.15.11-stable/linux-amd64/go1.24.2',
    caps: ['eth/68', 'snap/1'],
    network: {
      localAddress: '10.0.0.9:40112',
      remoteAddress: '10.0.0.1:30303',
      inbound: false,
      trusted: false,
      static: true,
    },
    protocols: { eth: { version: 68 } },
  },
  gethInbound: {
    enode: `enode://${key('b')}@[2001:db8::1]:53211?discport=0`,
    network: { localAddress: '[2001:db8::9]:30303', remoteAddress: '[2001:db8::1]:53211', inbound: true },
  },
  besu: {
    version: '0x5',
    name: 'besu/v25.1.0/linux-x86_64/openjdk-java-21',
    network: { localAddress: '10.0.0.9:30303', remoteAddress: '/10.0.0.3:37412' },
    port: '0x765f',
    id: `0x${key('C')}`,
  },
  nethermind: {
    enode: `enode://${key('d')}@10.0.0.4:30303`,
    id: 'e'.repeat(64),
    network: { localAddress: '', remoteAddress: '::ffff:10.0.0.4:30303', inbound: false },
  },
}

t.test('the connected peers, and the own ID', async t => {
  let asked = 0
  const node = await startStandIn(t, {
    admin_peers: () => Object.values(listed),
    admin_nodeInfo: () => ({ enode: `enode://${key('f')}@127.0.0.1:30303?discport=0`, id: `${++asked}` }),
  })
  const expected = {
    ok: true,
    id: key('f'),
    connections: [
      { id: key('a'), address: '10.0.0.1', port: 30303 },
      { id: key('b'), address: '2001:db8::1' },
      { id: key('c'), address: '10.0.0.3' },
      { id: key('d'), address: '10.0.0.4', port: 30303 },
    ],
  }
  const geth = nodeOf('geth', node)
  t.same(await geth.ask(), expected)
  t.same(await geth.ask(), expected)
  t.equal(asked, 1, 'an ID does not change')
  node.methods = { admin_peers: () => [] }
  t.same(await nodeOf('geth', node).ask(), { ok: true, connections: [] }, 'no word on the own ID is no harm')
})

const odd: readonly [string, unknown, RegExp][] = [
  [
    'no list',
    { peers: [] },
    /the answer to admin_peers: found \{"peers":\[\]\}, expected a list; is this the node's JSON-RPC\?/,
  ],
  ['nothing', null, /found null, expected a list/],
  ['no peer', [listed.geth, 7], /peer 2: found 7, expected an object/],
  ['no enode', [{ ...listed.geth, enode: 'enode://1' }], /peer 1, enode: found "enode:\/\/1", expected an enode URL/],
  [
    'no address',
    [{ ...listed.geth, network: { remoteAddress: 'a b:1' } }],
    /remoteAddress: found "a b:1", expected an IP address and a port/,
  ],
  ['no network', [{ ...listed.geth, network: null }], /remoteAddress: found nothing/],
  ['a long answer', 'x'.repeat(500), /^the answer to admin_peers: found "x{118}…, expected/],
]
for (const [name, result, silent] of odd) {
  t.test(`an answer that is none: ${name}`, async t => {
    const node = await startStandIn(t, { admin_peers: () => result })
    t.match(await nodeOf('geth', node).ask(), { silent })
  })
}

/**
 * What each says where the admin API is not enabled: geth rpc/errors.go, besu RpcErrorType, nethermind JsonRpcService.
 */
const refusals: readonly ['geth' | 'besu' | 'nethermind', StandIn['methods'], RegExp][] = [
  [
    'geth',
    {},
    /admin_removePeer: answered with an error: "the method admin_removePeer does not exist.*--http\.api admin/,
  ],
  ['besu', { admin_addPeer: fail(-32604, 'Method not enabled') }, /"Method not enabled"; .*--rpc-http-api=ADMIN/],
  ['besu', { admin_addPeer: fail(-40100, 'Unauthorized') }, /"Unauthorized"; /],
  [
    'nethermind',
    {
      admin_removePeer: fail(
        -32600,
        "admin_removePeer found but the containing module is disabled for the url '', consider adding module",
      ),
    },
    /module is disabled.*; nethermind can be told its peers with Admin/,
  ],
]
for (const [profile, methods, detail] of refusals) {
  t.test(`refused: ${profile}, ${detail}`, async t => {
    const node = await startStandIn(t, methods)
    t.match(await nodeOf(profile, node).tell(adding(first, two)), { ok: false, refused: true, detail })
    t.equal(node.calls.length, 1, 'the others are not tried')
  })
}

t.test('refused: nobody listens, no authority, another service', async t => {
  const nobody = await nodeOf('geth', { port: await freePort() }).tell(adding(first))
  t.match(nobody, {
    ok: false,
    refused: true,
    detail: /admin_removePeer: http:\S+ cannot be asked: ECONNREFUSED; .*--http/,
  })
  const node = await willing(t)
  for (const code of [401, 403, 404, 405]) {
    node.instead = { code, text: 'no' }
    t.match(await nodeOf('geth', node).tell(adding(first)), {
      ok: false,
      refused: true,
      detail: new RegExp(`HTTP status ${code} and "no", expected`),
    })
  }
})

t.test('failed, and worth another try', async t => {
  const node = await willing(t)
  const geth = nodeOf('geth', node, 150)
  node.methods.admin_addPeer = fail(-32000, 'invalid enode: lookup node1.example: no such host')
  t.match(await geth.tell(adding(first, two)), {
    ok: false,
    refused: false,
    detail: /lookup node1.example.*; .*lookup/,
  })
  t.equal(node.calls.length, 4, 'each is tried')
  node.methods.admin_addPeer = () => ({})
  t.match(await geth.tell(adding(first)), {
    ok: false,
    refused: false,
    detail: /the answer to admin_addPeer: found \{\}, expected true or false/,
  })
  node.instead = { code: 200, text: '<html>' }
  t.match(await geth.tell(adding(first)), {
    ok: false,
    refused: false,
    detail: /HTTP status 200 and "<html>", expected an answer of JSON-RPC/,
  })
  t.match(await geth.ask(), { silent: /"<html>"/ })
  node.instead = 'nothing'
  t.match(await geth.tell(adding(first, two)), { ok: false, refused: false, detail: /did not answer within 0.15 s/ })
  t.match(await geth.tell(adding({ ...first, id: 'x' })), {
    ok: false,
    refused: false,
    detail: /expected enode:\/\/ID@HOST:PORT/,
  })
})

function fail(code: number, message: string): () => never {
  return () => {
    throw new RpcError(code, message)
  }
}
