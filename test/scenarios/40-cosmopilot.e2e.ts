// Pods as cosmopilot makes them, of the 3.x line (a trace FIFO that node-utils reads) and the 4.x line (none), with a
// real Cosmos SDK program: a peer moves, a peer is added. Both are healed in place: node-utils, which remembers the
// node's process and its pipe, is started again with the node. node-utils is a stand-in (../stand-ins/node-utils.ts);
// the operator's part is done by hand: it makes a pod anew when it is gone, and writes the list into the ConfigMap
// without another hash on the pod.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type ChainNode,
  chainId,
  entry,
  files,
  headlessName,
  internalName,
  objectsOf,
  podOf,
  program,
} from '../testbed/cosmopilot.ts'
import { apply, install } from '../testbed/install.ts'
import { makeNodeKey } from '../testbed/node-key.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { makeProviderHomes } from '../testbed/provider-homes.ts'
import { deletePods, editConfigMap, impatient, namespaceFor, nudge } from '../testbed/scenario.ts'
import { interchain, nodeUtils, provide } from '../testbed/seed-images.ts'
import { containerStatus, getPod, heightAt, isInjected, netInfoAt, pageAt, until } from '../testbed/watch.ts'

const namespace = 'cosmopilot'

/**
 * A validator; a sentry that lists it; three full nodes that list the sentry, one of them by the operator's Service and
 * two by its own address, of which one is left alone by repeer; and one that nobody lists at first. One restart for
 * each: a second one has to wait for ten minutes there.
 */
