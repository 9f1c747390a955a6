// Where the node's RPC takes peers (rpc.unsafe), nothing is restarted: an edited list and a moved peer are told to the
// running node.
import t from 'tap'
import { install } from '../testbed/install.ts'
import { editLists, hasPeer, newcomer, runningMesh, validators } from '../testbed/mesh.ts'
import { askRestart } from '../testbed/plain-node.ts'
import { namespaceFor, replacePod, settled } from '../testbed/scenario.ts'
import { netInfo, page, until } from '../testbed/watch.ts'

t.test('an edited list and a moved peer without any restart', async t => {
  install()
  const ns = await namespaceFor(t, 'hot')
  const mesh = await runningMesh(ns, { config: toml => toml.replace(/^unsafe = false$/m, 'unsafe = true') })
  await settled(ns, [...validators])
  const startedAt = (await page(ns, 0))?.node.startedAt
  await editLists(mesh, [0], [...validators, newcomer])
  const told = await until('node0 has the new peer', 60, () => hasPeer(mesh, 0, newcomer))
  t.comment(`told and connected ${told.seconds.toFixed(1)} s after the edit`)
  await settled(ns)
  t.match((await page(ns, 0))?.told.at(-1), { outcome: 'connected' })

  const { to } = await replacePod(ns, newcomer)
  const id = mesh.chain.ids[newcomer]
  const again = await until('reconnected at its new address', 150, async () =>
    (await netInfo(ns, 0))?.peers.some(peer => peer.node_info.id === id && peer.remote_ip === to),
  )
  t.comment(`reconnected ${again.seconds.toFixed(1)} s after the peer's new pod ran`)
  await settled(ns)
  const before = await page(ns, 0)
  t.strictSame(before?.restarts, [], 'no restart')
  t.equal(before?.node.startedAt?.slice(0, 19), startedAt?.slice(0, 19), 'the same process')

  // Nothing of it stands in the node's configuration; but the list it reads at its next start is the new one.
  await askRestart(ns, 'node0-0', 'by-hand')
  await until(
    'another process',
    30,
    async () => (await page(ns, 0))?.node.startedAt?.slice(0, 19) !== startedAt?.slice(0, 19),
  )
  await until('connected to all again', 60, async () => (await netInfo(ns, 0))?.peers.length === 4)
  await settled(ns)
  t.strictSame((await page(ns, 0))?.restarts, [], 'and nothing was restarted for it')
})
