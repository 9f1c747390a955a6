import t from 'tap'
import { nodeApi } from '../../../../sidecar/observe/node-api.ts'
import { freePort } from '../../../fixtures/free-port.ts'
import { until } from '../../../fixtures/until.ts'
import { program, type RealNode, startNodes } from '../fixtures/cometbft-nodes.ts'
import { apiOf, interfaceAt } from '../fixtures/interface.ts'
import { adding, peerOf } from '../fixtures/peers.ts'
import { RpcError, startStandIn } from '../fixtures/stand-in.ts'

const id = (n: number) => String(n).padStart(40, '0')
const peer = (n: number, over = {}) => peerOf({ id: id(n), host: `node${n}`, addresses: [`10.0.0.${n}`], ...over })
const nodeAt = (port: number, timeoutMs = 3000, host = '127.0.0.1') =>
  apiOf('cometbft', interfaceAt(port, { timeoutMs, host }))

t.test('who can be told', async t => {
  for (const profile of ['cometbft', 'stellar-core', 'geth', 'besu', 'nethermind', 'substrate'] as const) {
    t.ok(nodeApi({ profile, rpcPort: 1, hostNetwork: false })?.tell, profile)
    t.notOk(nodeApi({ profile, rpcPort: 1, hostNetwork: true })?.tell, "that port may be another pod's")
    t.notOk(nodeApi({ profile, hostNetwork: false }), 'no port')
  }
  for (const profile of ['generic', 'gnoland'] as const)
    t.notOk(nodeApi({ profile, rpcPort: 1, hostNetwork: false }), profile)
})

t.test('sends the whole list, persistent, by the one address that each peer has', async t => {
  const node = await startStandIn(t, {
    dial_peers: () => ({ log: 'Dialing peers in progress. See /net_info for details' }),
  })
  const all = [
    peer(1),
    peer(2, { addresses: ['2001:db8::2'] }),
    peer(3, { addresses: ['10.0.0.3', '10.0.1.3'] }),
    peer(4, { addresses: [] }),
    peer(5, { host: '10.0.0.5', addresses: ['10.0.0.5'] }),
    peer(6, { role: 'seed' }),
  ]
  t.same(await nodeAt(node.port).tell({ all, add: [peer(1)], drop: [peer(7)] }), { ok: true })
  const peers = [
    `${id(1)}@10.0.0.1:26656`,
    `${id(2)}@[2001:db8::2]:26656`,
    `${id(3)}@node3:26656`,
    `${id(5)}@10.0.0.5:26656`,
  ]
  t.same(node.calls, [`dial_peers(${JSON.stringify({ peers, persistent: true }).slice(1, -1)})`])
})

t.test('says nothing where there is nothing that the node would take', async t => {
  const node = await startStandIn(t, {})
  const tell = (...peers: ReturnType<typeof peer>[]) => nodeAt(node.port).tell(adding(...peers))
  t.match(await tell(), {
    ok: false,
    refused: false,
    detail: /there is no peer to tell, and CometBFT takes no empty list/,
  })
  t.match(await tell(peer(1, { addresses: [] })), { ok: false, refused: false, detail: /no peer has an address now/ })
  t.match(await tell(peer(1, { id: 'x' })), { ok: false, refused: false, detail: /expected NODEID@HOST:PORT/ })
  t.same(node.calls, [])
})

t.test('an error is worth another try, and so is silence', async t => {
  const node = await startStandIn(t, {
    dial_peers: () => {
      throw new RpcError(-32603, 'Internal error', 'invalid address (x): wrong port')
    },
  })
  const detail = /dial_peers: answered with an error: "invalid address \(x\): wrong port"/
  t.match(await nodeAt(node.port).tell(adding(peer(1))), { ok: false, refused: false, detail })
  node.instead = 'nothing'
  t.match(await nodeAt(node.port, 150).tell(adding(peer(1))), {
    ok: false,
    refused: false,
    detail: /did not answer within 0.15 s/,
  })
  t.match(await nodeAt(await freePort()).tell(adding(peer(1))), { ok: false, refused: false, detail: /ECONNREFUSED/ })
  t.match(await nodeAt(await freePort()).ask(), { silent: /ECONNREFUSED/ })
})

const told = (node: RealNode) =>
  peerOf({ id: node.id, host: 'a-name-that-nobody-knows', port: node.p2pPort, addresses: [node.host] })
t.test(
  'real nodes',
  { skip: program === undefined && 'no cometbft program on PATH, nor built by the cluster suite' },
  async t => {
    const [unsafe, safe] = await startNodes(t, [['--rpc.unsafe=true'], []])
    if (!unsafe || !safe) throw new Error('two nodes')
    const [hot, other] = [nodeAt(unsafe.rpcPort, 3000, unsafe.host), nodeAt(safe.rpcPort, 3000, safe.host)]
    t.match(await hot.ask(), { connections: [], status: { id: unsafe.id } })

    const refusal =
      /dial_peers: answered with an error: "Method not found"; .*unsafe = true under \[rpc\] in its config.toml/
    t.match(await other.tell(adding(told(unsafe))), { ok: false, refused: true, detail: refusal })

    t.same(await hot.tell(adding(told(safe))), { ok: true })
    const connections = async () => {
      const word = await hot.ask()
      return word.ok ? word.connections : word
    }
    const expected = [{ id: safe.id, address: safe.host, port: safe.p2pPort }]
    await until('the connection', async () => JSON.stringify(await connections()) === JSON.stringify(expected), 10)
    t.match(await other.ask(), { connections: [{ id: unsafe.id }] }, 'which the other end tells, too')

    t.same(await hot.tell(adding(told(safe))), { ok: true }, 'the same again')
    t.same(await connections(), expected, 'harms nothing')
    safe.kill()
    await until('its loss', async () => JSON.stringify(await connections()) === '[]')
  },
)
