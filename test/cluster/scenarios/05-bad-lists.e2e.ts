// A malformed list, an empty one, an unreachable new peer, a mass removal: the node stays as it is, and the page says why.
import t from 'tap'
import { apply, install, kubectl } from '../install.ts'
import { impatient, namespaceFor, openRpc, runningChain, settled } from '../scenario.ts'
import { getPod, page, until } from '../watch.ts'

t.test('bad lists leave the node untouched', async t => {
  install()
  const ns = namespaceFor(t, 'bad-lists')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns)
  const startedAt = (await page(ns, 0))?.node.startedAt
  const good = openRpc(chain.configOf(0, [1, 2, 3]))
  const list = (text: string) => good.replace(/^persistent_peers = .*$/m, `persistent_peers = "${text}"`)
  const edit = (toml: string) => {
    apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'node0-config', namespace: ns }, data: { 'config.toml': toml } }])
    // Without a controller the kubelet takes about a minute to refresh the file; any annotation makes it look at once.
    kubectl('-n', ns, 'annotate', '--overwrite', 'pod', 'node0-0', `example.com/nudge=${Date.now()}`)
  }
  const stranger = `${'a'.repeat(40)}@10.88.250.250:26656`
  for (const [toml, reason] of [
    [list('not-a-peer'), 'list-malformed'],
    ['[p2p', 'list-malformed'],
    [list(''), 'list-empty'],
    [good.replace(/^persistent_peers = "/m, `persistent_peers = "${stranger},`), 'unreachable'],
    [list(`${chain.ids[1]}@node1:26656`), 'mass-removal'],
  ] as const) {
    edit(toml)
    if (reason === 'mass-removal') {
      // Connected to all that is left: nothing to restart for, and the list is not pressed on the node.
      await until('settled on the short list', 60, async () => (await page(ns, 0))?.peers.length === 1)
    } else {
      await until(reason, 90, async () => (await page(ns, 0))?.reason === reason)
      t.match(kubectl('-n', ns, 'logs', 'node0-0', '-c', 'repeer', '--tail=20'), new RegExp(reason), 'the log says so, too')
    }
    t.equal((await page(ns, 0))?.node.startedAt?.slice(0, 19), startedAt?.slice(0, 19), `${reason}: the same process`)
    edit(good)
    await settled(ns)
  }
  t.match(
    getPod(ns, 'node0-0').status.containerStatuses?.find(one => one.name === 'node'),
    { restartCount: 0 },
  )
})
