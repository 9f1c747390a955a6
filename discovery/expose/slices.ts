// EndpointSlices behind the Service: for each chain its own, with the name of its port, so that each port leads to one
// chain's pods only. The controller deletes nothing: a slice that is not wanted any more is emptied, and goes with its
// PeerSet. Pure.
import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import { serviceLabel as ofService } from '../../kubernetes/slices.ts'
import { ownerOf, peerSetLabel, sliceManager } from '../names.ts'
import type { PeerSet } from '../peer-set.ts'
import type { Chain, Endpoint } from './chains.ts'
import type { ExposedPort, ServiceFacts } from './service.ts'

export type SliceEndpoint = {
  readonly address: string
  readonly nodeName: string | undefined
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly namespace: string
  readonly name: string
  readonly uid: string
}
export type ExposedSlice = {
  readonly name: string
  readonly peerSet: string
  readonly service: string
  readonly family: string
  readonly portName: string
  readonly port: number
  readonly endpoints: readonly SliceEndpoint[]
}
export type KnownSlice = ExposedSlice & { readonly version: string; readonly owners: readonly string[] }

/** The API takes no more in one slice. */
const maxEndpoints = 1000

/** Those that are wanted; one for each chain, family and pods' port. */
export function desiredSlices(
  set: Pick<PeerSet, 'name'>,
  service: string,
  ports: readonly ExposedPort[],
  chains: readonly Chain[],
  { families, publishNotReady }: Pick<ServiceFacts, 'families' | 'publishNotReady'>,
): ExposedSlice[] {
  return ports.flatMap(({ chainId, name: portName }) => {
    const endpoints = chains.find(({ id }) => id === chainId)?.endpoints ?? []
    return families.flatMap(family =>
      [...Map.groupBy(endpoints, ({ port }) => port)].map(([port, some]) => ({
        name: sliceName(set.name, service, portName, family, port),
        peerSet: set.name,
        service,
        family,
        portName,
        port,
        endpoints: some.flatMap(pod => endpointOf(pod, family, publishNotReady)).slice(0, maxEndpoints),
      })),
    )
  })
}

/** What is to be applied: slices that differ, and, emptied, those of this PeerSet that are not wanted. */
export function slicesToWrite(
  desired: readonly ExposedSlice[],
  known: readonly KnownSlice[],
  uid: string,
): ExposedSlice[] {
  const names = new Set(desired.map(({ name }) => name))
  const stale = known
    .filter(({ name, endpoints }) => !names.has(name) && endpoints.length > 0)
    .map(slice => ({ ...slice, endpoints: [] }))
  const differ = desired.filter(slice => {
    const present = known.find(({ name }) => name === slice.name)
    // An empty one is not made anew.
    return present ? !present.owners.includes(uid) || text(present) !== text(slice) : slice.endpoints.length > 0
  })
  return [...differ, ...stale]
}

export function sliceBody(set: Pick<PeerSet, 'namespace' | 'name' | 'uid'>, slice: ExposedSlice): object {
  const { name, service, family, portName, port, endpoints } = slice
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: set.namespace,
      labels: { [ofService]: service, [sliceManager.name]: sliceManager.value, [peerSetLabel]: set.name },
      ownerReferences: [ownerOf(set)],
    },
    addressType: family,
    ports: [{ name: portName, port, protocol: 'TCP' }],
    endpoints: endpoints.map(({ address, nodeName, ready, serving, terminating, namespace, name, uid }) => ({
      addresses: [address],
      conditions: { ready, serving, terminating },
      // Which endpoints are local to a node: what externalTrafficPolicy Local goes by.
      ...(nodeName === undefined ? {} : { nodeName }),
      targetRef: { kind: 'Pod', namespace, name, uid },
    })),
  }
}

/** Undefined for a slice of others. Never throws. */
export function readKnownSlice(object: ApiObject): KnownSlice | undefined {
  const { metadata, addressType, ports, endpoints } = object as RawSlice
  const labels = metadata?.labels ?? {}
  if (labels[sliceManager.name] !== sliceManager.value) return undefined
  return {
    name: metadata?.name ?? '',
    version: metadata?.resourceVersion ?? '0',
    owners: (metadata?.ownerReferences ?? []).flatMap(({ uid }) => uid ?? []),
    peerSet: labels[peerSetLabel] ?? '',
    service: labels[ofService] ?? '',
    family: addressType ?? '',
    portName: ports?.[0]?.name ?? '',
    port: ports?.[0]?.port ?? 0,
    endpoints: (endpoints ?? []).map(({ addresses, conditions, nodeName, targetRef }) => ({
      address: addresses?.join() ?? '',
      nodeName,
      ready: conditions?.ready ?? true,
      serving: conditions?.serving ?? true,
      terminating: conditions?.terminating ?? false,
      namespace: targetRef?.namespace ?? '',
      name: targetRef?.name ?? '',
      uid: targetRef?.uid ?? '',
    })),
  }
}

/**
 * The EndpointSlice controller's rule (k8s.io/endpointslice, podToEndpoint): ready is Ready and not leaving, or
 * whatever the Service says.
 */
function endpointOf(pod: Endpoint, family: string, publishNotReady: boolean): SliceEndpoint[] {
  const address = pod.addresses.find(address => ipaddr.parse(address).kind() === family.toLowerCase())
  if (address === undefined) return []
  const { namespace, name, uid, nodeName, ready, deleting } = pod
  const conditions = { ready: publishNotReady || (ready && !deleting), serving: ready, terminating: deleting }
  return [{ address, nodeName, ...conditions, namespace, name, uid }]
}

/** Never anybody else's name by chance: it says whose it is in a hash. */
function sliceName(...parts: [set: string, service: string, portName: string, family: string, port: number]): string {
  return `${parts[1].slice(0, 50)}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)}`
}

function text({ peerSet, service, family, portName, port, endpoints }: ExposedSlice): string {
  const rows = endpoints.map(endpoint => [
    endpoint.address,
    endpoint.nodeName,
    endpoint.ready,
    endpoint.serving,
    endpoint.terminating,
    endpoint.namespace,
    endpoint.name,
    endpoint.uid,
  ])
  return JSON.stringify([peerSet, service, family, portName, port, rows])
}

type RawSlice = {
  readonly metadata?: ApiObject['metadata'] & { readonly ownerReferences?: readonly { readonly uid?: string }[] | null }
  readonly addressType?: string
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null
  readonly endpoints?:
    | readonly {
        readonly addresses?: readonly string[]
        readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
        readonly nodeName?: string
        readonly targetRef?: { readonly namespace?: string; readonly name?: string; readonly uid?: string }
      }[]
    | null
}
