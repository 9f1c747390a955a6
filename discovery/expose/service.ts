// The Service of spec.expose as it stands, and what of it a PeerSet applies. Which ports are whose is read from its
// managed fields. Pure.
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import { isDeleting } from '../../kubernetes/object-state.ts'
import { fieldManager, ownerOf, serviceLabel } from '../names.ts'
import type { PeerSet } from '../peer-set.ts'
import type { ExposeSpec } from './spec.ts'

export type ServicePort = {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly targetPort: number | string
}
/** What one PeerSet's manager has applied: ports as PORT/PROTOCOL, names of annotations. */
export type Applied = { readonly ports: readonly string[]; readonly annotations: readonly string[] }

export type ServiceFacts = {
  readonly uid: string
  readonly version: string
  readonly type: string
  readonly selector: Readonly<Record<string, string>>
  readonly deleting: boolean
  readonly labelled: boolean
  readonly families: readonly string[]
  readonly publishNotReady: boolean
  readonly externalTrafficPolicy: string
  readonly loadBalancerClass: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly ports: readonly ServicePort[]
  /** By field manager; of PeerSets only. */
  readonly applied: Readonly<Record<string, Applied>>
  /** UIDs of the PeerSets that own it: it was created for the first of them. */
  readonly owners: readonly string[]
  /** Of its load balancer: addresses or names. */
  readonly addresses: readonly string[]
}

/** A port of ours, as it is applied. `chainId`: undefined where the chain has no pods any more. */
export type ExposedPort = {
  readonly chainId: string | undefined
  readonly name: string
  readonly port: number
  readonly targetPort: number | string
}

/** What is kept of a raw Service. Never throws. */
export function readService(object: ApiObject): ServiceFacts {
  const { metadata, spec, status } = object as RawService
  const applied = (metadata?.managedFields ?? []).flatMap(({ manager = '', operation, subresource, fieldsV1 }) =>
    manager.startsWith(`${fieldManager}/`) && operation === 'Apply' && !subresource
      ? [[manager, readApplied(fieldsV1)] as const]
      : [],
  )
  return {
    uid: metadata?.uid ?? '',
    version: metadata?.resourceVersion ?? '0',
    type: spec?.type ?? 'ClusterIP',
    selector: spec?.selector ?? {},
    deleting: isDeleting(metadata),
    labelled: metadata?.labels?.[serviceLabel.name] === serviceLabel.value,
    families: spec?.ipFamilies ?? ['IPv4'],
    publishNotReady: spec?.publishNotReadyAddresses ?? false,
    externalTrafficPolicy: spec?.externalTrafficPolicy ?? 'Cluster',
    loadBalancerClass: spec?.loadBalancerClass,
    annotations: metadata?.annotations ?? {},
    ports: (spec?.ports ?? []).map(({ name = '', port = 0, protocol = 'TCP', targetPort = port }) => ({
      name,
      port,
      protocol,
      targetPort,
    })),
    applied: Object.fromEntries(applied),
    owners: (metadata?.ownerReferences ?? []).flatMap(({ kind, uid }) => (kind === 'PeerSet' && uid ? [uid] : [])),
    addresses: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  }
}

/**
 * Why ports cannot be added to it; undefined where they can.
 * @param selected how many pods its selector matches
 */
export function unfitService({ type, deleting }: ServiceFacts, selected: number): string | undefined {
  if (deleting) return 'it is being deleted'
  if (type !== 'LoadBalancer') return `found type ${type}, expected LoadBalancer`
  // The EndpointSlice controller makes slices beside ours, and every port would lead to all pods of the selector.
  return selected === 0
    ? undefined
    : `found a selector that matches ${selected} pods, expected none, or one that matches no pod: each port leads to the pods of one chain`
}

/** What is odd about a Service that can be used all the same: the ICS operator's chart makes such a one. */
export function serviceNotes({ selector, ports }: ServiceFacts): string[] {
  const texts = Object.entries(selector).map(([name, value]) => `${name}=${value}`)
  const idle = ports.filter(({ name, targetPort }) => name.startsWith('placeholder') || targetPort === 1)
  return [
    ...(texts.length > 0
      ? [`its selector ${texts.join(',')} matches no pod, and nothing may be exposed by it once it does`]
      : []),
    ...idle.map(
      ({ name, port }) =>
        `its port ${name || 'unnamed'} ${port} leads nowhere; the load balancer opens it all the same`,
    ),
  ]
}

export function portKey({ port, protocol = 'TCP' }: { readonly port: number; readonly protocol?: string }): string {
  return `${port}/${protocol}`
}

