// A PeerSet (repeer.dev/v1alpha1) as the controller reads it. The schema in manifests/base/peersets-crd.yaml has
// validated it; what is read here is checked all the same, since a cluster can have another version of the schema.
// Pure.
import { isDeleting } from '../kubernetes/object-state.ts'
import { type FieldProblem, Fields } from '../peers/fields.ts'
import { isForAll } from '../peers/peer-set/delivering.ts'
import { type Delivery, readDelivery } from '../peers/peer-set/delivery.ts'
import { type OutputSpec, readOutput } from '../peers/peer-set/output.ts'

export const sourceKinds = ['services', 'pods', 'stellarNodes', 'validators', 'static'] as const
export type SourceKind = (typeof sourceKinds)[number]

/** metav1.LabelSelector, as the text of a query. */
export type Selector = string
/** Names of namespaces, or `*` for all that share their peers with the PeerSet's own. Default: its own. */
export type Namespaces = readonly string[]
/** By name, or by number; undefined: one named p2p, or the only one. */
export type PortChoice = string | number | undefined
export type IdFrom = { readonly label: string } | { readonly annotation: string }
export const serviceAddresses = ['Name', 'ClusterIP', 'Endpoints', 'LoadBalancer'] as const
/** A TCP connect before a peer is listed; undefined: none. */
export type HealthCheck = { readonly timeoutMs: number } | undefined

export type ServicesSpec = {
  readonly selector: Selector
  readonly namespaces: Namespaces
  readonly address: (typeof serviceAddresses)[number]
  readonly port: PortChoice
  readonly idFrom: IdFrom
}
export type PodsSpec = {
  readonly selector: Selector
  readonly namespaces: Namespaces
  readonly port: PortChoice
  readonly idFrom: IdFrom
  readonly healthCheck: HealthCheck
  /** How long who is not Ready, or does not answer, stays listed. */
  readonly keepMs: number
}
export type StellarNodesSpec = {
  /** Empty: all. */
  readonly selector: Selector
  readonly namespaces: Namespaces
  readonly healthCheck: HealthCheck
  readonly keepMs: number
  /** Of nodes that state none. */
  readonly port: number
}
export type SourceSpec =
  | { readonly kind: 'services'; readonly services: ServicesSpec }
  | { readonly kind: 'pods'; readonly pods: PodsSpec }
  | { readonly kind: 'stellarNodes'; readonly stellarNodes: StellarNodesSpec }
  /** Read by its own source. */
  | { readonly kind: 'validators'; readonly validators: unknown }
  | { readonly kind: 'static'; readonly peers: readonly string[] }

export type { OutputSpec } from '../peers/peer-set/output.ts'

/** The pods that the list is for: as the webhook decides it, and as a query. */
export type DeliverSpec = Delivery & { readonly query: Selector }

export type Exclude = {
  readonly ids: readonly string[]
  readonly hosts: readonly string[]
  readonly names: readonly string[]
}

export type PeerSetSpec = {
  readonly source: SourceSpec
  readonly output: OutputSpec
  readonly deliver: DeliverSpec | undefined
  readonly exclude: Exclude
  /** [ID@]HOST:PORT, beside what the source finds. */
  readonly additional: readonly string[]
  readonly limit: number
  /** Fewer are not written. */
  readonly minPeers: number
  readonly allowPrivate: boolean
  readonly intervalMs: number
  /** Read by whoever exposes. */
  readonly expose: unknown
}

export const conditionTypes = ['Ready', 'SourceHealthy', 'Written', 'Delivered', 'Exposed'] as const
export type Condition = {
  readonly type: (typeof conditionTypes)[number]
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  /** RFC 3339. */
  readonly lastTransitionTime: string
}

export type PeerSetStatus = {
  readonly observedGeneration?: number
  readonly source?: string
  readonly conditions?: readonly Condition[]
  /** In the list as it stands in the ConfigMap. */
  readonly peers?: number
  readonly hash?: string
  readonly lastChange?: string
  readonly lastSuccess?: string
  /** With a list for each consumer: of each, its place and how long it is. */
  readonly consumers?: readonly ConsumerStatus[]
  readonly problems?: readonly { readonly code: string; readonly subject: string; readonly message: string }[]
}

