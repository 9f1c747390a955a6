// What a look sees of a node. Those of other chains than CometBFT's tell their connections only where their interface is
// on. Against stand-ins, and answers that were recorded from CometBFT.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { nodeApi } from '../../../sidecar/observe/node-api.ts'
import { lookAtNode } from '../../../sidecar/observe/observe.ts'
import { startStandIn } from '../chains/fixtures/stand-in.ts'
import { plan } from '../fixtures/look.ts'
import { startRpc } from '../fixtures/rpc.ts'

const key = 'a'.repeat(128)
const listed = { enode: `enode://${key}@10.0.0.1:30303`, network: { remoteAddress: '10.0.0.1:30303', inbound: false } }

t.test('its own word where it gives it, its sockets where not', async t => {
  const node = await startStandIn(t, {
    admin_peers: () => [listed],
    admin_nodeInfo: () => ({ enode: `enode://${'b'.repeat(128)}@[::]:30303` }),
  })
  const tcp = readFileSync(join(import.meta.dirname, '../fixtures/proc-net-tcp.txt'), 'utf8')
  const procDir = t.testdir({ net: { tcp }, nowhere: {} })
  const geth = plan({ profile: 'geth', rpcPort: node.port })
  const own = { seenBy: 'net_info', connections: [{ id: key, address: '10.0.0.1', port: 30303 }], id: 'b'.repeat(128) }

  t.same(await lookAtNode(geth, { procDir }), { ...own, listening: true })
  t.same(await lookAtNode({ ...geth, p2pPort: 4 }, { procDir }), { ...own, listening: false })
  t.same(await lookAtNode({ ...geth, p2pPort: 0 }, { procDir }), own)
  t.same(
    await lookAtNode({ ...geth, mesh: true }, { procDir: join(procDir, 'nowhere') }),
    own,
    'a mesh does not hide it',
  )
  const api = nodeApi(geth)
  if (!api) throw new Error('there is a way')
  await lookAtNode(geth, { procDir, api })
  node.calls.length = 0
  t.same(await lookAtNode(geth, { procDir, api }), { ...own, listening: true })
  t.same(node.calls, ['admin_peers()'], 'one question, where the same is asked again')

  node.calls.length = 0
  t.match(
    await lookAtNode({ ...geth, hostNetwork: true }, { procDir }),
    { seenBy: 'none' },
    'who listens there may be another',
  )
  t.match(await lookAtNode({ ...geth, profile: 'generic' }, { procDir }), { seenBy: 'sockets' })
  t.same(node.calls, [])

  node.methods = {}
  const sockets = await lookAtNode(geth, { procDir })
  t.match(sockets, {
    seenBy: 'sockets',
    connections: [{ address: '127.0.0.1' }, { address: '127.0.0.1' }, { address: '127.0.0.21' }],
    listening: true,
  })
  t.notOk(Object.hasOwn(sockets, 'silent'), 'an interface that is off is no news')
  node.methods.admin_peers = () => [listed, 7]
  t.match(await lookAtNode(geth, { procDir }), { seenBy: 'sockets' }, 'half an answer is none')
})

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '../fixtures/cometbft', `${name}.json`), 'utf8')
const id = { outbound: 'f1f7cc6daa2335b601a1416db984943d87347ecb', self: 'c3fca248852aebe7e3271f0b9f57f7fee3183641' }

t.test('a CometBFT node: its own word, its sockets where it is silent', async t => {
  const rpc = await startRpc(t, {
    status: fixture('status'),
    net_info: fixture('net_info-outbound'),
    abci_query: fixture('abci_query-kvstore'),
  })
  const tcp = readFileSync(join(import.meta.dirname, '../fixtures/proc-net-tcp.txt'), 'utf8')
  const procDir = t.testdir({ net: { tcp }, nowhere: {} })
  const it = plan({ rpcPort: rpc.port })
  const seen = [
    { address: '127.0.0.1' },
    { address: '127.0.0.1', port: 0x403b },
    { address: '127.0.0.21', port: 26656 },
  ]

  t.same(await lookAtNode(it, { procDir }), {
    seenBy: 'net_info',
    connections: [{ id: id.outbound, address: '127.0.0.21', port: 26656 }],
    status: { id: id.self, height: 228, catchingUp: false, validator: false, upgradePending: false, votingPower: 0 },
    listening: true,
  })
  rpc.answers.net_info = JSON.stringify({
    result: { ...JSON.parse(fixture('net_info-outbound')).result, listening: false },
  })
  t.match(await lookAtNode(it, { procDir }), { seenBy: 'net_info', listening: false }, 'its own word on listening too')
  t.match(await lookAtNode(plan({ ...it, hostNetwork: true }), { procDir }), { seenBy: 'net_info' })
  t.match(
    await lookAtNode(plan({ ...it, mesh: true }), { procDir }),
    { seenBy: 'net_info' },
    'its own word is good behind a mesh too',
  )

  rpc.answers.status = 'null'
  t.match(await lookAtNode(it, { procDir }), {
    seenBy: 'sockets',
    connections: seen,
    listening: true,
    silent: /\/status: found null/,
  })
  t.match(await lookAtNode(plan({ ...it, mesh: true }), { procDir }), {
    seenBy: 'none',
    connections: [],
    listening: true,
    silent: /null/,
  })
  const machine = await lookAtNode(plan({ ...it, hostNetwork: true }), { procDir })
  t.match(machine, { seenBy: 'none', connections: [], silent: /null/ })
  t.notOk(Object.hasOwn(machine, 'listening'), "under hostNetwork the machine's sockets say nothing")
  t.match(await lookAtNode(plan({ ...it, p2pPort: 4 }), { procDir }), { seenBy: 'sockets', listening: false })
  t.match(await lookAtNode(it, { procDir: join(procDir, 'nowhere') }), {
    seenBy: 'none',
    connections: [],
    silent: /null/,
  })

  const before = rpc.asked.length
  const other = await lookAtNode(plan({ ...it, profile: 'stellar-core' }), { procDir })
  t.same(
    other,
    { seenBy: 'sockets', connections: seen, listening: true },
    'another profile is asked in its own way, and its silence is no news',
  )
  t.same(rpc.asked.slice(before), ['peers?fullkeys=true'])
  const { rpcPort: _, ...unasked } = it
  t.match(await lookAtNode(unasked, { procDir }), { seenBy: 'sockets' })
  t.equal(rpc.asked.length, before + 1)
})
