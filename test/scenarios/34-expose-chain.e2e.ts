// The whole of it: a real provider chain, on which two operators publish the addresses of their load balancers; a
// consumer chain with a node of each, in two "clusters"; PeerSets that read the one and expose the other. An edit on
// the chain, timed to the list and to the node that is connected.
import { join } from 'node:path'
import t from 'tap'
import { portsOf } from '../../discovery/sources/validators/ports.ts'
import { nodeAddress } from '../testbed/configs.ts'
import { apply, install } from '../testbed/install.ts'
import { condition, configData, peerSetObject } from '../testbed/peer-sets.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { startProvider } from '../testbed/provider.ts'
import { namespaceFor, replacePod, settled } from '../testbed/scenario.ts'
import { giveAddresses, splitChain } from '../testbed/two-clusters.ts'
import { height, netInfo, until } from '../testbed/watch.ts'

const chainId = 'consumer-0-1751686503-0'
const port = portsOf(chainId).p2p
const [a, b] = ['operator-a', 'operator-b'] as const
const lbA = '10.99.1.11'
const lbsB = ['10.99.1.21', '10.99.1.22', '10.99.1.23'] as const

async function listed(namespace: string, name = 'peers-0'): Promise<string | undefined> {
  return (await configData(namespace, name))?.persistent_peers
}

/** Milliseconds since the epoch; asked every 20 ms. */
async function when(what: string, seconds: number, look: () => Promise<boolean>): Promise<number> {
  await until(what, seconds, look, 20)
  return Date.now()
}

t.test('an edit on the provider chain reaches the node in the other cluster', async t => {
  install('manifests/overlays/expose')
  const [programs = ''] = await buildPrograms(['interchain-security'], line => t.comment(line))
  // The controller's pod has to reach it: on the node's address.
  const provider = await startProvider(join(programs, 'interchain-security-pd'), { host: nodeAddress })
  t.teardown(() => provider.stop())
  const [alice, bob] = provider.nodes
  if (!alice || !bob) throw new Error('there are not two validators')
  for (const name of [a, b]) await namespaceFor(t, name)
  const chain = splitChain(0, chainId, [a, b])
  const at = (index: 0 | 1, host: string) => `${chain.ids[index]}@${host}:${port}`
  const consumer = await provider.createConsumer(chainId)
  for (const index of [0, 1]) await provider.optIn(index, consumer)
  await provider.launch(consumer)

  // An endpoint is listed once it answers, and a node starts with a list: so each has itself in it from the start,
  // which nodes ignore.
  const spec = (operator: string, itself: string, configMap: string) => ({
    additional: [itself],
    source: {
      validators: {
        endpoints: provider.nodes.map(({ rpc }) => rpc),
        chainId: provider.chainId,
        operator,
        consumer: chainId,
      },
    },
    output: { configMap, key: 'persistent_peers', format: 'cometbft-list' },
    allowPrivate: true,
    expose: { service: 'p2p', selector: { matchLabels: { group: 'consumers' } } },
  })
  // B's node dials nobody, so that it can be told who has dialled whom: the PeerSet writes its list, and no node reads
  // it.
  const alone = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'peers-0', namespace: b },
    data: { persistent_peers: at(1, lbsB[0]) },
  }
  apply([
    alone,
    ...chain.objects,
    peerSetObject(a, 'consumer', spec(alice.operator, at(0, lbA), 'peers-0')),
    peerSetObject(b, 'consumer', spec(bob.operator, at(1, lbsB[0]), 'peers-b')),
  ])
  for (const namespace of [a, b])
    await until(
      `the load balancer of ${namespace}`,
      60,
      async () => (await condition(namespace, 'consumer', 'Exposed'))?.reason === 'NoAddress',
    )
  giveAddresses(a, 'p2p', lbA)
  giveAddresses(b, 'p2p', lbsB[0])
  const publish = (index: 0 | 1, host: string) =>
    provider.editDetails(index, `an operator\np2p=${chain.ids[index]}@${host}`)

  await publish(0, lbA)
  await publish(1, lbsB[0])
  await when('A lists B', 60, async () => (await listed(a))?.includes(at(1, lbsB[0])) ?? false)
  await when('B lists A', 60, async () => (await listed(b, 'peers-b'))?.includes(at(0, lbA)) ?? false)
  await until('A has B', 60, async () => (await netInfo(a, 0))?.peers.length === 1)
  await until('blocks', 60, async () => (await height(a, 0)) > 1)
  t.match(await condition(a, 'consumer', 'Exposed'), {
    status: 'True',
    message: `Service ${a}/p2p at ${lbA}: ${chainId} on ${port}`,
  })

  for (const host of lbsB.slice(1)) {
    await settled(a, [0])
    // B's load balancer gets another address, and its node another pod: a connection that stands would stay, and be
    // good enough for repeer.
    giveAddresses(b, 'p2p', host)
    await replacePod(b, 1)
    await until('A has lost B', 60, async () => (await netInfo(a, 0))?.peers.length === 0)
    const edited = await publish(1, host)
    const list = await when(`A lists ${host}`, 30, async () => (await listed(a))?.includes(at(1, host)) ?? false)
    t.comment(`edit-validator in a block -> list ${list - edited.at} ms`)
    const connected = await when(`A is connected to ${host}`, 60, async () =>
      ((await netInfo(a, 0))?.peers ?? []).some(peer => peer.remote_ip === host),
    )
    t.comment(`-> node connected ${connected - edited.at} ms`)
    const from = await height(a, 0)
    await until('blocks go on', 30, async () => (await height(a, 0)) > from + 1)
  }
})
