// The five scenes. Each does one thing to the chain, waits for what is to happen (with a deadline), and checks what is
// not to happen: which processes are still the same ones.
import type { Cluster } from './cluster.ts'
import { firstLists, type NodeName, nodeNames } from './manifests.ts'
import type { SceneResult, Timeline } from './timeline.ts'
import { heightOf, nodeIdentity, pageOf, peersOf, until } from './watch-node.ts'

export type Stage = { readonly cluster: Cluster; readonly timeline: Timeline; readonly signal: AbortSignal }

/** For everything that is waited for. On an idle machine nothing takes longer than 12 s. */
const deadlineSeconds = 40

type Scene = {
  readonly title: string
  readonly about: string
  readonly play: (stage: Stage) => Promise<{ happened: string; restarted: readonly NodeName[] }>
}

/**
 * Plays the scenes in order; stops with an error at the first that does not go as it should. `done` is called after
 * each.
 */
export async function playScenes(stage: Stage, done: (result: SceneResult) => void): Promise<void> {
  for (const [index, scene] of scenes.entries()) {
    stage.signal.throwIfAborted()
    const { title, about, play } = scene
    stage.timeline.scene(index + 1, title, about)
    const from = stage.timeline.elapsedSeconds()
    const { happened, restarted } = await play(stage)
    stage.timeline.tell('result', 'result', happened, { restarted })
    done({
      scene: index + 1,
      title,
      happened,
      seconds: Number((stage.timeline.elapsedSeconds() - from).toFixed(1)),
      restarts: restarted.length,
    })
  }
}

const scenes: readonly Scene[] = [
  {
    title: 'A chain stuck at its start',
    about: 'node0, node2 and node3 start before their names resolve. CometBFT drops such names for good.',
    play: stuckAtStart,
  },
  {
    title: 'A peer that moved',
    about:
      'node1 is deleted and comes back with another IP. It dials node2; only node0 still looks for it at the old address.',
    play: peerMoved,
  },
  {
    title: 'An edited list',
    about: 'node1 listed node2; its ConfigMap now says node3.',
    play: listEdited,
  },
  {
    title: 'A malformed list',
    about: "node3's ConfigMap gets an entry without a node ID, with which CometBFT would refuse to start.",
    play: listMalformed,
  },
  {
    title: 'A move that heals by itself',
    about: 'node2 moves too. It lists node0, the only one that lists it, and dials it from its new address.',
    play: moveHealed,
  },
]

async function stuckAtStart(stage: Stage) {
  const { cluster, timeline, signal } = stage
  const early = ['node0', 'node2', 'node3'] as const
  timeline.tell('action', 'kubelet', 'the stand-in for the kubelet starts node0, node2 and node3')
  await Promise.all(early.map(name => cluster.createPod(name)))
  await Promise.all(early.map(name => ready(name, stage)))
  await until('three sidecars that look', deadlineSeconds, signal, async () =>
    (await Promise.all(early.map(name => pageOf(cluster.pod(name))))).every(page => page.node.startedAt),
  )
  await holds('the three nodes alone', 1.5, stage, async () => {
    for (const name of early) {
      const [peers, height] = await Promise.all([peersOf(cluster.rpcPort(name)), heightOf(cluster.rpcPort(name))])
      if (peers.length > 0 || height > 0)
        throw new Error(`${name}: found ${peers.length} peers at height ${height}, expected it to be stuck`)
    }
  })
  timeline.tell('chain', 'chain', 'stuck: 0 peers each, height 0')
  const before = await identities(stage, early)
  await cluster.publish(early)
  timeline.tell('action', 'dns', 'their names resolve now; node1 is created, and finds node2 by itself')
  await cluster.createPod('node1')
  await ready('node1', stage)
  await cluster.publish(['node1'])
  const restarted = await restartOf('node0', stage, before)
  await connected('node0', ['node1', 'node2', 'node3'], stage)
  await until('blocks on all four nodes', deadlineSeconds, signal, async () =>
    (await Promise.all(nodeNames.map(name => heightOf(cluster.rpcPort(name))))).every(height => height > 0),
  )
  timeline.tell('chain', 'chain', `blocks flow: height ${await heightOf(cluster.rpcPort('node0'))}`)
  await settled(stage)
  await onlyRestarted(['node0'], before, stage)
  return { happened: `node0 restarted in place${restarted}, all connected`, restarted: ['node0'] as const }
}

