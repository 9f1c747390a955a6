// Two nodes: repeer's replicas are spread; one node is drained under load, and then loses power. Its pods come up on
// the other, all are connected again, and nobody was restarted more often than a peer has moved. What is exposed leads
// to each node's own pods.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createWithoutPause, system, webhookIs } from '../testbed/admissions.ts'
import type { Chain } from '../testbed/chain.ts'
import { client } from '../testbed/client.ts'
import { exposedPods, exposesOverNodes, followsItsPod } from '../testbed/expose-over-nodes.ts'
import { install, kubectl } from '../testbed/install.ts'
import { indexes, isConnected, namespaceFor, settled } from '../testbed/scenario.ts'
import { startSecondNode } from '../testbed/second-node.ts'
import {
  type Absence,
  allConnected,
  controlChain,
  createSpreadChain,
  isOnSecond,
  nodesOf,
  onFirst,
  onSecond,
  untilOnFirst,
  watchAbsences,
} from '../testbed/spread-chain.ts'
import { getPod, height, isInjected, page, until } from '../testbed/watch.ts'

const restartsOf = async (ns: string, index: number) => (await page(ns, index))?.restarts.length ?? 0

/** Begins with all replicas anew. */
function rollOut(): void {
  kubectl('-n', system, 'rollout', 'restart', 'deployment/repeer-webhook', 'deployment/repeer-controller')
}

/** Waits for the end of that, and looks where they are. */
async function areSpread(t: Test): Promise<void> {
  await webhookIs(2)
  kubectl('-n', system, 'rollout', 'status', 'deployment/repeer-controller', '--timeout=90s')
  for (const name of ['webhook', 'controller']) {
    const { value } = await until(`two replicas of the ${name}`, 60, async () => {
      const nodes = await nodesOf(system, `app.kubernetes.io/component=${name}`)
      return nodes.size === 2 && nodes
    })
    t.strictSame([...value.values()].sort(), ['node1', 'node2'], `the replicas of the ${name} are on both nodes`)
  }
}

/** The pod that leads the controllers, and its node. */
async function leader(): Promise<{ pod: string; node: string | undefined }> {
  const holder = ['get', 'lease', 'repeer-controller', '-o', 'jsonpath={.spec.holderIdentity}']
  const pod = kubectl('-n', system, ...holder).split('_')[0] ?? ''
  return { pod, node: (await nodesOf(system)).get(pod) }
}

/** What is to be lost is the leader, too: the replica that is left has to take over. */
async function leadsOn(node: string): Promise<void> {
  const now = await leader()
  if (now.node !== node) kubectl('-n', system, 'delete', 'pod', now.pod)
  await until(`the controller on ${node} leads`, 60, async () => (await leader()).node === node)
  kubectl('-n', system, 'rollout', 'status', 'deployment/repeer-controller', '--timeout=90s')
}

async function groupsStopped(namespace: string): Promise<string[]> {
  const { items } = await client().core.listNamespacedEvent({ namespace, fieldSelector: 'reason=GroupStopped' })
  return items.map(({ message }) => message ?? '')
}

/** Once all are connected and settled: how often each node was restarted. */
async function isSpread(t: Test, chain: Chain, namespace: string): Promise<number[]> {
  const seconds = await allConnected(chain, namespace)
  await settled(namespace, indexes)
  t.comment(`all connected after ${seconds.toFixed(1)} s`)
  const placed = await nodesOf(namespace)
  for (const index of indexes)
    t.equal(placed.get(`node${index}-0`), isOnSecond(index) ? 'node2' : 'node1', `node${index} is where it should be`)
  return Promise.all(indexes.map(index => restartsOf(namespace, index)))
}

async function isWell(t: Test, namespace: string, restarts: readonly number[], most: number): Promise<void> {
  await settled(namespace, indexes)
  for (const index of onFirst) {
    const more = (await restartsOf(namespace, index)) - (restarts[index] ?? 0)
    t.comment(`node${index} was restarted ${more} times`)
    t.ok(more <= most, `node${index} was restarted ${most} times at most`)
  }
  for (const index of onSecond) {
    t.ok((await restartsOf(namespace, index)) <= 1, `node${index}, in its new pod, was restarted once at most`)
    t.ok(isInjected(await getPod(namespace, `node${index}-0`)), `the new pod of node${index} has its sidecar`)
  }
  t.strictSame(await groupsStopped(namespace), [], 'no group was stopped')
  const from = await height(namespace, 0)
  await until('blocks go on', 60, async () => (await height(namespace, 0)) > from + 1)
}

/** The longest from a turn to its restart, and from an eviction to when the controller knows of it. */
const underWayMs = 3000

/**
 * No node was restarted while another had no ready pod: what is evicted is on the same budget. A restart that was under
 * way when the eviction came is nobody's to stop.
 */