async function nodes(programs: string) {
  const dir = await mkdtemp(join(tmpdir(), 'cosmopilot-'))
  try {
    const validators = [{ name: 'validator', stake: 100 }]
    const { homes } = await makeProviderHomes({ program: join(programs, program), dir, chainId, validators })
    const config = (file: string) => readFile(join(homes[0] ?? '', 'config', file), 'utf8')
    const [genesis, validatorKey] = await Promise.all(['genesis.json', 'priv_validator_key.json'].map(config))
    const of = (name: string, over: Partial<ChainNode> = {}): ChainNode => {
      const common = {
        namespace,
        genesis: genesis ?? '',
        key: makeNodeKey(),
        line: '3.x',
        peers: [],
        annotations: impatient(),
      } as const
      return { ...common, name: `mynode-${name}`, ...over }
    }
    const validator = of('validator', { validatorKey: validatorKey ?? '' })
    const toValidator = [entry(validator, internalName(validator))]
    const sentry = of('sentry', { peers: toValidator })
    const [byAddress, byService] = [headlessName, internalName].map(host => [entry(sentry, host(sentry))])
    return {
      validator,
      sentry,
      traced: of('fullnode-0', { peers: byService ?? [] }),
      untraced: of('fullnode-1', { line: '4.x', peers: byAddress ?? [] }),
      alone: of('fullnode-2', { peers: byAddress ?? [], annotations: { 'repeer.dev/inject': 'false' } }),
      added: of('fullnode-3', { peers: toValidator }),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

const podOfNode = ({ name }: ChainNode) => getPod(namespace, name)
const ipOf = async (node: ChainNode) => (await podOfNode(node)).status.podIP
const heightOf = async (node: ChainNode) => heightAt(await ipOf(node))
const pageOf = async (node: ChainNode) => pageAt(await ipOf(node))

/**
 * Whether a node is connected to a peer at the peer's present address. Behind a Service's own address that is not what
 * the node sees.
 */
async function hasPeer(
  node: ChainNode,
  peer: ChainNode,
  at: 'anywhere' | 'at its address' = 'anywhere',
): Promise<boolean> {
  const [info, address] = [await netInfoAt(await ipOf(node)), await ipOf(peer)]
  return (
    info?.peers.some(
      connected => connected.node_info.id === peer.key.id && (at === 'anywhere' || connected.remote_ip === address),
    ) ?? false
  )
}

/** Waits until it has; returns the seconds it took, or throws with what the node's page says instead. */
async function connects(node: ChainNode, peer: ChainNode, at?: 'at its address'): Promise<string> {
  const { seconds } = await until(`${node.name} has ${peer.name}`, 120, async () => {
    if (await hasPeer(node, peer, at)) return true
    throw new Error(JSON.stringify({ ...(await pageOf(node)), lookups: undefined }))
  })
  return `${seconds.toFixed(1)} s`
}

async function isReady(...of: readonly ChainNode[]): Promise<void> {
  for (const node of of) {
    await until(`${node.name} is Ready`, 90, async () => {
      const { conditions = [] } = (await podOfNode(node)).status
      return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    })
  }
}

async function isSettled(...of: readonly ChainNode[]): Promise<void> {
  for (const node of of) {
    await until(`${node.name} is settled`, 120, async () => {
      const page = await pageOf(node)
      if (page?.phase === 'settled') return true
      throw new Error(page ? JSON.stringify({ ...page, lookups: undefined }) : 'no page')
    })
  }
}

async function grows(node: ChainNode): Promise<void> {
  const from = await heightOf(node)
  await until(`${node.name} has more blocks than ${from}`, 30, async () => (await heightOf(node)) > from + 1)
}

/** As the operator writes it: the node's peers, and one more. */
async function editList(node: ChainNode, more: ChainNode): Promise<void> {
  const edited = { ...node, peers: [...node.peers, entry(more, internalName(more))] }
  await editConfigMap(namespace, { name: node.name, data: { 'config.toml': files(edited)['config.toml'] ?? '' } })
}

/** What node-utils says of the node. */
async function ask(node: ChainNode, path: string): Promise<{ code: number; text: string }> {
  const response = await fetch(`http://${await ipOf(node)}:8000${path}`, { signal: AbortSignal.timeout(5000) })
  return { code: response.status, text: await response.text() }
}

/**
 * As the operator would look: the same pod, in which nothing has ended but node-utils, which knows the node that runs.
 */
async function isWhole(t: Test, node: ChainNode, { uid, restarts }: { uid: string; restarts: number }): Promise<void> {
  const pod = await podOfNode(node)
  t.equal(pod.metadata.uid, uid, `${node.name} is the same pod`)
  t.equal(pod.status.phase, 'Running')
  t.equal(containerStatus(pod, program)?.restartCount, 0)
  t.equal(
    containerStatus(pod, 'node-utils')?.restartCount,
    restarts,
    'node-utils was started again with the node, and not else',
  )
  const { restarts: done = [], strategy } = (await pageOf(node)) ?? {}
  t.equal(strategy, 'wrap')
  t.match(done, Array(restarts).fill({ level: 'process', outcome: 'verified' }), `restarts in place: ${restarts}`)
  t.equal(done.length, restarts)
  t.match(await ask(node, '/must_upgrade'), { code: 200, text: 'false' })
  await until('ready', 20, async () => (await ask(node, '/ready')).code === 200)
  t.match(await ask(node, '/stats'), { code: 200 }, 'node-utils knows the process')
}

t.test('cosmopilot', async t => {
  install()
  const [programs = ''] = await buildPrograms(['interchain-security'], line => t.comment(line))
  await provide(interchain(programs), nodeUtils())
  await namespaceFor(t, namespace)
  const { validator, sentry, traced, untraced, alone, added } = await nodes(programs)
  // As an operator goes about it: who lists somebody comes when that node is there.
  for (const group of [[validator], [sentry], [traced, untraced, alone, added]]) {
    apply(group.flatMap(objectsOf))
    await isReady(...group)
  }
  for (const node of [traced, untraced, alone]) await connects(node, sentry)
  await isSettled(traced, untraced)
  for (const node of [validator, sentry, traced, untraced, alone]) await grows(node)
  t.notOk(isInjected(await podOfNode(alone)))
  const uids = new Map(
    await Promise.all([traced, untraced].map(async node => [node, (await podOfNode(node)).metadata.uid] as const)),
  )
  const whole = (t: Test, node: ChainNode, restarts: number) =>
    isWhole(t, node, { uid: uids.get(node) ?? '', restarts })
  for (const node of uids.keys()) await whole(t, node, 0)

  await t.test('a peer moves', async t => {
    const from = await ipOf(sentry)
    await deletePods(namespace, sentry.name)
    apply([podOf(sentry)])
    await isReady(sentry)
    t.not(await ipOf(sentry), from, 'it has another address')
    t.comment(
      `the node with its address has it ${await connects(untraced, sentry, 'at its address')} after it was Ready`,
    )
    await connects(traced, sentry)
    await isSettled(traced, untraced)
    for (const node of [traced, untraced]) await grows(node)
    await whole(t, untraced, 1)
    // The Service has the address that it had, so the node finds its peer behind it by itself.
    await whole(t, traced, 0)
  })

  await t.test('a peer is added to a list', async t => {
    for (const node of [traced, alone]) await editList(node, added)
    t.comment(`the node has it ${await connects(traced, added)} after the edit`)
    await isSettled(traced)
    await grows(traced)
    await whole(t, traced, 1)
  })

  await t.test('without repeer: neither the moved peer nor the added one', async t => {
    t.notOk(await hasPeer(alone, added))
    t.notOk(await hasPeer(alone, sentry))
    const height = await heightOf(alone)
    t.ok(height > 0, 'it answers')
    t.ok(height + 10 < (await heightOf(traced)), 'and has no block since')
  })

  await t.test('an upgrade that is due: nothing is restarted', async t => {
    const upgrades = [{ height: 1, status: 'scheduled', source: 'on-chain', image: 'another' }]
    await editConfigMap(namespace, {
      name: `${traced.name}-upgrades`,
      data: { 'upgrades.json': JSON.stringify({ upgrades }) },
    })
    await nudge(namespace, traced.name)
    await until('node-utils says so', 60, async () => (await ask(traced, '/must_upgrade')).code === 426)
    await editList(traced, validator)
    await until('the restart is held', 60, async () => (await pageOf(traced))?.reason === 'operator-upgrade')
    t.equal((await pageOf(traced))?.restarts.length, 1)
  })
})
