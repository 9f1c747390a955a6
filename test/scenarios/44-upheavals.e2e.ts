// What happens to a cluster without anybody's thinking of peers: a node is drained, a chain grows and shrinks, a
// Service gets another address. Each time all are connected afterwards, and no node restarts more often than its list
// or a peer has changed.
import t, { type Test } from 'tap'
import { type Chain, makeChain, nodeOf } from '../testbed/chain.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import {
  allRun,
  besideControl,
  control,
  deletePods,
  editConfigMap,
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  openRpc,
  orderlyChain,
  replacePod,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { getPod, height, never, page, until } from '../testbed/watch.ts'

const restartsOf = async (ns: string, index = 0) => (await page(ns, index))?.restarts.length ?? 0

async function hasAll(chain: Chain, ns: string, peers: readonly number[]): Promise<boolean> {
  const each = await Promise.all(peers.map(peer => isConnected(chain, ns, 0, peer)))
  return each.every(Boolean)
}

async function makesBlocks(ns: string, t: Test): Promise<void> {
  const before = await height(ns, 0)
  const { seconds } = await until('blocks', 60, async () => (await height(ns, 0)) > before + 1)
  t.comment(`two blocks more after ${seconds.toFixed(1)} s`)
}

control('upheavals', 'a Service that gets another address is lost', async (t, ns) => {
  const chain = await orderlyChain(ns, { headless: false })
  await renewService(chain, ns, 2)
  await replacePod(ns, 2)
  t.ok(await never(25, () => isConnected(chain, ns, 0, 2)), 'node2 is not connected again for 25 s')
})

/** Another ClusterIP behind the same name. */
async function renewService(chain: Chain, ns: string, index: number): Promise<void> {
  const address = () => kubectl('-n', ns, 'get', 'service', `node${index}`, '-o', 'jsonpath={.spec.clusterIP}')
  const before = address()
  kubectl('-n', ns, 'delete', 'service', `node${index}`)
  apply(chain.objects.filter(({ kind, metadata }) => kind === 'Service' && nodeOf(metadata.name) === index))
  if (address() === before) throw new Error(`the Service of node${index} got its old address again`)
}

t.test('a Service gets another address', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'upheavals-service')
  const chain = await runningChain(ns, { headless: false, annotations: impatient() })
  await settled(ns, indexes)
  await renewService(chain, ns, 2)
  await replacePod(ns, 2)
  const { seconds } = await until('reconnected', 90, () => isConnected(chain, ns, 0, 2))
  t.comment(`reconnected ${seconds.toFixed(1)} s after the new pod ran`)
  await settled(ns, indexes)
  t.ok((await restartsOf(ns)) <= 1, `node0 was restarted ${await restartsOf(ns)} times`)
  await makesBlocks(ns, t)
})

t.test('cordoned and drained', async t => {
  install()
  const ns = await namespaceFor(t, 'upheavals-drain')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns, indexes)
  const [node = ''] = kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}').split(' ')
  kubectl('cordon', node)
  try {
    await deletePods(ns, ...indexes.map(index => `node${index}-0`))
    t.notOk(await allRun(ns).catch(() => false), 'nobody runs')
  } finally {
    kubectl('uncordon', node)
  }
  await until('all run again', 90, () => allRun(ns).catch(() => false))
  const { seconds } = await until('connected to all', 90, () => hasAll(chain, ns, [1, 2, 3]))
  t.comment(`connected to all ${seconds.toFixed(1)} s after all ran`)
  await settled(ns, indexes)
  for (const index of indexes) t.ok((await restartsOf(ns, index)) <= 1, `node${index} was restarted at most once`)
  await makesBlocks(ns, t)
})

t.test('scaled from four to seven and to two', async t => {
  install()
  const ns = await namespaceFor(t, 'upheavals-scale')
  // The two that stay can make blocks by themselves.
  const power = (index: number) => (index < 2 ? 20 : 1)
  const annotations = impatient({ 'repeer.dev/allow-mass-removal': 'true' })
  const chain = makeChain({ namespace: ns, validators: 7, annotations, power, config: openRpc })
  const listOf = (peers: readonly number[]) => ({
    name: 'node0-config',
    data: { 'config.toml': chain.configOf(0, peers) },
  })
  const of = (some: readonly number[]) => chain.objects.filter(({ metadata }) => some.includes(nodeOf(metadata.name)))
  apply(of([0, 1, 2, 3]))
  await editConfigMap(ns, listOf([1, 2, 3]))
  await until('four run', 90, () => allRun(ns))
  await until('connected to three', 90, () => hasAll(chain, ns, [1, 2, 3]))
  await settled(ns)
  const before = await restartsOf(ns)
  const { uid } = (await getPod(ns, 'node0-0')).metadata

  apply(of([4, 5, 6]))
  await until('seven run', 90, () => allRun(ns, [0, 1, 2, 3, 4, 5, 6]))
  await editConfigMap(ns, listOf([1, 2, 3, 4, 5, 6]))
  const grown = await until('connected to six', 90, () => hasAll(chain, ns, [1, 2, 3, 4, 5, 6]))
  await settled(ns)

  await editConfigMap(ns, listOf([1]))
  kubectl('-n', ns, 'delete', ...[2, 3, 4, 5, 6].map(index => `statefulset/node${index}`))
  const shrunk = await until('its list is of one', 90, async () => {
    const now = await page(ns, 0)
    return now?.peers.length === 1 && now.phase === 'settled' && (await isConnected(chain, ns, 0, 1))
  })
  t.comment(`grown after ${grown.seconds.toFixed(1)} s, shrunk after ${shrunk.seconds.toFixed(1)} s`)
  t.ok((await restartsOf(ns)) - before <= 2, 'one restart at most for each edit')
  t.equal((await getPod(ns, 'node0-0')).metadata.uid, uid, 'the same pod')
  await makesBlocks(ns, t)
})
