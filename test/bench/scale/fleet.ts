// The fleet that the scale bench creates: namespaces, each with a chain of nodes that list each other, their lists and
// Services, and EndpointSlices that no list names. Pods are injected as the webhook would. Pure.
import { createHash } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import { parsePeers } from '../../../peers/formats/index.ts'
import { optIn } from '../../../peers/pod.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import type { NamespaceView, Settings } from '../../../webhook/decide/decision.ts'
import { applyPatch } from '../../../webhook/patch/apply.ts'
import { patchOf } from '../../../webhook/patch/patch.ts'
import { benchConfigMap, benchPod } from '../pod.ts'

export type Fleet = { readonly namespaces: number; readonly podsEach: number; readonly slices: number }
export const fleet: Fleet = { namespaces: 50, podsEach: 20, slices: 5000 }

/** Addresses that an EndpointSlice which nobody lists has. */
const endpointsEach = 10
export const fakeNode = 'kwok-node'
/** kwok gives the pods addresses of this range. */
export const podRange = '10.77.0.0/16'

const settings: Settings = { image: 'registry.example.com/repeer@sha256:0', turns: 'controller', canRestartAll: true }

export type KubernetesObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
} & Readonly<Record<string, unknown>>

/** One node of a chain, and the lists that it is given. */
export type Node = { readonly namespace: string; readonly name: string; readonly index: number }

export const namespaceName = (index: number) => `chain-${String(index).padStart(2, '0')}`
export const configOf = (node: Node) => `${node.name}-config`
export const sharedConfig = 'chain-seeds'
export const sharedKey = 'seeds'
/** The node whose Service has no selector, so that the bench can move its address. */
export const movedIndex = 0

export function nodesIn(namespace: string, { podsEach }: Fleet): Node[] {
  return Array.from({ length: podsEach }, (_, index) => ({ namespace, name: `node${index}`, index }))
}

/** `persistent_peers` of a node: all others of its namespace, and one more entry that tells one edit from the next. */
export function peersText(node: Node, edit: number, { podsEach }: Fleet): string {
  const others = Array.from({ length: podsEach }, (_, index) => index).filter(index => index !== node.index)
  const entries = others.map(index => `${nodeId(node.namespace, index)}@node${index}:26656`)
  return [...entries, `${id(`edit ${node.name} ${edit}`)}@203.0.113.9:26656`].join(',')
}

/** The list that all nodes of a namespace share. */
export function seedsText(namespace: string, edit: number): string {
  return `${id(`seed ${namespace} ${edit}`)}@198.51.100.7:26656`
}

/** config.toml with the list, as long as `cometbft init` makes it. */
export function configText(peers: string): string {
  const [, settings = ''] = (benchConfigMap()['config.toml'] ?? '').split('\n\n[other]\n')
  return `[p2p]\npersistent_peers = "${peers}"\n\n[other]\n${settings}`
}

/** What repeer.dev/peer-hash of a pod with these lists has to be. */
export function hashOf(peers: string, seeds: string): string {
  const read = (text: string, role: 'peer' | 'seed') => parsePeers('cometbft-list', text, { source: 'list', role })
  return peerHash([...read(peers, 'peer'), ...read(seeds, 'seed')])
}

export function namespaceObject(namespace: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
}

export function sharedObject(namespace: string): KubernetesObject {
  return configMap(namespace, sharedConfig, { [sharedKey]: seedsText(namespace, 0) })
}

export function configObject(node: Node, size: Fleet): KubernetesObject {
  return configMap(node.namespace, configOf(node), { 'config.toml': configText(peersText(node, 0, size)) })
}