async function peerMoved(stage: Stage) {
  const { timeline } = stage
  const before = await identities(stage, ['node0', 'node2', 'node3'])
  await move('node1', stage)
  const restarted = await restartOf('node0', stage, before)
  await connected('node0', ['node1', 'node2', 'node3'], stage)
  timeline.tell('chain', 'node0', 'connected to node1 at its new address')
  await settled(stage)
  await onlyRestarted(['node0'], before, stage)
  return { happened: `node0 restarted in place${restarted}, nobody else`, restarted: ['node0'] as const }
}

async function listEdited(stage: Stage) {
  const { cluster, timeline } = stage
  const before = await identities(stage, nodeNames)
  await cluster.edit('node1', cluster.chain.list(['node3']))
  timeline.tell('action', 'you', 'edit persistent_peers in ConfigMap node1-config')
  const restarted = await restartOf('node1', stage, before)
  await connected('node1', ['node3'], stage)
  timeline.tell('chain', 'node1', 'connected to node3')
  await settled(stage)
  await onlyRestarted(['node1'], before, stage)
  return { happened: `node1 restarted in place${restarted} with the new list`, restarted: ['node1'] as const }
}

async function listMalformed(stage: Stage) {
  const { cluster, timeline, signal } = stage
  const before = await identities(stage, nodeNames)
  await cluster.edit('node3', `${cluster.chain.host('node0')}:26656`)
  timeline.tell('action', 'you', 'break persistent_peers in ConfigMap node3-config')
  const page = await until('the list refused', deadlineSeconds, signal, async () => {
    const seen = await pageOf(cluster.pod('node3'))
    return seen.reason === 'list-malformed' ? seen : undefined
  })
  timeline.tell('repeer', 'repeer', `node3: ${page.reason}: ${page.detail ?? page.sentence ?? ''}`, { page })
  await holds('node3 untouched', 3, stage, async () => {
    await onlyRestarted([], before, stage)
    if (!(await peersOf(cluster.rpcPort('node3'))).some(peer => peer.id === cluster.chain.id('node0')))
      throw new Error('node3 lost node0')
  })
  timeline.tell('chain', 'node3', 'the same process as before, still connected to node0')
  await cluster.edit('node3', cluster.chain.list(firstLists.node3))
  timeline.tell('action', 'you', 'repair the list')
  await settled(stage)
  await onlyRestarted([], before, stage)
  return { happened: 'refused with the entry named; node3 runs on', restarted: [] }
}

async function moveHealed(stage: Stage) {
  const { cluster, timeline, signal } = stage
  const others = ['node0', 'node1', 'node3'] as const
  const before = await identities(stage, others)
  const applied = (await pageOf(cluster.pod('node0'))).applied
  await move('node2', stage)
  await connected('node0', ['node2'], stage)
  timeline.tell('chain', 'node0', 'node2 has dialled in from its new address')
  await until('the new address recorded', deadlineSeconds, signal, async () => {
    const page = await pageOf(cluster.pod('node0'))
    return page.applied !== applied && page.applied === page.wanted && page.phase === 'settled'
  })
  timeline.tell('repeer', 'repeer', 'node0: another snapshot, every peer connected: recorded, nothing to do')
  await settled(stage)
  await holds('nobody restarted', 3, stage, () => onlyRestarted([], before, stage))
  return { happened: 'node0 left alone, its snapshot recorded', restarted: [] }
}

