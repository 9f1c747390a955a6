// One chain in a namespace of its own, in which one change after another is made and timed. Every run begins with a new
// pod of node0, so that neither the kubelet's back-off nor repeer's restart budget carries over from the run before.

import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { reachable } from '../../../sidecar/observe/probe.ts'
import { type Chain, makeChain, nodeOf } from '../../testbed/chain.ts'
import { nodeAddress } from '../../testbed/configs.ts'
import { apply, kubectl } from '../../testbed/install.ts'
import { until } from '../processes.ts'
import { type Arm, type ArmName, arms } from './arms.ts'
import { type Api, type Follower, followPods, getJson, openApi, peersAt, watchDownTime } from './follow.ts'

export type Change = 'moved peer' | 'edited list'

export type Sample = {
  readonly arm: ArmName
  readonly change: Change
  /** From the change until node0 is connected as it should be; undefined: not within the time given. */
  readonly seconds?: number
  /**
   * From the moment the peer's new pod runs, at its new address, until node0 is connected to it; undefined where no
   * peer moved, or in vain.
   */
  readonly sinceNewPodSeconds?: number
  /** From the moment the peer's new pod takes connections. */
  readonly sinceAnswersSeconds?: number
  /** From the change until node0's process is one that has read it; undefined where no process was replaced. */
  readonly runningSeconds?: number
  /** The longest time in which node0 did not answer. */
  readonly downMs: number
  /** Other nodes that list node0, and whose address of it is none any more. */
  readonly madeStale: number
}

export type LaneOptions = {
  readonly arm: ArmName
  readonly change: Change
  readonly namespace: string
  readonly runs: number
  readonly timeoutSeconds: number
  readonly say: (line: string) => void
}

const p2pPort = 26656
const resolver = new Resolver()
resolver.setServers([nodeAddress])

/** node0 lists node1 and node3, which list node0; node2 lists nobody and is the one that an edit adds. */
const listed = [1, 3]
const added = 2

/** Creates the namespace and the chain; blocks, so that nothing is timed meanwhile. */
export function prepareLane(options: LaneOptions): Lane {
  const { namespace, change } = options
  const arm: Arm = arms[options.arm]
  const chain = makeChain({
    namespace,
    config: toml =>
      toml
        .replace('laddr = "tcp://127.0.0.1:26657"', 'laddr = "tcp://0.0.0.0:26657"')
        .replace(/^timeout_commit = .*$/m, 'timeout_commit = "30s"')
        // Looked at ten times a second for each peer: by 44 nodes that is half of a core.
        .replace(/^peer_gossip_sleep_duration = .*$/m, 'peer_gossip_sleep_duration = "1s"'),
    pod: (spec, index) => (index === 0 ? arm.pod(spec) : spec),
  })
  kubectl('create', 'namespace', namespace)
  if (arm.injected) kubectl('label', 'namespace', namespace, 'repeer.dev/inject=enabled')
  apply(manifests(chain, arm, change))
  return { ...options, chain, kind: arm, pods: followPods(namespace), api: openApi() }
}

/** Makes and times the changes, one after another. */
export async function runLane(lane: Lane): Promise<Sample[]> {
  const { namespace, runs, timeoutSeconds, say, pods } = lane
  const samples: Sample[] = []
  try {
    for (let run = 1; run <= runs; run++) {
      const sample = await oneRun(lane)
      samples.push(sample)
      const took = sample.seconds === undefined ? `not within ${timeoutSeconds} s` : `${sample.seconds.toFixed(1)} s`
      say(`${namespace}: run ${run} of ${runs}: ${took}, down ${Math.round(sample.downMs)} ms`)
    }
    return samples
  } finally {
    await pods.close()
  }
}

/**
 * So many at a time: starting pods is work, and times are to be those of a machine with some to spare. Who only waits
 * for the kubelet is no work.
 */
const atOnce = pLimit(2)

async function oneRun(lane: Lane): Promise<Sample> {
  const act = () => (lane.change === 'moved peer' ? movePeer(lane) : editList(lane))
  if (lane.arm !== 'reloader') return atOnce(() => beginAnew(lane).then(act))
  await atOnce(() => beginAnew(lane))
  return act()
}

export type Lane = LaneOptions & {
  readonly chain: Chain
  readonly pods: Follower
  readonly api: Api
  readonly kind: Arm
}

/** Only node0 is injected: it is the one that is looked at, and the machine has better things to do. */
function manifests(chain: Chain, arm: Arm, change: Change): unknown[] {
  return chain.objects.map(object => {
    const index = nodeOf(object.metadata.name)
    if (object.kind === 'ConfigMap') {
      const data = object.data as Record<string, string>
      return { ...object, data: { ...data, 'config.toml': configOf(chain, index, change, listed) } }
    }
    if (object.kind !== 'StatefulSet') return object
    const spec = object.spec as { template: { metadata: object; spec: object } }
    const annotations = index === 0 ? arm.annotations : { 'repeer.dev/inject': 'false' }
    return {
      ...object,
      spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, annotations } } },
    }
  })
}

/** For a moved peer the list is node0's alone: otherwise the peer would dial node0 by itself. */
function configOf(chain: Chain, index: number, change: Change, ofNode0: readonly number[]): string {
  if (index === 0) return chain.configOf(0, ofNode0)
  return chain.configOf(index, change === 'edited list' && listed.includes(index) ? [0] : [])
}

