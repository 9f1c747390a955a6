// What every scenario starts with: a namespace of its own, a control, and a chain that runs in it.
import t, { type Test } from 'tap'
import type { Page } from '../../peers/page.ts'
import { type Chain, type ChainOptions, type KubernetesObject, makeChain, nodeOf, type PodSpec } from './chain.ts'
import { asMerge, client } from './client.ts'
import { apply } from './install.ts'
import { getPod, height, listPods, netInfo, never, page, until } from './watch.ts'

/** Creates a namespace, opted in unless it is a control, and deletes it after the test. */
export async function namespaceFor(
  t: Test,
  name: string,
  options: { control?: boolean; enforce?: string } = {},
): Promise<string> {
  const labels = {
    ...(options.control ? {} : { 'repeer.dev/inject': 'enabled' }),
    ...(options.enforce ? { 'pod-security.kubernetes.io/enforce': options.enforce } : {}),
  }
  await client().core.createNamespace({ body: { metadata: { name, labels } } })
  t.teardown(() => client().core.deleteNamespace({ name }))
  return name
}

type Run = (t: Test, namespace: string) => Promise<void>

/**
 * The test that shows the trouble without repeer, in a namespace that has not opted in. It mostly waits, so it runs
 * beside the tests that follow it with `besideControl()`.
 */
export function control(name: string, what: string, run: Run): void {
  t.jobs = 2
  t.test(`without repeer ${what}`, besideControl(), async t =>
    run(t, await namespaceFor(t, `${name}-control`, { control: true })),
  )
}

/** Options of a test that may start before its neighbour ends. A new object for each, since tap writes into it. */
export const besideControl = () => ({ buffered: true })

/** The nodes' RPC has to be reachable for the scenarios to see it; plain CometBFT listens on loopback. */
export function openRpc(toml: string): string {
  return toml.replace('laddr = "tcp://127.0.0.1:26657"', 'laddr = "tcp://0.0.0.0:26657"')
}

export const indexes = [0, 1, 2, 3] as const

export async function allRun(namespace: string, of: readonly number[] = indexes): Promise<boolean> {
  const pods = await Promise.all(of.map(index => getPod(namespace, `node${index}-0`)))
  return pods.every(pod => pod.status.phase === 'Running')
}

/** A chain of four that makes blocks, with node0 connected to the others. */
export async function runningChain(namespace: string, options: Omit<ChainOptions, 'namespace'> = {}): Promise<Chain> {
  const chain = makeChain({
    namespace,
    ...options,
    config: (toml, index) => openRpc(options.config ? options.config(toml, index) : toml),
  })
  apply(chain.objects)
  await until('all pods run', 90, () => allRun(namespace))
  await until('node0 has three peers', 90, async () => (await netInfo(namespace, 0))?.peers.length === 3)
  await until('blocks', 60, async () => (await height(namespace, 0)) > 2)
  return chain
}

/**
 * The same without repeer's help: node0 starts when its peers have addresses, so it finds them all. For controls, which
 * are in trouble only once something changes.
 */
export async function orderlyChain(namespace: string, options: Omit<ChainOptions, 'namespace'> = {}): Promise<Chain> {
  const chain = makeChain({ namespace, ...options, config: openRpc })
  await startInOrder(namespace, chain.objects, [[1, 2, 3], [0]])
  await until('node0 has three peers', 90, async () => (await netInfo(namespace, 0))?.peers.length === 3)
  await until('blocks', 60, async () => (await height(namespace, 0)) > 1)
  return chain
}

/** Starts the nodes group by group, each when the pods of the one before run. */
export async function startInOrder(
  namespace: string,
  objects: Chain['objects'],
  groups: readonly (readonly number[])[],
): Promise<void> {
  for (const group of groups) {
    apply(objects.filter(({ metadata }) => group.includes(nodeOf(metadata.name))))
    await until(`nodes ${group.join(', ')} run`, 90, () => allRun(namespace, group))
  }
}

/** The chain's objects, with these lists in the nodes' config.toml. */
export function withLists(chain: Chain, lists: Readonly<Record<number, readonly number[]>>): KubernetesObject[] {
  const configs = new Map(
    Object.entries(lists).map(([index, peers]) => [`node${index}-config`, chain.configOf(Number(index), peers)]),
  )
  return chain.objects.map(object => {
    const config = object.kind === 'ConfigMap' ? configs.get(object.metadata.name) : undefined
    return config === undefined ? object : { ...object, data: { ...(object.data as object), 'config.toml': config } }
  })
}

/** A merge: unlike `kubectl apply`, it leaves the other keys alone. */
export async function editConfigMap(
  namespace: string,
  { name, data }: { name: string; data: Record<string, string> },
): Promise<void> {
  await client().core.patchNamespacedConfigMap({ namespace, name, body: { data } }, asMerge)
}

