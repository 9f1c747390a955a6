// The pod as decide reads it: every list a list, every string a string. What an API server sends has these shapes
// already; a file given to `repeer explain`, or a hostile request, may not. Whatever has the wrong type counts as
// absent, so that no later step has to ask.

import { present } from '../../../peers/present.ts'
import { type Allowance, allowanceFor, type Effort } from '../../shell/index.ts'
import type { ConfigMapView } from '../decision.ts'

/** A key of a ConfigMap or Secret, at the path at which a volume shows it. */
export type VolumeItem = { readonly key: string; readonly path: string }

/** One ConfigMap or Secret behind a volume; without `items` the volume shows all of its keys. */
export type VolumeOrigin = {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly items?: readonly VolumeItem[]
}

export type EnvView = {
  readonly name: string
  readonly value?: string
  readonly from?: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly key: string }
  /** valueFrom.fieldRef.fieldPath */
  readonly field?: string
}

export type EnvFromView = { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly prefix: string }

export type MountView = {
  readonly volume: string
  readonly mountPath: string
  readonly subPath?: string
  readonly subPathExpr?: string
}

export type PortView = { readonly name: string; readonly number: number; readonly protocol: string }

/** How the kubelet asks a container whether it is well, where that names a TCP port of the pod. */
export type ProbeView =
  /** `port` is a number, or the name of one of the container's ports. */
  | { readonly by: 'http'; readonly path: string; readonly port: number | string }
  | { readonly by: 'exec'; readonly command: readonly string[] }

export type ContainerView = {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly env: readonly EnvView[]
  readonly envFrom: readonly EnvFromView[]
  readonly mounts: readonly MountView[]
  readonly ports: readonly PortView[]
  readonly runAsUser?: number
  readonly runAsNonRoot?: boolean
  readonly restartPolicy?: string
  /** failureThreshold x periodSeconds of the liveness probe. */
  readonly livenessSeconds?: number
  /** Startup, readiness and liveness probe, as far as they are there. */
  readonly probes: readonly ProbeView[]
  /** What its command is evaluated against: see command-line.ts. */
  readonly around: Around
}

/** What a container's commands and files come from besides its own fields. One object for a pod. */
export type Around = {
  readonly pod: () => PodView
  readonly configMap: (name: string) => ConfigMapView
  /** What the pod's scripts may still cost. */
  readonly allowance: Allowance
}

export type PodView = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerKinds: readonly string[]
  readonly containers: readonly ContainerView[]
  readonly initContainers: readonly ContainerView[]
  /** By volume name; a volume without ConfigMaps and Secrets has no origins. */
  readonly volumes: ReadonlyMap<string, readonly VolumeOrigin[]>
  readonly restartPolicy: string
  readonly shareProcessNamespace?: boolean
  readonly hostPID: boolean
  readonly hostNetwork: boolean
  readonly runAsUser?: number
  readonly runAsNonRoot?: boolean
  readonly graceSeconds: number
  readonly os: string
}

/** The liveness probe's and the pod's defaults: the Kubernetes API reference. */
const probeDefault = { periodSeconds: 10, failureThreshold: 3 } as const
const defaultGraceSeconds = 30

/**
 * Reads a pod of any shape; never throws anything but TooDear, where the effort is light. `configMap` gives the
 * ConfigMaps whose scripts and values its commands use.
 */
export function viewPod(
  pod: unknown,
  configMap: (name: string) => ConfigMapView = () => 'unknown',
  effort: Effort = 'full',
): PodView {
  const metadata = record(record(pod)['metadata'])
  const spec = record(record(pod)['spec'])
  const security = record(spec['securityContext'])
  const around: Around = { pod: () => view, configMap, allowance: allowanceFor(effort) }
  const view: PodView = {
    name: text(metadata['name']),
    labels: texts(metadata['labels']),
    annotations: texts(metadata['annotations']),
    ownerKinds: records(metadata['ownerReferences']).map(owner => text(owner['kind'])),
    containers: records(spec['containers']).map(container => viewContainer(container, around)),
    initContainers: records(spec['initContainers']).map(container => viewContainer(container, around)),
    volumes: new Map(records(spec['volumes']).map(volume => [text(volume['name']), origins(volume)])),
    restartPolicy: text(spec['restartPolicy']) || 'Always',
    ...present('shareProcessNamespace', truth(spec['shareProcessNamespace'])),
    hostPID: spec['hostPID'] === true,
    hostNetwork: spec['hostNetwork'] === true,
    ...present('runAsUser', whole(security['runAsUser'])),
    ...present('runAsNonRoot', truth(security['runAsNonRoot'])),
    graceSeconds: whole(spec['terminationGracePeriodSeconds']) ?? defaultGraceSeconds,
    os: text(record(spec['os'])['name']) || texts(spec['nodeSelector'])['kubernetes.io/os'] || '',
  }
  return view
}

