// Looks at a mesh until it is told to stop: its processes ten times a second, which costs no request, and what pods,
// pages and nodes say once a second.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mesh } from '../testbed/mesh.ts'
import { getPod, heightAt, listPods, netInfoAt, pageAt } from '../testbed/watch.ts'
import type { Foreign, NodeSight, Processes, Sight } from './oracle.ts'
import { nodeProcesses } from './processes.ts'

/** A restart takes a process away for 0.1 s and more. */
const processEveryMs = 100
const lookEveryMs = 1000

export type Watch = {
  readonly sights: Sight[]
  readonly processes: Processes[]
  stop(): Promise<void>
}

const nameOf = (index: number) => `node${index}-0`

/** A node's last known pod stays its own while the API server does not answer. */
const pods = new Map<string, { uid: string; ip: string | undefined }>()

async function podOf(namespace: string, name: string) {
  const key = `${namespace}/${name}`
  const answer = Promise.race([getPod(namespace, name), sleep(1500).then(() => undefined)])
  const pod = await answer.catch(() => undefined)
  if (pod) pods.set(key, { uid: pod.metadata.uid, ip: pod.status.podIP })
  return pods.get(key)
}

async function nodeSight(namespace: string, index: number): Promise<NodeSight> {
  const pod = await podOf(namespace, nameOf(index))
  if (!pod?.ip) return {}
  const [page, net, height] = await Promise.all([pageAt(pod.ip), netInfoAt(pod.ip), heightAt(pod.ip)])
  return {
    uid: pod.uid,
    ...(page ? { restarts: page.restarts, phase: page.phase } : {}),
    ...(net ? { connected: new Map(net.peers.map(peer => [peer.node_info.id, peer.remote_ip])) } : {}),
    ...(height >= 0 ? { height } : {}),
  }
}

export async function look({ namespace }: Mesh, of: readonly number[]): Promise<Sight> {
  const nodes = of.map(async index => [nameOf(index), await nodeSight(namespace, index)] as const)
  return { atMs: performance.now(), nodes: new Map(await Promise.all(nodes)) }
}

/** Where each node's pod is now, by the node's ID. */
export async function presentAddresses({ namespace, chain }: Mesh): Promise<Map<string, string>> {
  const found = chain.ids.map(async (id, index) => [id, (await podOf(namespace, nameOf(index)))?.ip ?? 'none'] as const)
  return new Map(await Promise.all(found))
}

function lookAtProcesses(namespace: string, of: readonly number[], names: Map<string, string>): Processes {
  for (const index of of) {
    const uid = pods.get(`${namespace}/${nameOf(index)}`)?.uid
    if (uid) names.set(uid, nameOf(index))
  }
  const byNode = new Map<string, string[]>(of.map(index => [nameOf(index), []]))
  for (const { pid, start, podUid = '' } of nodeProcesses())
    byNode.get(names.get(podUid) ?? '')?.push(`${pid}:${start}`)
  return { atMs: performance.now(), byNode }
}

/** Has one look of each kind before it returns. */
export async function watch(mesh: Mesh, of: readonly number[]): Promise<Watch> {
  const names = new Map<string, string>()
  const sights = [await look(mesh, of)]
  const processes = [lookAtProcesses(mesh.namespace, of, names)]
  let stopped = false
  const every = async (ms: number, act: () => Promise<void> | void) => {
    while (!stopped) {
      await sleep(ms)
      await act()
    }
  }
  const done = Promise.all([
    every(lookEveryMs, async () => void sights.push(await look(mesh, of))),
    every(processEveryMs, () => void processes.push(lookAtProcesses(mesh.namespace, of, names))),
  ])
  return {
    sights,
    processes,
    stop: async () => {
      stopped = true
      await done
    },
  }
}

/** Everything of pods that repeer has no business with. */
export async function foreignPods(namespace: string): Promise<Foreign> {
  return new Map(
    (await listPods(namespace)).map(({ metadata, spec, status }) => [
      `${namespace}/${metadata.name}`,
      JSON.stringify({
        uid: metadata.uid,
        annotations: metadata.annotations,
        containers: spec.containers.map(container => container.name),
        restarts: status.containerStatuses?.map(container => container.restartCount),
      }),
    ]),
  )
}