async function move(name: NodeName, stage: Stage): Promise<void> {
  const { cluster, timeline } = stage
  const from = cluster.pod(name).ip
  timeline.tell('action', 'you', `delete pod ${name} (at ${from})`, { node: name, ip: from })
  await cluster.removePod(name)
  const { ip } = await cluster.createPod(name)
  await ready(name, stage)
  await cluster.publish([name])
  timeline.tell('action', 'kubelet', `pod ${name} is back, at ${ip}`, { node: name, ip })
}

/** A headless Service gives a pod's address once the pod is ready. */
async function ready(name: NodeName, { cluster, signal }: Stage): Promise<void> {
  await until(`${name} ready`, deadlineSeconds, signal, async () => (await heightOf(cluster.rpcPort(name))) >= 0)
}

/** Waits for the node's process to be another one; the text says how long it was down. */
async function restartOf(name: NodeName, { cluster, timeline, signal }: Stage, before: Identities): Promise<string> {
  const old = before.get(name)
  const gone = await until(
    `${name} restarted`,
    25,
    signal,
    async () => ((await nodeIdentity(cluster.pod(name))) !== old ? performance.now() : undefined),
    10,
  )
  const now = await until(`${name} running again`, deadlineSeconds, signal, () => nodeIdentity(cluster.pod(name)), 10)
  await until(
    `${name} answering again`,
    deadlineSeconds,
    signal,
    async () => (await heightOf(cluster.rpcPort(name))) >= 0,
    10,
  )
  const seconds = (performance.now() - gone) / 1000
  const page = await pageOf(cluster.pod(name))
  const restart = page.restarts.at(-1)
  timeline.tell('repeer', 'repeer', `${name} restarted in place: ${restart?.why ?? 'no reason given'}`, {
    node: name,
    process: now,
    was: old,
    downSeconds: Number(seconds.toFixed(3)),
    restart,
  })
  const { restarts } = cluster
    .pod(name)
    .containers()
    .find(container => container.name === 'cometbft') ?? { restarts: 0 }
  if (restarts > 0)
    throw new Error(
      `${name}: its container was started again ${restarts} times, expected a restart of the process alone`,
    )
  return ` (down ${seconds.toFixed(2)} s)`
}

async function connected(name: NodeName, others: readonly NodeName[], { cluster, signal }: Stage): Promise<void> {
  const ids = others.map(cluster.chain.id)
  await until(`${name} connected to ${others.join(', ')}`, deadlineSeconds, signal, async () => {
    const peers = await peersOf(cluster.rpcPort(name))
    return ids.every(id => peers.some(peer => peer.id === id))
  })
}

/** Every sidecar says that nothing is left to do. */
async function settled({ cluster, signal }: Stage): Promise<void> {
  await until('every sidecar settled', deadlineSeconds, signal, async () => {
    const pages = await Promise.all(nodeNames.map(name => pageOf(cluster.pod(name))))
    return pages.every(page => page.phase === 'settled' && page.applied === page.wanted)
  })
}

type Identities = ReadonlyMap<NodeName, string>

async function identities({ cluster, signal }: Stage, names: readonly NodeName[]): Promise<Identities> {
  return new Map(
    await Promise.all(
      names.map(
        async name =>
          [name, await until(`the process of ${name}`, 10, signal, () => nodeIdentity(cluster.pod(name)))] as const,
      ),
    ),
  )
}

/** Throws unless exactly these nodes have another process than before. */
async function onlyRestarted(expected: readonly NodeName[], before: Identities, { cluster }: Stage): Promise<void> {
  for (const [name, old] of before) {
    const changed = (await nodeIdentity(cluster.pod(name))) !== old
    if (changed !== expected.includes(name))
      throw new Error(
        `${name}: its process ${changed ? 'is another one, expected the same' : 'is the same, expected another one'}`,
      )
  }
}

/** Checks again and again for some seconds; throws as soon as it fails once. */
async function holds(what: string, seconds: number, { signal }: Stage, check: () => Promise<void>): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    signal.throwIfAborted()
    await check().catch(error => {
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    })
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}
