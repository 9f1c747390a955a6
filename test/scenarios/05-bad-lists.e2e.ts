// A malformed list, an empty one, an unreachable new peer, a mass removal: the node stays as it is, and page and log
// say why.
import t from 'tap'
import type { Chain } from '../testbed/chain.ts'
import { install, kubectl } from '../testbed/install.ts'
import {
  besideControl,
  control,
  deletePods,
  editConfigMap,
  impatient,
  namespaceFor,
  nudge,
  openRpc,
  orderlyChain,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, netInfo, page, until } from '../testbed/watch.ts'

/** node0's config.toml with any text for a list. */
function withList(chain: Chain, text: string): string {
  return openRpc(chain.configOf(0, [1, 2, 3])).replace(/^persistent_peers = .*$/m, `persistent_peers = "${text}"`)
}

function edit(namespace: string, toml: string): Promise<void> {
  return editConfigMap(namespace, { name: 'node0-config', data: { 'config.toml': toml } })
}

// What a tool does that rolls a pod as soon as its ConfigMap changes.
control('bad-lists', 'a pod that is replaced for a bad list does not come back', async (t, ns) => {
  const chain = await orderlyChain(ns)
  await edit(ns, withList(chain, 'not-a-peer'))
  await deletePods(ns, 'node0-0')
  await until(
    'it crashes again and again',
    60,
    async () => (containerStatus(await getPod(ns, 'node0-0'), 'node')?.restartCount ?? 0) >= 2,
  )
  t.not(containerStatus(await getPod(ns, 'node0-0'), 'node')?.lastState?.terminated?.exitCode, 0)
  // The kubelet may just be removing the container before the last.
  await until('for the list', 60, () =>
    /not-a-peer/.test(kubectl('-n', ns, 'logs', 'node0-0', '-c', 'node', '--previous')),
  )
  await edit(ns, withList(chain, ''))
  await deletePods(ns, 'node0-0')
  await until('with an empty list it starts', 60, async () => await netInfo(ns, 0))
  t.equal((await netInfo(ns, 0))?.peers.length, 0, 'and is alone')
})

t.test('bad lists leave the node untouched', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'bad-lists')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns)
  const started = (await page(ns, 0))?.node.startedAt?.slice(0, 19)
  t.ok(started)
  const good = openRpc(chain.configOf(0, [1, 2, 3]))
  const editNow = async (toml: string) => {
    await edit(ns, toml)
    await nudge(ns, 'node0-0')
  }
  const stranger = 'a'.repeat(40)
  for (const [toml, reason] of [
    [withList(chain, 'not-a-peer'), 'list-malformed'],
    ['[p2p', 'list-malformed'],
    [withList(chain, ''), 'list-empty'],
    [good.replace(/^persistent_peers = "/m, `persistent_peers = "${stranger}@10.88.250.250:26656,`), 'unreachable'],
    // It answers at node1's address, so that nothing but the removal holds the restart back.
    [withList(chain, `${stranger}@node1:26656`), 'mass-removal'],
  ] as const) {
    const told = () => kubectl('-n', ns, 'logs', 'node0-0', '-c', 'repeer').split(`"${reason}"`).length
    const before = told()
    await editNow(toml)
    await until(reason, 90, async () => (await page(ns, 0))?.reason === reason)
    t.match((await page(ns, 0))?.sentence, /\w+ \w+/, `${reason}: the page has a sentence`)
    await until(`the log says ${reason}, too`, 10, () => told() > before)
    t.equal((await page(ns, 0))?.node.startedAt?.slice(0, 19), started, `${reason}: the same process`)
    t.equal((await netInfo(ns, 0))?.peers.length, 3, `${reason}: connected as before`)
    await editNow(good)
    await settled(ns)
  }

  // Connected to all that is left: nothing to restart for, and the list is not pressed on the node.
  await editNow(withList(chain, `${chain.ids[1]}@node1:26656`))
  await until('settled on the short list', 60, async () => (await page(ns, 0))?.peers.length === 1)
  t.equal((await page(ns, 0))?.node.startedAt?.slice(0, 19), started, 'removal of connected peers: the same process')
  t.match(containerStatus(await getPod(ns, 'node0-0'), 'node'), { restartCount: 0 })
})