export type ConsumerStatus = {
  readonly consumerId: string
  readonly chainId: string
  readonly namespace: string
  readonly configMap: string
  readonly key: string
  readonly peers: number
}

export type PeerSet = {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly deleting: boolean
  /** Or what is wrong with it. */
  readonly spec: PeerSetSpec | { readonly invalid: string }
  readonly status: PeerSetStatus
}

export const limits = {
  most: 1000,
  defaultLimit: 200,
  intervalMs: 30_000,
  minIntervalMs: 5_000,
  maxIntervalMs: 3_600_000,
} as const
const defaultId: IdFrom = { label: 'node-id' }
const defaultProbeSeconds = 2
/** DEFAULT_PEER_PORT of stellar-core. */
const stellarPort = 11_625
/** Longer than most nodes take to restart in place. */
const defaultKeepSeconds = 60
const durationUnits: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** What is kept of a raw PeerSet; undefined for what is no object of the API. Never throws. */
export function readPeerSet(object: unknown): PeerSet | undefined {
  const { metadata, spec, status } = (object ?? {}) as Raw
  const { namespace, name, uid, generation } = metadata ?? {}
  if (!namespace || !name || !uid) return undefined
  return {
    namespace,
    name,
    uid,
    generation: generation ?? 0,
    deleting: isDeleting(metadata),
    spec: readSpec(spec, namespace),
    status: typeof status === 'object' && status !== null ? (status as PeerSetStatus) : {},
  }
}

/** Never throws. */
export function readSpec(spec: unknown, namespace: string): PeerSetSpec | { readonly invalid: string } {
  const problems: FieldProblem[] = []
  const fields = new Fields(spec, 'spec', problems)
  const read: PeerSetSpec = {
    source: readSource(fields.object('source'), namespace),
    output: readOutput(fields.object('output'), namespace, isForAll(fields.get('source'))),
    deliver: readDeliver(optionalObject(fields, 'deliver')),
    exclude: readExclude(optionalObject(fields, 'exclude')),
    additional: strings(fields, 'additional'),
    limit: fields.number('limit', 1, limits.most, 'integer', 'optional') ?? limits.defaultLimit,
    minPeers: fields.number('minPeers', 0, limits.most, 'integer', 'optional') ?? 1,
    allowPrivate: fields.get('allowPrivate') === true,
    intervalMs: readInterval(fields),
    expose: fields.get('expose'),
  }
  const [first] = problems
  if (!first) return read
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return { invalid: `${first.path}: found ${first.found}, expected ${first.expected}${more}` }
}

function readSource(fields: Fields, namespace: string): SourceSpec {
  const kinds = sourceKinds.filter(kind => fields.has(kind))
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    fields.problem('', kinds.join(' and ') || 'none', `exactly one of ${sourceKinds.join(', ')}`)
    return { kind: 'static', peers: [] }
  }
  if (kind === 'validators') return { kind, validators: fields.get('validators') }
  const named = fields.object(kind)
  if (kind === 'static') return { kind, peers: strings(named, 'peers') }
  const namespaces = strings(named, 'namespaces')
  const scope = { selector: readSelector(named), namespaces: namespaces.length === 0 ? [namespace] : namespaces }
  if (kind === 'stellarNodes') {
    const port = named.number('port', 1, 65_535, 'integer', 'optional') ?? stellarPort
    return { kind, stellarNodes: { ...scope, ...readHealth(named), port } }
  }
  if (scope.selector === '') named.problem('selector', 'one that selects everything', 'matchLabels or matchExpressions')
  const choice = { ...scope, port: readPort(named), idFrom: readIdFrom(named) }
  if (kind === 'pods') return { kind, pods: { ...choice, ...readHealth(named) } }
  const address = named.has('address') ? (named.oneOf('address', serviceAddresses) ?? 'Name') : 'Name'
  return { kind, services: { ...choice, address } }
}

