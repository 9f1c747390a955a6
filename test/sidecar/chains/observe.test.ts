// What a look sees of nodes other than CometBFT's, which tell their connections only where their interface is on.
// Against stand-ins.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hotNode } from '../../../sidecar/chains/index.ts'
import { lookAtNode } from '../../../sidecar/observe/observe.ts'
import { plan } from '../fixtures/look.ts'
import { startStandIn } from './fixtures/stand-in.ts'

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
  const hot = hotNode(geth)
  if (!hot) throw new Error('there is a way')
  await lookAtNode(geth, { procDir, hot })
  node.calls.length = 0
  t.same(await lookAtNode(geth, { procDir, hot }), { ...own, listening: true })
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
