// Source `services`: Services by label, each a peer: by its name, its ClusterIP, the addresses behind it, or its load
// balancer's.
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import { behindOf, readSlice, type Slice, serviceLabel } from '../../kubernetes/slices.ts'
import { isAddress, normalHost, type Peer } from '../../peers/peer.ts'
import type { ServicesSpec } from '../peer-set.ts'
import { followScope, type Kind, type Scope, type Scoped } from '../scope.ts'
import type { Found, Problem, Source, SourceParts } from '../source.ts'
import { choiceKey, choosePort, failIfNothingRead, idProblem, type NamedPort, readId } from './endpoint.ts'
import { peerAt } from './pods.ts'

export type ServiceFacts = {
  readonly id: string | undefined
  readonly ports: readonly NamedPort[]
  /** Undefined for a headless one. */
  readonly clusterIP: string | undefined
  /** Addresses or names, in normal form. */
  readonly loadBalancer: readonly string[]
}
export type SliceFacts = { readonly service: string; readonly slice: Slice; readonly ports: readonly NamedPort[] }

export function servicesSource(spec: ServicesSpec, parts: SourceParts): Source {
  const services = followScope(parts, spec.namespaces, spec.selector, serviceKind(spec))
  // The EndpointSlice controller puts a Service's labels on its slices (k8s.io/endpointslice, setEndpointSliceLabels):
  // the same selector finds both.
  const slices: Scope<SliceFacts> | undefined =
    spec.address === 'Endpoints' ? followScope(parts, spec.namespaces, spec.selector, sliceKind) : undefined
  return {
    look: async signal => {
      await Promise.all([services.settled(signal), slices?.settled(signal)])
      const [found, behind] = [services.look(), slices?.look()]
      const unknown = [...found.unknown, ...(behind?.unknown ?? [])]
      failIfNothingRead(unknown, found.items.length)
      const included = found.items.filter(({ name }) => !parts.exclude.names.includes(name))
      const { peers, problems } = peersOfServices(spec, parts.home, included, behind?.items ?? [])
      const unreadable = [...found.problems, ...(behind?.problems ?? []).filter(({ code }) => code !== 'no-consent')]
      const result: Found = { peers, problems: [...unreadable, ...problems], considered: included.length }
      return unknown.length > 0 ? { ...result, incomplete: true } : result
    },
    close: async () => {
      services.close()
      slices?.close()
    },
  }
}

/** Pure. `home`: the namespace in which the list is read; names of Services in others are written in full. */
export function peersOfServices(
  spec: Pick<ServicesSpec, 'address' | 'port' | 'idFrom'>,
  home: string,
  services: readonly Scoped<ServiceFacts>[],
  slices: readonly Scoped<SliceFacts>[],
): { readonly peers: readonly Peer[]; readonly problems: readonly Problem[] } {
  const peers: Peer[] = []
  const problems: Problem[] = []
  const byService = Map.groupBy(slices, ({ namespace, value }) => `${namespace}/${value.service}`)
  for (const { namespace, name, value } of services) {
    const subject = `Service ${namespace}/${name}`
    const own = byService.get(`${namespace}/${name}`)?.map(slice => slice.value) ?? []
    const hosts = hostsOf(spec.address, namespace === home ? name : `${name}.${namespace}.svc`, value, own)
    const port = choosePort(spec.address === 'Endpoints' ? (own[0]?.ports ?? value.ports) : value.ports, spec.port)
    if (value.id === 'malformed') problems.push(idProblem(subject, spec.idFrom))
    else if (typeof hosts === 'string') problems.push({ code: 'no-address', subject, message: hosts })
    else if (typeof port === 'string') problems.push({ code: 'no-port', subject, message: port })
    else {
      const [first = ''] = hosts
      // An identity is one node's: at several addresses, nodes would refuse the second as a duplicate.
      const only = value.id === undefined ? hosts : [first]
      if (only.length < hosts.length)
        problems.push({
          code: 'several-addresses',
          subject,
          message: `one identity at ${hosts.length} addresses; ${first} is taken`,
        })
      for (const host of only) peers.push(peerAt(host, port, value.id))
    }
  }
  return { peers, problems }
}

function hostsOf(
  address: ServicesSpec['address'],
  dnsName: string,
  service: ServiceFacts,
  slices: readonly SliceFacts[],
): readonly string[] | string {
  if (address === 'Name') return [dnsName]
  if (address === 'ClusterIP')
    return service.clusterIP === undefined ? 'it is headless, expected a ClusterIP' : [service.clusterIP]
  if (address === 'LoadBalancer')
    return service.loadBalancer.length === 0 ? 'its load balancer has no address yet' : service.loadBalancer.slice(0, 1)
  const { addresses } = behindOf(slices.map(({ slice }) => slice))
  return addresses.length === 0 ? 'no pod behind it is ready' : addresses
}

function serviceKind(spec: ServicesSpec): Kind<ServiceFacts> {
  const read = (object: ApiObject) => readService(object, spec)
  return { what: 'Services', group: '/api/v1', plural: 'services', reader: choiceKey({ idFrom: spec.idFrom }), read }
}

const sliceKind: Kind<SliceFacts> = {
  what: 'EndpointSlices',
  group: '/apis/discovery.k8s.io/v1',
  plural: 'endpointslices',
  reader: 'slices-with-ports',
  read: object => {
    const service = object.metadata?.labels?.[serviceLabel]
    if (service === undefined) return undefined
    return { service, slice: readSlice(object), ports: tcpPorts((object as RawSlice).ports) }
  },
}

/** Never throws. */
export function readService(object: ApiObject, { idFrom }: Pick<ServicesSpec, 'idFrom'>): ServiceFacts {
  const { spec, status } = object as RawService
  const clusterIP = normalHost(spec?.clusterIP ?? '')
  return {
    id: readId(object, idFrom),
    ports: tcpPorts(spec?.ports),
    // 'None' is a name by its look.
    clusterIP: clusterIP !== undefined && isAddress(clusterIP) ? clusterIP : undefined,
    loadBalancer: (status?.loadBalancer?.ingress ?? []).flatMap(
      ({ ip, hostname }) => normalHost(ip ?? hostname ?? '') ?? [],
    ),
  }
}

function tcpPorts(ports: RawPorts): NamedPort[] {
  return (ports ?? []).flatMap(({ name, port, protocol = 'TCP' }) =>
    typeof port === 'number' && protocol === 'TCP' ? [{ ...(name ? { name } : {}), port }] : [],
  )
}

type RawPorts =
  | readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
  | null
  | undefined
type RawSlice = { readonly ports?: RawPorts }
type RawService = {
  readonly spec?: { readonly clusterIP?: string; readonly ports?: RawPorts }
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] | null
    }
  }
}
