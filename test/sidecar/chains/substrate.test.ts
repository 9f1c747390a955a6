// Against stand-ins: see fixtures/stand-in.ts. The answers are those of sc-rpc-api and sc-rpc
// (substrate/client/rpc/src/system).

import t from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { apiOf, interfaceAt } from './fixtures/interface.ts'
import { adding, peerOf } from './fixtures/peers.ts'
import { RpcError, startStandIn } from './fixtures/stand-in.ts'

const ids = [
  '12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD',
  '12D3KooWGRUVh9wGRGNB3PvaVJbfNJ9yM8DiBnM9nhoR2UyVqW9k',
] as const
const first = peerOf({ id: ids[0], port: 30333 })
const two = peerOf({ id: ids[1], host: '2001:db8::2', port: 30333, addresses: ['2001:db8::2'] })
const nodeOf = ({ port }: { port: number }, timeoutMs = 3000) => apiOf('substrate', interfaceAt(port, { timeoutMs }))
const unsafe = () => {
  throw new RpcError(-32601, 'RPC call is unsafe to be called externally')
}

t.test('adds by multiaddress, removes by peer ID', async t => {
  const node = await startStandIn(t, { system_addReservedPeer: () => null, system_removeReservedPeer: () => null })
  t.same(await nodeOf(node).tell({ all: [first], add: [first], drop: [two] }), { ok: true })
  t.same(await nodeOf(node).tell(adding(two)), { ok: true })
  t.same(node.calls, [
    `system_removeReservedPeer("${ids[1]}")`,
    `system_addReservedPeer("/dns/node1.example/tcp/30333/p2p/${ids[0]}")`,
    `system_addReservedPeer("/ip6/2001:db8::2/tcp/30333/p2p/${ids[1]}")`,
  ])
})

t.test('the connected peers, by ID alone', async t => {
  const node = await startStandIn(t, {
    system_peers: () => [{ peerId: ids[0], roles: 'AUTHORITY', bestHash: `0x${'0'.repeat(64)}`, bestNumber: 7 }],
    system_localPeerId: () => ids[1],
  })
  t.same(await nodeOf(node).ask(), { ok: true, connections: [{ id: ids[0], address: '' }], id: ids[1] })
  node.methods.system_localPeerId = () => 7
  t.same(await nodeOf(node).ask(), { ok: true, connections: [{ id: ids[0], address: '' }] })
  t.notOk(
    node.calls.some(call => /networkState/i.test(call)),
    'some nodes do not survive that question',
  )
  for (const [result, silent] of [
    [null, /the answer to system_peers: found null, expected a list; is this Substrate's RPC\?/],
    [[{ peerId: 'me' }], /peer 1, peerId: found "me", expected a peer ID/],
    [[7], /peer 1, peerId: found nothing/],
  ] as const) {
    node.methods.system_peers = () => result
    t.match(await nodeOf(node).ask(), { silent })
  }
})

t.test('refused: unsafe calls from outside', async t => {
  const node = await startStandIn(t, { system_addReservedPeer: unsafe, system_peers: unsafe })
  const detail =
    /system_addReservedPeer: answered with an error: "RPC call is unsafe to be called externally"; .*--rpc-methods unsafe/
  t.match(await nodeOf(node).tell(adding(first)), { ok: false, refused: true, detail })
  t.match(await nodeOf(node).ask(), { silent: /system_peers: answered with an error: "RPC call is unsafe/ })
})

t.test('failed, and worth another try', async t => {
  const node = await startStandIn(t, {
    system_addReservedPeer: () => {
      throw new RpcError(4000, 'Peer id is missing from the address')
    },
  })
  t.match(await nodeOf(node).tell(adding(first, two)), {
    ok: false,
    refused: false,
    detail: /Peer id is missing.*; .*Peer id is missing/,
  })
  t.match(await nodeOf(node).tell(adding({ ...first, id: 'x' })), { ok: false, refused: false, detail: /expected/ })
  t.equal(node.calls.length, 2)
  node.instead = 'nothing'
  t.match(await nodeOf(node, 150).tell(adding(first)), {
    ok: false,
    refused: false,
    detail: /did not answer within 0.15 s/,
  })
  t.match(
    await nodeOf({ port: await freePort() }).tell(adding(first)),
    { ok: false, refused: false, detail: /ECONNREFUSED/ },
    'it may be starting',
  )
})
