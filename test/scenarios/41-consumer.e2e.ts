// Consumer chains as the interchain security operator makes them: a script that starts a real interchain-security-cd
// and copies a list into the node's file only once. A consumer is launched with no peers; a list is edited; a
// validator's endpoint changes on a real provider chain. Alice's node is another operator's, behind a load balancer; it
// takes hers and Bob's together to make blocks. All lists but one reach their nodes in place.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { exec } from '../testbed/client.ts'
import { nodeAddress } from '../testbed/configs.ts'
import {
  appLabels,
  type Consumer,
  consumerChainId as chainId,
  consumerGenesis,
  consumerObjects,
  loadBalancer,
  nameOf,
  p2pPort,
  rpcPort,
} from '../testbed/consumer.ts'
import { apply, install } from '../testbed/install.ts'
import { makeNodeKey } from '../testbed/node-key.ts'
import { listBecomes, peerSetObject } from '../testbed/peer-sets.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { type ProviderChain, startProvider } from '../testbed/provider.ts'
import { deletePods, editConfigMap, impatient, namespaceFor } from '../testbed/scenario.ts'
import { interchain, provide } from '../testbed/seed-images.ts'
import { giveAddresses } from '../testbed/two-clusters.ts'
import {
  containerStatus,
  heightAt,
  isInjected,
  listPods,
  netInfoAt,
  type Pod,
  pageAt,
  until,
} from '../testbed/watch.ts'

/** As the operator names it, and another operator's cluster. */
const [ours, theirs] = [chainId, 'consumer-elsewhere'] as const
const addresses = ['10.99.2.11', '10.99.2.12'] as const

async function podOf(node: Consumer): Promise<Pod> {
  const pods = await listPods(node.namespace, `validator=${node.owner}`)
  const [pod] = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (!pod) throw new Error(`no pod of ${node.owner}`)
  return pod
}

const ipOf = async (node: Consumer) => (await podOf(node)).status.podIP
const heightOf = async (node: Consumer) => heightAt(await ipOf(node), rpcPort)
const pageOf = async (node: Consumer) => pageAt(await ipOf(node))

async function isConnected(node: Consumer, peer: Consumer, at?: string): Promise<boolean> {
  const peers = (await netInfoAt(await ipOf(node), rpcPort))?.peers ?? []
  return peers.some(
    connected => connected.node_info.id === peer.key.id && (at === undefined || connected.remote_ip === at),
  )
}

/** Waits until it is; returns the seconds it took, or throws with what the node's page says instead. */
async function connects(node: Consumer, peer: Consumer, at?: string): Promise<string> {
  const { seconds } = await until(`${node.owner}'s node has ${peer.owner}'s`, 90, async () => {
    if (await isConnected(node, peer, at)) return true
    throw new Error(JSON.stringify({ ...(await pageOf(node)), lookups: undefined }))
  })
  return `${seconds.toFixed(1)} s`
}

async function runs(...of: readonly Consumer[]): Promise<void> {
  for (const node of of) await until(`${node.owner}'s node answers`, 90, async () => (await heightOf(node)) >= 0)
}

async function settled(...of: readonly Consumer[]): Promise<void> {
  for (const node of of) {
    await until(`${node.owner}'s node is settled`, 120, async () => {
      const page = await pageOf(node)
      if (page?.phase === 'settled') return true
      throw new Error(page ? JSON.stringify({ ...page, lookups: undefined }) : 'no page')
    })
  }
}

async function grows(node: Consumer): Promise<void> {
  const from = await heightOf(node)
  await until(`${node.owner}'s node has more blocks than ${from}`, 60, async () => (await heightOf(node)) > from + 1)
}

/** The pod that was there, in which no container has ended: its process was restarted so many times. */
async function isWhole(t: Test, node: Consumer, { pod, restarts }: { pod: Pod; restarts: number }): Promise<void> {
  const now = await podOf(node)
  t.equal(now.metadata.uid, pod.metadata.uid, `${node.owner}: the same pod`)
  t.equal(containerStatus(now, 'consumer-daemon')?.restartCount, 0)
  const page = await pageOf(node)
  t.equal(page?.strategy, 'wrap')
  t.match(
    page?.restarts,
    Array(restarts).fill({ level: 'process', outcome: 'verified' }),
    `restarts in place: ${restarts}`,
  )
  t.equal(page?.restarts.length, restarts)
}

/**
 * A provider chain on the node's address, where pods reach it, with a consumer that Alice and Bob validate; and the
 * nodes, none of them applied yet.
 */
async function chains(t: Test, programs: string) {
  const provider: ProviderChain = await startProvider(join(programs, 'interchain-security-pd'), { host: nodeAddress })
  t.teardown(() => provider.stop())
  const consumer = await provider.createConsumer(chainId)
  for (const index of [0, 1]) await provider.optIn(index, consumer)
  await provider.launch(consumer)
  const genesis = await consumerGenesis(
    join(programs, 'interchain-security-cd'),
    await provider.consumerGenesis(consumer),
  )
  const keyOf = async (index: number) =>
    readFile(join(provider.nodes[index]?.home ?? '', 'config', 'priv_validator_key.json'), 'utf8')
  const of = (owner: string, over: Partial<Consumer> = {}): Consumer => {
    return { namespace: ours, owner, key: makeNodeKey(), genesis, annotations: impatient(), ...over }
  }
  const alice = of('alice', { namespace: theirs, validatorKey: await keyOf(0) })
  const bob = of('bob', { validatorKey: await keyOf(1) })
  const byName = `${alice.key.id}@${nameOf(alice)}.${theirs}.svc.cluster.local:${p2pPort}`
  const fromConfigMap = { valueFrom: { configMapKeyRef: { name: 'edited-peers', key: 'persistent_peers' } } }
  return {
    provider,
    alice,
    bob,
    named: of('carol', { peers: { value: byName } }),
    edited: of('dave', { peers: fromConfigMap }),
    alone: of('erin', { peers: fromConfigMap, annotations: { 'repeer.dev/inject': 'false' } }),
  }
}

