// With ClusterIP Services a moved peer is reached through the same address: it heals by itself, and nothing restarts.
// The control shows that it does so without repeer, too: a restart would be a defect.
import t from 'tap'
import type { Chain } from '../testbed/chain.ts'
import { install } from '../testbed/install.ts'
import {
  besideControl,
  control,
  indexes,
  isConnected,
  namespaceFor,
  orderlyChain,
  replacePod,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { page, until } from '../testbed/watch.ts'

/** Moves node2 and returns the seconds until node0 has it again, from the new pod's start on. */
async function heal(chain: Chain, namespace: string): Promise<number> {
  await replacePod(namespace, 2)
  return (await until('reconnected', 120, () => isConnected(chain, namespace, 0, 2))).seconds
}

control('clusterip', 'it heals by itself, so that a restart would be one too many', async (t, ns) => {
  const chain = await orderlyChain(ns, { headless: false })
  t.comment(`healed ${(await heal(chain, ns)).toFixed(1)} s after the new pod ran, without repeer`)
})

t.test('no restart where the chain heals by itself', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'clusterip')
  const chain = await runningChain(ns, { headless: false })
  await settled(ns, indexes)
  t.comment(`healed ${(await heal(chain, ns)).toFixed(1)} s after the new pod ran`)
  await settled(ns, indexes)
  for (const index of indexes) t.strictSame((await page(ns, index))?.restarts, [], `node${index} was never restarted`)
})
