// What the annotations repeer.dev/peer-hash and repeer.dev/endpoints of a pod should be, from what is known of the
// cluster. Pure.

import { behindOf, type Slice } from '../../kubernetes/slices.ts'
import { type Behind, formatEndpoints } from '../../peers/endpoints.ts'
import { isAddress, type Peer } from '../../peers/peer.ts'
import type { KeySource, LiteralSource, Plan } from '../../peers/plan.ts'
import { type ServiceName, serviceNames } from '../../peers/service-name.ts'
import { peerHash } from '../../peers/snapshot.ts'
import type { InjectedPod } from '../pod.ts'
import { digestOf, type ParsedList, parseList } from './lists.ts'

export type DesiredAnnotations = { readonly peerHash?: string; readonly endpoints?: string }

/** What is known of the cluster. */
export type ClusterView = {
  /** Of a ConfigMap's key. Undefined: there is no such ConfigMap, or no such key in it. */
  list(namespace: string, source: KeySource): ParsedList | undefined | 'unknown'
  /** The EndpointSlices of a Service; none where there is no such Service, or its namespace has not opted in. */
  slices(namespace: string, service: string): readonly Slice[] | 'unknown'
  /** Default: cluster.local. */
  readonly clusterDomain?: string
}

/** The lists of one pod, taken together. */
export type Together = {
  readonly peerHash?: string
  /** Hosts of the peers that may be Services, sorted. */
  readonly hosts: readonly string[]
}

/** Hosts of one pod that are looked at; so a list of thousands of names costs no more than one of these. */
const maxLookedAt = 400
/** Hosts and bytes of one repeer.dev/endpoints; all annotations of a pod together may be 256 KiB (Kubernetes). */
const maxHosts = 200
const maxBytes = 64 * 1024

type PodPart = Pick<InjectedPod, 'namespace' | 'plan'>

/**
 * The two annotations; a field is absent where the pod should not have it, and the whole is 'unknown' where something
 * it depends on has not been read yet.
 *
 * `peerHash` is what the sidecar's page has as `list`: of all sources together, where an absent ConfigMap or key has no
 * peers. Absent where a source is a Secret, and where all are absent. Where a list is malformed it is `unreadable:` and
 * 16 hex digits that follow from the texts.
 *
 * `endpoints` has each host that is a Service of the pod's own or another opted-in namespace, with no address where
 * nothing is behind it. Of the first 400 hosts in sorted order that may be Services, the first 200 that are; a host
 * with which the text would exceed 64 KiB is left out.
 */
export function desiredAnnotations(pod: PodPart, view: ClusterView): DesiredAnnotations | 'unknown' {
  const together = listsTogether(pod, view)
  if (together === 'unknown') return 'unknown'
  const endpoints = endpointsOf(together.hosts, pod.namespace, view)
  if (endpoints === 'unknown') return 'unknown'
  return {
    ...(together.peerHash === undefined ? {} : { peerHash: together.peerHash }),
    ...(endpoints === undefined ? {} : { endpoints }),
  }
}

/** The first half: what the lists say, without the Services. */
export function listsTogether({ namespace, plan }: PodPart, view: ClusterView): Together | 'unknown' {
  const present: ParsedList[] = []
  for (const source of plan.sources) {
    // The controller reads no Secrets.
    if (source.kind === 'Secret') continue
    const list = source.kind === 'Literal' ? literalList(source) : view.list(namespace, source)
    if (list === 'unknown') return 'unknown'
    if (list) present.push(list)
  }
  const all = union(present)
  const hosts = hostsFor(all, namespace, view.clusterDomain)
  const isWhole = present.length > 0 && !hasSecret(plan)
  return isWhole ? { peerHash: all.hash, hosts } : { hosts }
}

/**
 * The second half: the text of repeer.dev/endpoints for hosts that `listsTogether` returned; undefined where none is a
 * Service.
 */
export function endpointsOf(
  hosts: readonly string[],
  namespace: string,
  view: ClusterView,
): string | undefined | 'unknown' {
  const endpoints: Record<string, Behind> = {}
  let count = 0
  // The braces, less the comma that the first host does not have.
  let bytes = 1
  for (const host of hosts) {
    const behind = behindHost(host, namespace, view)
    if (behind === 'unknown') return 'unknown'
    if (behind === undefined || count === maxHosts) continue
    // One more byte for the comma; two less for the braces of its own.
    const size = Buffer.byteLength(formatEndpoints({ [host]: behind })) - 1
    if (bytes + size > maxBytes) continue
    endpoints[host] = behind
    count++
    bytes += size
  }
  return count === 0 ? undefined : formatEndpoints(endpoints)
}

/** The Services on which the endpoints of these hosts depend. */
export function servicesOf(hosts: readonly string[], namespace: string, clusterDomain?: string): ServiceName[] {
  return hosts.flatMap(host => serviceNames(host, namespace, clusterDomain))
}

/** The first name that has EndpointSlices is meant, as the resolver would find it. */
function behindHost(host: string, namespace: string, view: ClusterView): Behind | undefined | 'unknown' {
  for (const name of serviceNames(host, namespace, view.clusterDomain)) {
    const slices = view.slices(name.namespace, name.service)
    if (slices === 'unknown') return 'unknown'
    if (slices.length > 0) return behindOf(slices, name.hostname)
  }
  return undefined
}

/** `hosts`: those of `names` that may be Services, by the namespace in which they are looked up. */
type Union = {
  readonly hash: string
  readonly names: readonly string[]
  readonly hosts: Map<string, readonly string[]>
}

/**
 * The last union that a list was the first of. Pods of one template have the same lists, and a list can have thousands
 * of peers.
 */
const unions = new WeakMap<ParsedList, { readonly lists: readonly ParsedList[]; readonly union: Union }>()

/** The hash of the lists together, and the names among their hosts, sorted. */
function union(lists: readonly ParsedList[]): Union {
  const [first] = lists
  const known = first && unions.get(first)
  if (known && known.lists.length === lists.length && known.lists.every((list, index) => list === lists[index]))
    return known.union
  const peers: Peer[] = lists.flatMap(list => (list.ok ? list.peers : []))
  const malformed = lists.flatMap(list => (list.ok ? [] : [list.digest]))
  const names = [...new Set(peers.map(peer => peer.host))].filter(host => !isAddress(host)).sort()
  const hash = malformed.length > 0 ? `unreadable:${digestOf(malformed.join('\n')).slice(0, 16)}` : peerHash(peers)
  const made = { hash, names, hosts: new Map<string, readonly string[]>() }
  if (first) unions.set(first, { lists, union: made })
  return made
}

function hostsFor(all: Union, namespace: string, clusterDomain?: string): readonly string[] {
  const known = all.hosts.get(namespace)
  if (known) return known
  const hosts: string[] = []
  for (const name of all.names) {
    if (hosts.length === maxLookedAt) break
    if (serviceNames(name, namespace, clusterDomain).length > 0) hosts.push(name)
  }
  all.hosts.set(namespace, hosts)
  return hosts
}

const literals = new WeakMap<LiteralSource, ParsedList>()

function literalList(source: LiteralSource): ParsedList {
  const known = literals.get(source)
  if (known) return known
  const list = parseList(source, source.text)
  literals.set(source, list)
  return list
}

function hasSecret(plan: Plan): boolean {
  return plan.sources.some(source => source.kind === 'Secret')
}
