// Seed 000: a peer's pod is deleted and returns with another IP. Then all four at once.
import t from 'tap'
import { install } from '../testbed/install.ts'
import {
  allRun,
  besideControl,
  control,
  deletePods,
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  orderlyChain,
  replacePod,
  runningChain,
  settled,
  staysUnconnected,
} from '../testbed/scenario.ts'
import { getPod, height, netInfo, page, until } from '../testbed/watch.ts'

control('moved', 'node0 is still unconnected after 60 s', async (t, ns) => {
  const chain = await orderlyChain(ns)
  await staysUnconnected(t, chain, ns, { seconds: 60 })
})

t.test('with repeer it is reconnected; only node0 restarts, once', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'moved')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns, indexes)
  const before = await Promise.all(indexes.map(index => getPod(ns, `node${index}-0`)))
  const restartsOf = (index: number) => page(ns, index).then(found => found?.restarts.length ?? 0)
  const restartsBefore = await Promise.all(indexes.map(restartsOf))
  await replacePod(ns, 1)
  const reconnected = await until('reconnected', 90, () => isConnected(chain, ns, 0, 1, 'at its present address'))
  t.comment(`reconnected ${reconnected.seconds.toFixed(1)} s after the new pod ran`)
  await settled(ns)
  for (const index of [0, 2, 3] as const) {
    const now = await getPod(ns, `node${index}-0`)
    t.equal(now.metadata.uid, before[index]?.metadata.uid, `node${index} is the same pod`)
    t.equal(now.status.podIP, before[index]?.status.podIP)
    t.equal(
      (await restartsOf(index)) - (restartsBefore[index] ?? 0),
      index === 0 ? 1 : 0,
      `node${index}: ${index === 0 ? 'once' : 'not'} restarted`,
    )
  }
})

t.test('all four pods at once', async t => {
  install()
  const ns = await namespaceFor(t, 'moved-all')
  await runningChain(ns, { annotations: impatient() })
  const from = await height(ns, 0)
  await deletePods(ns, ...indexes.map(index => `node${index}-0`))
  await until('all run again', 90, () => allRun(ns))
  // Their data lay on emptyDirs: the chain starts anew, and makes blocks only when node0 is connected.
  const again = await until(
    'blocks',
    120,
    async () => (await netInfo(ns, 0))?.peers.length === 3 && (await height(ns, 0)) > 1,
  )
  t.comment(`height ${from} before; blocks again ${again.seconds.toFixed(1)} s after all pods ran`)
})