function readDeliver(fields: Fields | undefined): DeliverSpec | undefined {
  return fields && { ...readDelivery(fields), query: readSelector(fields, 'podSelector') }
}

function readExclude(fields: Fields | undefined): Exclude {
  const of = (name: string) => (fields ? strings(fields, name).map(text => text.toLowerCase()) : [])
  return { ids: of('ids'), hosts: of('hosts'), names: fields ? strings(fields, 'names') : [] }
}

/** 30s, 5m, 1h30m. */
function readInterval(fields: Fields): number {
  const found = fields.matching('interval', /^(\d{1,5}[smh])+$/, 'a duration such as 30s', 'optional')
  if (found === undefined) return limits.intervalMs
  const parts = [...found.matchAll(/(\d{1,5})([smh])/g)]
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (durationUnits[unit] ?? 0), 0)
  return Math.min(limits.maxIntervalMs, Math.max(limits.minIntervalMs, ms))
}

export function readPort(fields: Fields, field = 'port'): PortChoice {
  const port = fields.get(field)
  if (port === undefined) return undefined
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536) return port
  if (typeof port === 'string' && /^[a-z0-9-]{1,63}$/.test(port)) return port
  return fields.problem(field, JSON.stringify(port), 'the name of a port, or a number from 1 to 65535')
}

function readIdFrom(fields: Fields): IdFrom {
  const from = optionalObject(fields, 'idFrom')
  if (!from) return defaultId
  const label = text(from, 'label')
  const annotation = text(from, 'annotation')
  if (label !== undefined && annotation === undefined) return { label }
  if (annotation !== undefined && label === undefined) return { annotation }
  from.problem('', label === undefined ? 'neither' : 'both', 'label or annotation')
  return defaultId
}

function readHealth(fields: Fields): { readonly healthCheck: HealthCheck; readonly keepMs: number } {
  const keepSeconds = fields.number('keepUnreadySeconds', 0, 3600, 'integer', 'optional') ?? defaultKeepSeconds
  return { healthCheck: readHealthCheck(fields), keepMs: keepSeconds * 1000 }
}

function readHealthCheck(fields: Fields): HealthCheck {
  const check = optionalObject(fields, 'healthCheck')
  if (!check) return undefined
  return { timeoutMs: (check.number('timeoutSeconds', 1, 10, 'integer', 'optional') ?? defaultProbeSeconds) * 1000 }
}

/** As the API server takes it in a query; '' where there is none, or an empty one. */
export function readSelector(fields: Fields, field = 'selector'): Selector {
  const selector = optionalObject(fields, field)
  if (!selector) return ''
  const labels = selector.get('matchLabels')
  const equal = Object.entries(typeof labels === 'object' && labels !== null ? labels : {}).map(
    ([name, value]) => `${name}=${String(value)}`,
  )
  const expressions = (
    selector.has('matchExpressions') ? selector.array('matchExpressions') : []
  ) as readonly Expression[]
  return [
    ...equal,
    ...expressions.map(({ key = '', operator, values = [] }) => {
      if (operator === 'Exists') return key
      if (operator === 'DoesNotExist') return `!${key}`
      return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${values.join(',')})`
    }),
  ].join(',')
}

function optionalObject(fields: Fields, name: string): Fields | undefined {
  return fields.has(name) ? fields.object(name) : undefined
}

function text(fields: Fields, name: string): string | undefined {
  return fields.value(name, 'a text', (value): value is string => typeof value === 'string' && value !== '', 'optional')
}

function strings(fields: Fields, name: string): readonly string[] {
  const isStrings = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every(item => typeof item === 'string')
  return fields.value(name, 'a list of texts', isStrings, 'optional') ?? []
}

type Expression = { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }
type Raw = {
  readonly metadata?: {
    readonly namespace?: string
    readonly name?: string
    readonly uid?: string
    readonly generation?: number
    readonly deletionTimestamp?: unknown
  }
  readonly spec?: unknown
  readonly status?: unknown
}
