// Nodes that are a few lines of busybox: for scenarios about the process, its container and its pod, in which no chain
// is needed.
import type { V1ContainerStatus, V1JobStatus } from '@kubernetes/client-node'
import { parseState, type SupervisorState } from '../../sidecar/reach/supervisor.ts'
import { busyboxImage, type PodSpec } from './chain.ts'
import { client, exec } from './client.ts'
import { containerStatus, getPod } from './watch.ts'

export type PlainNode = {
  /** Run by busybox sh; other applets as `busybox NAME`. */
  readonly script: string
  /** host:port, comma-separated. */
  readonly peers: string
  readonly container?: Record<string, unknown>
  readonly pod?: Record<string, unknown>
}

/** A pod template's metadata and spec: profile generic, a command to wrap, a list that is fixed. */
export function plainTemplate(app: string, node: PlainNode) {
  const annotations = {
    'repeer.dev/profile': 'generic',
    'repeer.dev/container': 'node',
    'repeer.dev/peers': node.peers,
    'repeer.dev/min-interval': '1s',
    'repeer.dev/settle-seconds': '1',
  }
  const container = {
    name: 'node',
    image: busyboxImage,
    command: ['/bin/busybox', 'sh', '-c', node.script],
    ...node.container,
  }
  const spec: PodSpec = { terminationGracePeriodSeconds: 3, containers: [container], ...node.pod }
  return { metadata: { labels: { app }, annotations }, spec }
}

export function plainPod(namespace: string, name: string, node: PlainNode) {
  const { metadata, spec } = plainTemplate(name, node)
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace }, spec }
}

export function plainJob(namespace: string, name: string, node: PlainNode) {
  const template = plainTemplate(name, { ...node, pod: { restartPolicy: 'Never', ...node.pod } })
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace }, spec: { backoffLimit: 0, template } }
}

export function headlessService(namespace: string, app: string) {
  const spec = {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: { app },
    ports: [{ name: 'p2p', port: 30303 }],
  }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: app, namespace }, spec }
}

/**
 * Runs a line in the node's container, by the shell that wrap has put there: it has busybox's applets even where the
 * image has nothing.
 */
export async function inNode(namespace: string, pod: string, line: string): Promise<string> {
  return exec(namespace, pod, 'node', ['/repeer/wrap/sh', '-c', line])
}

/**
 * Asks the supervisor for a restart past the sidecar, as if it had asked. Throws where it has not made its pipe yet: a
 * file there would be in its way.
 */
export async function askRestart(namespace: string, pod: string, id: string): Promise<void> {
  await inNode(namespace, pod, `[ -p /repeer/control/requests ] && echo "restart ${id}" >/repeer/control/requests`)
}

export async function supervisorState(namespace: string, pod: string): Promise<SupervisorState> {
  const state = parseState(await inNode(namespace, pod, 'cat /repeer/control/state'))
  if (typeof state === 'string') throw new Error(state)
  return state
}

export async function jobStatus(namespace: string, name: string): Promise<V1JobStatus | undefined> {
  return (await client().batch.readNamespacedJob({ namespace, name })).status
}

/** Undefined while the kubelet says nothing of the container. */
export async function nodeStatus(namespace: string, pod: string): Promise<V1ContainerStatus | undefined> {
  return containerStatus(await getPod(namespace, pod), 'node')
}