/**
 * Makes the kubelet refresh the pod's files at once, as a controller's annotation would; otherwise it takes about a
 * minute.
 */
export async function nudge(namespace: string, name: string): Promise<void> {
  const annotations = { 'example.com/nudge': String(Date.now()) }
  await client().core.patchNamespacedPod({ namespace, name, body: { metadata: { annotations } } }, asMerge)
}

/** Whether a node has a peer: anywhere, or at the address where the peer's pod is now. */
export async function isConnected(
  chain: Chain,
  namespace: string,
  index: number,
  peer: number,
  at?: 'at its present address',
): Promise<boolean> {
  const ip = at && ((await getPod(namespace, `node${peer}-0`)).status.podIP ?? 'none yet')
  const peers = (await netInfo(namespace, index))?.peers ?? []
  return peers.some(
    connected => connected.node_info.id === chain.ids[peer] && (ip === undefined || connected.remote_ip === ip),
  )
}

/** Longer than a node that is helped takes; a chain of ClusterIP Services heals within 10 s. */
const controlSeconds = 25

/** Moves node1 and shows that the nodes that list it stay without it, though they run. */
export async function staysUnconnected(
  t: Test,
  chain: Chain,
  namespace: string,
  { of = [0], seconds = controlSeconds } = {},
): Promise<void> {
  const { from, to } = await replacePod(namespace, 1)
  t.not(from, to, 'node1 has another address')
  const back = async () => (await Promise.all(of.map(index => isConnected(chain, namespace, index, 1)))).includes(true)
  t.ok(await never(seconds, back), `node1 is not connected again for ${seconds} s`)
  for (const index of of) t.ok(await netInfo(namespace, index), `node${index} answers`)
}

/**
 * Waits up to 120 s until the pages of these nodes are, in one look, as they should be; or throws with what the others
 * say instead.
 */
export async function untilPages(
  what: string,
  namespace: string,
  of: readonly number[],
  isSo: (now: Page) => boolean,
): Promise<void> {
  await until(what, 120, async () => {
    const pages = await Promise.all(of.map(async index => ({ index, now: await page(namespace, index) })))
    const others = pages.filter(({ now }) => !now || !isSo(now))
    if (others.length === 0) return true
    const say = ({ index, now }: (typeof pages)[number]) =>
      `node${index}: ${now ? JSON.stringify({ ...now, lookups: undefined }) : 'no page'}`
    throw new Error(others.map(say).join('; '))
  })
}

/**
 * Waits until no node of these has anything left to do. All at once: a node loses a connection for a moment when
 * another of them is restarted.
 */
export async function settled(namespace: string, of: readonly number[] = [0]): Promise<void> {
  await untilPages(`settled: nodes ${of}`, namespace, of, now => now.phase === 'settled')
}

/**
 * Deletes pods and waits until they are gone, or others of their name are in their place. Not by kubectl, which was
 * seen to wait for ever for a pod of a StatefulSet that was back at once.
 */
export async function deletePods(namespace: string, ...names: string[]): Promise<void> {
  const uids = await Promise.all(names.map(async name => (await getPod(namespace, name)).metadata.uid))
  await Promise.all(names.map(name => client().core.deleteNamespacedPod({ namespace, name })))
  await until(`pods ${names.join(', ')} are gone`, 90, async () => {
    const left = await listPods(namespace)
    return !left.some(pod => uids.includes(pod.metadata.uid))
  })
}

/** Replaces the pod and waits for the new one; returns the old and the new address. */
export async function replacePod(namespace: string, index: number): Promise<{ from: string; to: string }> {
  const name = `node${index}-0`
  const from = await getPod(namespace, name)
  await deletePods(namespace, name)
  const { value } = await until('another pod runs', 90, async () => {
    const { status } = await getPod(namespace, name)
    return status.phase === 'Running' ? status.podIP : undefined
  })
  return { from: from.status.podIP ?? '', to: value }
}

/** Annotates the pods of every node: for tests that cannot wait for the defaults (two minutes between two restarts). */
export function impatient(annotations: Record<string, string> = {}): Record<string, string> {
  return { 'repeer.dev/min-interval': '1s', ...annotations }
}

/** Leaves out `command`, so that the image's entrypoint runs: then the sidecar can only signal. */
export function withoutCommand(spec: PodSpec): PodSpec {
  const [node, ...rest] = spec.containers
  if (!node) throw new Error('no container')
  const { command = [], ...bare } = node
  const user = { securityContext: { ...(spec.securityContext as object), runAsUser: 1000, fsGroup: 1000 } }
  return { ...spec, ...user, containers: [{ ...bare, args: command.slice(1) }, ...rest] }
}
