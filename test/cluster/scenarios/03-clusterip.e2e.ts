// With ClusterIP Services a moved peer is reached through the same address: it heals by itself, and nothing restarts.
import t from 'tap'
import { install } from '../install.ts'
import { indexes, namespaceFor, replacePod, runningChain, settled } from '../scenario.ts'
import { netInfo, page, until } from '../watch.ts'

t.test('no restart where the chain heals by itself', async t => {
  install()
  const ns = namespaceFor(t, 'clusterip')
  const chain = await runningChain(ns, { headless: false })
  await settled(ns, indexes)
  await replacePod(ns, 2)
  const healed = await until('reconnected', 120, async () => (await netInfo(ns, 0))?.peers.some(peer => peer.node_info.id === chain.ids[2]))
  t.comment(`healed by itself ${healed.seconds.toFixed(1)} s after the new pod ran`)
  await settled(ns, indexes)
  for (const index of indexes) t.strictSame((await page(ns, index))?.restarts, [], `node${index} was never restarted`)
})