/** A node0 that has just come up, connected to what it lists. */
async function beginAnew(lane: Lane): Promise<void> {
  if (lane.change === 'edited list') await writeList(lane, listed)
  for (const index of [0, ...listed, added])
    await until(`${lane.namespace}: a pod of node${index}`, () => isRunning(lane, `node${index}-0`), 120, 50)
  for (const index of listed) await answered(lane, index)
  await replace(lane, 'node0-0')
  await answered(lane, 0)
  await until(`${lane.namespace}: node0 is connected as listed`, () => isConnected(lane, listed), 180, 100)
  if (lane.kind.injected) await until(`${lane.namespace}: settled`, () => isSettled(lane), 300, 200)
  // A node that still checks whether it has the newest block would be left alone for that.
  await until(`${lane.namespace}: node0 has caught up`, () => hasCaughtUp(lane), 120, 200)
}

/** A node that starts while DNS has no answer or an old one would miss a peer, in every arm alike. */
async function answered({ namespace, pods }: Lane, index: number): Promise<void> {
  const name = `node${index}.${namespace}.svc.cluster.local`
  const isKnown = async () => {
    const addresses = await resolver.resolve4(name).catch(() => [])
    return addresses.length === 1 && addresses[0] === pods.pod(`node${index}-0`)?.ip ? true : undefined
  }
  await until(`${name} has its present address in DNS`, isKnown, 120, 500)
}

async function movePeer(lane: Lane): Promise<Sample> {
  const before = lane.pods.pod('node1-0')
  const began = performance.now()
  let runsSeconds = 0
  let answersSeconds: Promise<number> | undefined
  const since = () => (performance.now() - began) / 1000
  const sample = await timed(lane, listed, async () => {
    await lane.api.deletePod(lane.namespace, 'node1-0')
    await until('the peer has a new pod', () => isAnother(lane, 'node1-0', before?.uid), 60, 20)
    runsSeconds = since()
    answersSeconds = until('the peer answers', () => answers(lane, 'node1-0'), 60, 20).then(since)
    await lane.kind.react(lane.api, lane.namespace)
  })
  const answered = await answersSeconds
  if (sample.seconds === undefined || answered === undefined) return sample
  return { ...sample, sinceNewPodSeconds: sample.seconds - runsSeconds, sinceAnswersSeconds: sample.seconds - answered }
}

async function editList(lane: Lane): Promise<Sample> {
  return timed(lane, [...listed, added], async () => {
    await writeList(lane, [...listed, added])
    await lane.kind.react(lane.api, lane.namespace)
  })
}

/** Makes the change and waits until node0 is connected to `wanted` at their present addresses. */
async function timed(lane: Lane, wanted: readonly number[], change: () => Promise<void>): Promise<Sample> {
  const from = lane.pods.pod('node0-0')?.ip
  const down = watchDownTime(lane.pods)
  const began = performance.now()
  await change()
  const done = await until('connected', () => isConnected(lane, wanted), lane.timeoutSeconds, 100).then(
    () => true,
    () => false,
  )
  const seconds = (performance.now() - began) / 1000
  // What is down longest may be so after the first connection: a node that was told, and then restarted all the same.
  await sleep(1000)
  down.stop()
  const moved = lane.pods.pod('node0-0')?.ip !== from
  const { ms: downMs, endedAt } = down.longestGap()
  return {
    arm: lane.arm,
    change: lane.change,
    ...(done ? { seconds } : {}),
    // Shorter ones are connections that the node's server closed because they were idle.
    ...(downMs > 30 && endedAt !== undefined ? { runningSeconds: (endedAt - began) / 1000 } : {}),
    downMs,
    madeStale: moved && lane.change === 'edited list' ? listed.length : 0,
  }
}

async function isConnected({ chain, pods }: Lane, wanted: readonly number[]): Promise<true | undefined> {
  const peers = await peersAt(pods.pod('node0-0')?.ip)
  const all = wanted.every(index =>
    peers?.some(peer => peer.node_info.id === chain.ids[index] && peer.remote_ip === pods.pod(`node${index}-0`)?.ip),
  )
  return all ? true : undefined
}

async function isSettled({ pods }: Lane): Promise<true | undefined> {
  const page = (await getJson(`http://${pods.pod('node0-0')?.ip}:9469/status`)) as { phase?: string } | undefined
  return page?.phase === 'settled' ? true : undefined
}

async function hasCaughtUp({ pods }: Lane): Promise<true | undefined> {
  const body = await getJson(`http://${pods.pod('node0-0')?.ip}:26657/status`)
  const info = (body as { result?: { sync_info: { catching_up: boolean } } } | undefined)?.result?.sync_info
  return info?.catching_up === false ? true : undefined
}

async function replace(lane: Lane, name: string): Promise<void> {
  const before = await until(`${lane.namespace}: a pod ${name}`, () => lane.pods.pod(name), 120, 50)
  await lane.api.deletePod(lane.namespace, name)
  await until(`${lane.namespace}: another pod ${name}`, () => isAnother(lane, name, before.uid), 120, 50)
}

function isRunning({ pods }: Lane, name: string): true | undefined {
  const pod = pods.pod(name)
  return pod?.running && pod.ip && !pod.deleting ? true : undefined
}

function isAnother({ pods }: Lane, name: string, than: string | undefined): true | undefined {
  const pod = pods.pod(name)
  return pod && pod.uid !== than && pod.running && pod.ip ? true : undefined
}

async function answers({ pods }: Lane, name: string): Promise<true | undefined> {
  const ip = pods.pod(name)?.ip
  return ip && (await reachable(ip, p2pPort, 1000)) ? true : undefined
}

function writeList({ api, namespace, chain, change }: Lane, members: readonly number[]): Promise<void> {
  return api.patchConfigMap(namespace, 'node0-config', { 'config.toml': configOf(chain, 0, change, members) })
}
