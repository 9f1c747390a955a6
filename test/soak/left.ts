// What a soak might leave behind: objects, marks on objects that are not ours, annotations of pods, files, processes.
import { readdirSync } from 'node:fs'
import { annotation, volumeName } from '../../peers/pod.ts'
import { podRoom } from '../chaos/pod-folders.ts'
import { nodeProcesses, ownProcesses } from '../chaos/processes.ts'
import { kubectl } from '../testbed/install.ts'
import { type Pod, until } from '../testbed/watch.ts'

const prefix = 'repeer.dev/'

/** Those that come and go with pods are not among them. */
const kinds = [
  ...['namespaces', 'configmaps', 'secrets', 'services', 'serviceaccounts', 'deployments', 'statefulsets', 'leases'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'poddisruptionbudgets', 'networkpolicies'],
  ...['mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'customresourcedefinitions'],
]

/** Of the whole cluster, as `Kind namespace/name`. */
export function allObjects(): Set<string> {
  const row = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}'
  return new Set(kubectl('get', kinds.join(','), '-A', '-o', `jsonpath=${row}`).trim().split('\n'))
}

/** Both ways: what has come, and what is gone. */
export function differences(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  return [
    ...[...after].filter(name => !before.has(name)).map(name => `${name} has come`),
    ...[...before].filter(name => !after.has(name)).map(name => `${name} is gone`),
  ]
}

type Marked = { kind: string; metadata: { name: string; labels?: object; annotations?: Record<string, string> } }

/** Labels and annotations of ours on what is not a pod of the namespace. */
export function marks(namespace: string): string[] {
  const text = kubectl('-n', namespace, 'get', 'configmaps,secrets,services,statefulsets,endpointslices', '-o', 'json')
  return (JSON.parse(text) as { items: Marked[] }).items.flatMap(({ kind, metadata }) => {
    // What `kubectl apply` remembers of the test's own pod templates.
    const names = Object.keys({ ...metadata.labels, ...metadata.annotations }).filter(name => name.startsWith(prefix))
    return names.map(name => `${kind} ${metadata.name} has ${name}`)
  })
}

/** Of a pod that has nothing left to do: its present state and what it was last given, and no word of waiting. */
export function annotationsLeft({ metadata }: Pod, ownWords: readonly string[]): string[] {
  const { plan, status, peerHash, endpoints, turn, turnGrantedAt, nudge, inject } = annotation
  const expected = [plan, status, peerHash, endpoints, turn, turnGrantedAt, nudge, inject, ...ownWords]
  return Object.keys(metadata.annotations ?? {})
    .filter(name => name.startsWith(prefix) && !(expected as string[]).includes(name))
    .map(name => `pod ${metadata.name} has ${name}`)
}

/** Names below the volumes that the sidecar and the supervisor write to. */
export function filesOf(uid: string): Set<string> {
  const volumes = [volumeName.state, volumeName.control, volumeName.wrap]
  return new Set(
    volumes.flatMap(volume =>
      readdirSync(podRoom(uid, volume), { recursive: true, encoding: 'utf8' }).map(name => `${volume}/${name}`),
    ),
  )
}

/** Files on their way to another name, which nobody took there; those of two looks, so that none is amid a write. */
export function strayFiles(first: ReadonlySet<string>, second: ReadonlySet<string>): string[] {
  return [...first].filter(name => second.has(name) && /\/\.[^/]*$|\.(?:next|new|tmp)$|memory\.broken/.test(name))
}

/** Processes of pods that are no more; waits 20 s for them. */
export async function strayProcesses(): Promise<string[]> {
  const left = () => [...nodeProcesses(), ...ownProcesses('sidecar')]
  await until('no process of a node or a sidecar is left', 20, () => left().length === 0).catch(() => undefined)
  return left().map(({ pid, args }) => `process ${pid} ${args.slice(0, 3).join(' ')}`)
}