function viewContainer(container: Fields, around: Around): ContainerView {
  const security = record(container['securityContext'])
  return {
    name: text(container['name']),
    image: text(container['image']),
    command: words(container['command']),
    args: words(container['args']),
    env: records(container['env']).map(viewEnv),
    envFrom: records(container['envFrom']).flatMap(viewEnvFrom),
    mounts: records(container['volumeMounts']).map(mount => ({
      volume: text(mount['name']),
      mountPath: text(mount['mountPath']),
      ...present('subPath', text(mount['subPath']) || undefined),
      ...present('subPathExpr', text(mount['subPathExpr']) || undefined),
    })),
    ports: records(container['ports']).flatMap(port => {
      const number = whole(port['containerPort'])
      return number === undefined
        ? []
        : [{ name: text(port['name']), number, protocol: text(port['protocol']) || 'TCP' }]
    }),
    ...present('runAsUser', whole(security['runAsUser'])),
    ...present('runAsNonRoot', truth(security['runAsNonRoot'])),
    ...present('restartPolicy', text(container['restartPolicy']) || undefined),
    ...present('livenessSeconds', patience(container['livenessProbe'])),
    probes: ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap(name => viewProbe(container[name])),
    around,
  }
}

function viewEnv(env: Fields): EnvView {
  const from = record(env['valueFrom'])
  const key = keyRef('ConfigMap', from['configMapKeyRef']) ?? keyRef('Secret', from['secretKeyRef'])
  return {
    name: text(env['name']),
    ...present('value', typeof env['value'] === 'string' ? env['value'] : undefined),
    ...present('from', key),
    ...present('field', text(record(from['fieldRef'])['fieldPath']) || undefined),
  }
}

function keyRef(kind: 'ConfigMap' | 'Secret', ref: unknown): EnvView['from'] | undefined {
  const name = text(record(ref)['name'])
  const key = text(record(ref)['key'])
  return name && key ? { kind, name, key } : undefined
}

function viewEnvFrom(from: Fields): EnvFromView[] {
  const prefix = text(from['prefix'])
  const configMap = text(record(from['configMapRef'])['name'])
  const secret = text(record(from['secretRef'])['name'])
  if (configMap) return [{ kind: 'ConfigMap', name: configMap, prefix }]
  return secret ? [{ kind: 'Secret', name: secret, prefix }] : []
}

function origins(volume: Fields): VolumeOrigin[] {
  const projected = records(record(volume['projected'])['sources'])
  return [
    ...origin('ConfigMap', volume['configMap'], 'name'),
    ...origin('Secret', volume['secret'], 'secretName'),
    ...projected.flatMap(source => [
      ...origin('ConfigMap', source['configMap'], 'name'),
      ...origin('Secret', source['secret'], 'name'),
    ]),
  ]
}

function origin(kind: 'ConfigMap' | 'Secret', value: unknown, nameField: string): VolumeOrigin[] {
  const fields = record(value)
  const name = text(fields[nameField])
  if (!name) return []
  const items = records(fields['items']).flatMap(item => {
    const key = text(item['key'])
    return key ? [{ key, path: text(item['path']) || key }] : []
  })
  return [Array.isArray(fields['items']) && items.length > 0 ? { kind, name, items } : { kind, name }]
}

function patience(probe: unknown): number | undefined {
  if (probe === null || typeof probe !== 'object') return undefined
  const fields = record(probe)
  const period = whole(fields['periodSeconds']) || probeDefault.periodSeconds
  return period * (whole(fields['failureThreshold']) || probeDefault.failureThreshold)
}

function viewProbe(value: unknown): ProbeView[] {
  const { httpGet, exec } = record(value)
  const get = record(httpGet)
  const port = whole(get['port']) ?? text(get['port'])
  // A probe of another host asks no process of this pod.
  if (port !== '') return text(get['host']) === '' ? [{ by: 'http', path: text(get['path']) || '/', port }] : []
  const command = words(record(exec)['command'])
  return command.length > 0 ? [{ by: 'exec', command }] : []
}

type Fields = Readonly<Record<string, unknown>>
const nothing: Fields = Object.freeze({})

function record(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : nothing
}

function records(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(item => item !== null && typeof item === 'object').map(record) : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : []
}

function texts(value: unknown): Record<string, string> {
  const entries = Object.entries(record(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function truth(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}