const skip =
  process.env.E2E_CLUSTER === 'kubeconfig' && "the provider chain listens on the node of this machine's own cluster"

t.test('consumer chains', { skip }, async t => {
  install('manifests/overlays/provider-chain')
  const [programs = ''] = await buildPrograms(['interchain-security'], line => t.comment(line))
  await provide(interchain(programs))
  await namespaceFor(t, theirs, { control: true })
  await namespaceFor(t, ours)
  const { provider, alice, bob, named, edited, alone } = await chains(t, programs)
  const endpoints = provider.nodes.map(({ rpc }) => rpc)
  const operator = provider.nodes[1]?.operator ?? ''
  const at = (node: Consumer, host: string) => `${node.key.id}@${host}:${p2pPort}`
  const publish = (host: string) => provider.editDetails(0, `alice\np2p=${alice.key.id}@${host}`)
  const editList = (...peers: string[]) =>
    editConfigMap(ours, { name: 'edited-peers', data: { persistent_peers: peers.join(',') } })

  apply([
    peerSetObject(ours, 'bob', {
      source: { validators: { endpoints, chainId: provider.chainId, operator, consumer: chainId } },
      output: { configMap: 'consumer-peers', key: 'persistent_peers', format: 'cometbft-list' },
      deliver: { podSelector: { matchLabels: { ...appLabels, validator: 'bob' } } },
      allowPrivate: true,
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: ours, name: 'edited-peers' },
      data: { persistent_peers: at(bob, nameOf(bob)) },
    },
    ...[alice, bob].flatMap(consumerObjects),
    loadBalancer(alice),
  ])
  giveAddresses(theirs, 'p2p', addresses[0])
  await runs(alice, bob)
  apply([named, edited, alone].flatMap(consumerObjects))
  await runs(named, edited, alone)
  const pods = new Map(await Promise.all([bob, named, edited].map(async node => [node, await podOf(node)] as const)))
  const whole = async (t: Test, node: Consumer, restarts: number) => {
    const pod = pods.get(node)
    if (pod) await isWhole(t, node, { pod, restarts })
  }

  await t.test('a consumer that was launched with no peers gets its list', async t => {
    t.ok(isInjected(await podOf(bob)), 'it is injected, though it lists nobody')
    t.equal(await isConnected(bob, alice), false)
    await publish(addresses[0])
    const listed = await listBecomes(ours, 'consumer-peers', 'persistent_peers', at(alice, addresses[0]), 60)
    t.comment(`published -> list ${listed.toFixed(1)} s -> connected ${await connects(bob, alice, addresses[0])}`)
    await settled(bob)
    await grows(bob)
    await whole(t, bob, 1)
  })

  await t.test('an edited list of a variable that the script copies once', async t => {
    for (const node of [edited, alone]) await connects(node, bob)
    await settled(edited)
    const before = (await pageOf(edited))?.restarts.length ?? 0
    await editList(at(bob, nameOf(bob)), at(alice, addresses[0]))
    t.comment(`connected ${await connects(edited, alice)} after the edit`)
    await settled(edited)
    await grows(edited)
    await whole(t, edited, before + 1)
  })

  await t.test("a validator's endpoint changes", async t => {
    await settled(named)
    const before = (await pageOf(named))?.restarts.length ?? 0
    const { name = '' } = (await podOf(alice)).metadata
    giveAddresses(theirs, 'p2p', addresses[1])
    await deletePods(theirs, name)
    await runs(alice)
    await publish(addresses[1])
    await listBecomes(ours, 'consumer-peers', 'persistent_peers', at(alice, addresses[1]), 60)
    t.comment(`Bob's is connected ${await connects(bob, alice, addresses[1])} after the list`)
    t.comment(`who goes by her name, ${await connects(named, alice, await ipOf(alice))} later`)
    await settled(bob, named)
    for (const node of [bob, named]) await grows(node)
    await whole(t, bob, 2)
    await whole(t, named, before + 1)
  })

  await t.test('without repeer the edited list does not arrive, nor by a restart of the container', async t => {
    const { name } = (await podOf(alone)).metadata
    t.notOk(isInjected(await podOf(alone)))
    await exec(ours, name, 'consumer-daemon', ['/bin/sh', '-c', 'kill 1'])
    await until(
      'it was restarted',
      60,
      async () => containerStatus(await podOf(alone), 'consumer-daemon')?.restartCount === 1,
    )
    await connects(alone, bob)
    const variable = await exec(ours, name, 'consumer-daemon', ['/bin/sh', '-c', 'echo $PERSISTENT_PEERS'])
    t.match(variable, alice.key.id, 'its variable has the list')
    t.notOk(await isConnected(alone, alice))
  })
})