/** The pod as it would be after the webhook, bound to the fake node. Throws where the webhook would not inject it. */
export function podObject(node: Node, size: Fleet): V1Pod {
  const { namespace, name } = node
  const pod = benchPod()
  const [container] = pod.spec?.containers ?? []
  if (!pod.spec || !container) throw new Error('found no container in the bench pod')
  pod.metadata = { ...pod.metadata, name, namespace, labels: { app: name, 'chain-id': namespace } }
  delete pod.metadata.generateName
  container.env?.push({ name: 'CMT_P2P_SEEDS', valueFrom: { configMapKeyRef: { name: sharedConfig, key: sharedKey } } })
  pod.spec.nodeName = fakeNode
  pod.spec.tolerations = [{ operator: 'Exists' }]
  pod.spec.volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'config', configMap: { name: configOf(node) } },
  ]
  const view: NamespaceView = { name: namespace, labels: { [optIn.label]: optIn.value }, annotations: {} }
  const maps: Readonly<Record<string, Record<string, string>>> = {
    [configOf(node)]: { 'config.toml': configText(peersText(node, 0, size)) },
    [sharedConfig]: { [sharedKey]: seedsText(namespace, 0) },
  }
  const decision = decide({ pod, namespace: view, configMap: name => maps[name] ?? 'absent', settings })
  if (!decision.inject)
    throw new Error(`the webhook would not inject the bench pod: ${decision.reason}, ${decision.message}`)
  const expected = hashOf(peersText(node, 0, size), seedsText(namespace, 0))
  if (decision.peerHash !== expected) {
    throw new Error(
      `the plan of the bench pod: found hash ${decision.peerHash}, expected that of both lists, ${expected}`,
    )
  }
  return applyPatch(pod, patchOf(pod, decision, settings))
}

/** Headless. That of the node whose address the bench moves has no selector: its EndpointSlice is `movedSlice`. */
export function serviceObject(node: Node): KubernetesObject {
  const { namespace, name, index } = node
  const spec = {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    ports: [{ name: 'p2p', port: 26656 }],
    ...(index === movedIndex ? {} : { selector: { app: name } }),
  }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }
}

export const movedSliceName = `node${movedIndex}-moved`

export function movedSlice(namespace: string, address: string): KubernetesObject {
  const labels = { 'kubernetes.io/service-name': `node${movedIndex}`, 'service.kubernetes.io/headless': '', ...managed }
  return slice(namespace, movedSliceName, labels, [address])
}

/**
 * How many EndpointSlices of each namespace belong to no Service that a list names, so that there are as many as asked
 * for.
 */
export function fillersIn({ namespaces, podsEach, slices }: Fleet): number {
  return Math.round(slices / namespaces) - podsEach
}

export function fillerSlice(namespace: string, index: number): KubernetesObject {
  const name = `other-${String(index).padStart(3, '0')}`
  const addresses = Array.from({ length: endpointsEach }, (_, endpoint) => `10.200.${index % 250}.${endpoint + 1}`)
  return slice(namespace, name, { 'kubernetes.io/service-name': `other-${index}`, ...managed }, addresses)
}

/** Nobody's but the bench's: the EndpointSlice controller leaves it alone. */
const managed = { 'endpointslice.kubernetes.io/managed-by': 'scale-bench' }

function slice(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  addresses: readonly string[],
): KubernetesObject {
  const endpoints = addresses.map((address, index) => ({
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: 'node1',
    targetRef: {
      kind: 'Pod',
      namespace,
      name: `${name}-${index}`,
      uid: `00000000-0000-4000-8000-${id(`${namespace}/${name}/${index}`).slice(0, 12)}`,
    },
  }))
  const ports = [{ name: 'p2p', port: 26656, protocol: 'TCP' }]
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels },
    addressType: 'IPv4',
    endpoints,
    ports,
  }
}

/** Tainted, so that pods that have to run stay off it; the annotation is what kwok looks for. */
export function nodeObject(pods: number): KubernetesObject {
  const resources = { cpu: '10000', memory: '100Ti', pods: String(pods * 2) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: fakeNode,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/os': 'linux', type: 'kwok' },
    },
    spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  }
}

function configMap(namespace: string, name: string, data: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }
}

function nodeId(namespace: string, index: number): string {
  return id(`${namespace} node${index}`)
}

/** 40 hex digits, as a CometBFT node's ID has. */
function id(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