async function restartsKeptApart(t: Test, namespace: string, absences: readonly Absence[]): Promise<void> {
  const times = (ms: number) => new Date(ms).toISOString()
  for (const { index, from, until } of absences) t.comment(`node${index} was away ${times(from)} to ${times(until)}`)
  for (const index of indexes) {
    for (const { at } of (await page(namespace, index))?.restarts ?? []) {
      const when = Date.parse(at)
      const others = absences.filter(absence => absence.index !== index)
      const during = others.filter(({ from, until }) => when > from + underWayMs && when < until)
      t.strictSame(during, [], `node${index} was restarted at ${at}, with nobody away`)
    }
  }
}

const skip = process.env.E2E_CLUSTER === 'kubeconfig' && "it ends a node, on this machine's own cluster only"
t.test('two nodes', { skip }, async t => {
  const node = await startSecondNode(t)
  install('manifests/overlays/expose')

  await t.test('drained under load', async t => {
    const ns = await namespaceFor(t, 'two-nodes-drained')
    const without = await namespaceFor(t, 'two-nodes-control', { control: true })
    rollOut()
    const chain = createSpreadChain(ns)
    const control = await controlChain(without)
    await areSpread(t)
    const restarts = await isSpread(t, chain, ns)
    const load = createWithoutPause(await namespaceFor(t, 'two-nodes-load'), 1)
    const away = watchAbsences(ns)
    t.teardown(() => away.stop())
    const began = Date.now()
    try {
      // By the eviction API, which keeps the budgets: of the chain, of the webhook, of the controller.
      const drain = ['drain', node.name, '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=120s']
      await promisify(execFile)('kubectl', drain)
      t.comment(`drained after ${((Date.now() - began) / 1000).toFixed(1)} s`)
      await untilOnFirst(ns, onSecond, 60)
      await webhookIs(2)
    } finally {
      await load.stop()
      kubectl('uncordon', node.name)
    }
    const { count, refused, uninjected } = await load.stop()
    t.comment(`${count} pods created meanwhile`)
    t.ok(count > 50, 'without pause')
    t.strictSame(refused.slice(0, 10), [], 'none refused')
    t.strictSame(uninjected.slice(0, 10), [], 'none uninjected')
    // For what comes after this: with the node drained, all are on the other.
    rollOut()
    await allConnected(chain, ns)
    // Each of the two that were evicted has moved once.
    await isWell(t, ns, restarts, 2)
    await restartsKeptApart(t, ns, await away.stop())
    t.comment(`all is well ${((Date.now() - began) / 1000).toFixed(1)} s after the drain began`)
    await untilOnFirst(without, [1], 30)
    t.notOk(await isConnected(control, without, 0, 1), 'without repeer, node0 has not got node1 again by then')
  })

  const lost = await namespaceFor(t, 'two-nodes-lost')
  const chain = createSpreadChain(lost)
  const exposed = await exposedPods(t)
  await areSpread(t)

  await t.test('externalTrafficPolicy over two nodes', async t => exposesOverNodes(t, exposed, node))

  await t.test('a node loses power', async t => {
    const restarts = await isSpread(t, chain, lost)
    const ns = await namespaceFor(t, 'two-nodes-admissions')
    await leadsOn(node.name)
    const during = createWithoutPause(ns, 1)
    t.teardown(() => during.stop())
    const began = Date.now()
    const since = () => `${((Date.now() - began) / 1000).toFixed(1)} s`
    await node.losePower()
    // The node controller's patience is 50 s (--node-monitor-grace-period).
    await until('the cluster has noticed', 90, async () => {
      const { status } = await client().core.readNode({ name: node.name })
      return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'Unknown')
    })
    t.comment(`the node is not Ready after ${since()}`)
    await until('the webhook there is out of its Service', 20, async () => {
      const labelSelector = 'kubernetes.io/service-name=repeer-webhook'
      const { items } = await client().discovery.listNamespacedEndpointSlice({ namespace: system, labelSelector })
      const ready = items.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready)
      return ready.every(({ nodeName }) => nodeName !== node.name)
    })
    const meanwhile = await during.stop()
    t.comment(`until then ${meanwhile.uninjected.length} of ${meanwhile.count} pods went uninjected, in ${since()}`)
    t.strictSame(meanwhile.refused.slice(0, 10), [], 'none refused')
    const after = createWithoutPause(ns, 1)
    t.teardown(() => after.stop())
    // What an admin says once the machine is known to be off; else StatefulSets would wait for it for ever.
    kubectl('taint', 'node', node.name, 'node.kubernetes.io/out-of-service=nodeshutdown:NoExecute')
    await untilOnFirst(lost, onSecond, 90)
    t.comment(`its pods run on the other node after ${since()}`)
    const { count, refused, uninjected } = await after.stop()
    t.ok(count > 50, `admission goes on (${count} pods)`)
    t.strictSame(refused.slice(0, 10), [], 'none refused')
    t.strictSame(uninjected.slice(0, 10), [], 'none uninjected')
    await allConnected(chain, lost, 120)
    t.comment(`connected after ${since()}`)
    await isWell(t, lost, restarts, 1)
    t.equal((await leader()).node, 'node1', 'the controller that is left leads')
    await followsItsPod(t, exposed)
    t.comment(`all is well after ${since()}`)
  })
})