/**
 * Whether it was, or is to be, created for PeerSets: then its type and policy are theirs too, and it goes with the last
 * of them.
 */
export function isCreated(current: ServiceFacts | undefined): boolean {
  return current === undefined || current.owners.length > 0
}

/** What is applied: of a Service that somebody else has created, the label, annotations and ports only. */
export function serviceBody(
  set: Pick<PeerSet, 'namespace' | 'name' | 'uid'>,
  spec: ExposeSpec,
  ports: readonly ExposedPort[],
  current: ServiceFacts | undefined,
): object {
  const { service, annotations, externalTrafficPolicy, loadBalancerClass } = spec
  const own = isCreated(current)
  const desired = {
    ...(own
      ? {
          type: 'LoadBalancer',
          externalTrafficPolicy,
          ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
        }
      : {}),
    ...(ports.length > 0
      ? { ports: ports.map(({ name, port, targetPort }) => ({ name, port, protocol: 'TCP', targetPort })) }
      : {}),
  }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: service,
      namespace: set.namespace,
      labels: { [serviceLabel.name]: serviceLabel.value },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(own ? { ownerReferences: [ownerOf(set)] } : {}),
    },
    ...(Object.keys(desired).length > 0 ? { spec: desired } : {}),
  }
}

/** Whether applying it would change nothing. */
export function isApplied(
  set: Pick<PeerSet, 'uid'>,
  manager: string,
  spec: ExposeSpec,
  ports: readonly ExposedPort[],
  current: ServiceFacts,
): boolean {
  const has = current.applied[manager] ?? { ports: [], annotations: [] }
  // Nothing is ours and nothing shall be: a Service that is not used is left alone.
  if (ports.length === 0 && has.ports.length === 0) return true
  const names = Object.keys(spec.annotations)
  const own =
    !isCreated(current) ||
    (current.owners.includes(set.uid) &&
      current.externalTrafficPolicy === spec.externalTrafficPolicy &&
      current.loadBalancerClass === spec.loadBalancerClass)
  return (
    own &&
    current.labelled &&
    sameNames(has.ports, ports.map(portKey)) &&
    sameNames(has.annotations, names) &&
    names.every(name => current.annotations[name] === spec.annotations[name]) &&
    ports.every(desired =>
      current.ports.some(
        ({ name, port, protocol, targetPort }) =>
          protocol === 'TCP' && port === desired.port && name === desired.name && targetPort === desired.targetPort,
      ),
    )
  )
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(item => b.includes(item))
}

/**
 * FieldsV1: keys of a list map are `k:` and the JSON of the key, fields `f:` and the name (Kubernetes, "Server-Side
 * Apply").
 */
function readApplied(fields: RawFields | undefined): Applied {
  const ports = Object.keys(fields?.['f:spec']?.['f:ports'] ?? {}).flatMap(key => {
    const { port, protocol } = keyIn(key) ?? {}
    return port === undefined ? [] : [portKey({ port, ...(protocol === undefined ? {} : { protocol }) })]
  })
  const annotations = Object.keys(fields?.['f:metadata']?.['f:annotations'] ?? {}).flatMap(key =>
    key.startsWith('f:') ? [key.slice(2)] : [],
  )
  return { ports: ports.sort(), annotations: annotations.sort() }
}

/** Undefined for what is no key of a port: `.`, which stands for the list itself. */
function keyIn(field: string): { readonly port?: number; readonly protocol?: string } | null | undefined {
  try {
    return JSON.parse(field.replace(/^k:/, ''))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

type RawFields = {
  readonly 'f:spec'?: { readonly 'f:ports'?: Readonly<Record<string, unknown>> }
  readonly 'f:metadata'?: { readonly 'f:annotations'?: Readonly<Record<string, unknown>> }
}
type RawService = {
  readonly metadata?: ApiObject['metadata'] & {
    readonly uid?: string
    readonly deletionTimestamp?: unknown
    readonly ownerReferences?: readonly { readonly kind?: string; readonly uid?: string }[] | null
    readonly managedFields?:
      | readonly {
          readonly manager?: string
          readonly operation?: string
          readonly subresource?: string
          readonly fieldsV1?: RawFields
        }[]
      | null
  }
  readonly spec?: {
    readonly type?: string
    readonly selector?: Readonly<Record<string, string>> | null
    readonly ipFamilies?: readonly string[]
    readonly publishNotReadyAddresses?: boolean
    readonly externalTrafficPolicy?: string
    readonly loadBalancerClass?: string
    readonly ports?:
      | readonly {
          readonly name?: string
          readonly port?: number
          readonly protocol?: string
          readonly targetPort?: number | string
        }[]
      | null
  }
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] | null
    }
  }
}
