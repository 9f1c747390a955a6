// EndpointSlices as the controller keeps them, and which of their addresses count. Pure.
import type { Behind } from '../peers/endpoints.ts'
import { isAddress, normalHost } from '../peers/peer.ts'

type Endpoint = {
  /** In normal form. */
  readonly addresses: readonly string[]
  readonly hostname?: string
  readonly ready: boolean
  /** Being deleted, but still answering. */
  readonly draining: boolean
}

export type Slice = { readonly headless: boolean; readonly endpoints: readonly Endpoint[] }

/** Which Service a slice belongs to, in its own namespace. */
export const serviceLabel = 'kubernetes.io/service-name'
/**
 * The EndpointSlice controller sets it on the slices of headless Services, and on no others (k8s.io/endpointslice,
 * utils.go).
 */
const headlessLabel = 'service.kubernetes.io/headless'

/** What is kept of a raw EndpointSlice (discovery.k8s.io/v1). Never throws. */
export function readSlice(object: unknown): Slice {
  const { metadata, endpoints } = object as {
    metadata?: { labels?: Readonly<Record<string, string>> }
    endpoints?: readonly RawEndpoint[] | null
  }
  return {
    headless: metadata?.labels?.[headlessLabel] !== undefined,
    endpoints: (endpoints ?? []).map(({ addresses, hostname, conditions }) => ({
      addresses: (addresses ?? []).flatMap(text => {
        // A slice of type FQDN has names; nobody publishes them.
        const address = normalHost(text)
        return address !== undefined && isAddress(address) ? [address] : []
      }),
      ...(hostname ? { hostname } : {}),
      // Unknown is to be taken for ready, and for serving where it is ready (the API's own rule).
      ready: conditions?.ready ?? true,
      draining: (conditions?.terminating ?? false) && (conditions?.serving ?? conditions?.ready ?? true),
    })),
  }
}

/**
 * What a node reaches through a Service's name. Of a headless one, and of one pod behind any, what CoreDNS publishes:
 * ready endpoints (all of them are ready where the Service has publishNotReadyAddresses). Behind a ClusterIP, where
 * kube-proxy sends connections: ready endpoints, or, where there are none, those that are being deleted and still
 * answer.
 *
 * A Service without a selector whose slices were made by hand lacks the label, headless or not, and so counts as one
 * with a ClusterIP.
 */
export function behindOf(slices: readonly Slice[], hostname?: string): Behind {
  const all = slices.flatMap(slice => slice.endpoints)
  if (hostname !== undefined)
    return {
      addresses: addressesOf(all.filter(endpoint => endpoint.ready && isNamed(endpoint, hostname))),
      stable: false,
    }
  const stable = !slices.some(slice => slice.headless)
  const ready = all.filter(endpoint => endpoint.ready)
  return {
    addresses: addressesOf(stable && ready.length === 0 ? all.filter(endpoint => endpoint.draining) : ready),
    stable,
  }
}

/** CoreDNS names an endpoint without a hostname by its address, with dashes. */
function isNamed({ hostname, addresses }: Endpoint, name: string): boolean {
  return hostname === undefined
    ? addresses.some(address => address.replaceAll(/[.:]/g, '-') === name)
    : hostname === name
}

function addressesOf(endpoints: readonly Endpoint[]): string[] {
  return [...new Set(endpoints.flatMap(endpoint => endpoint.addresses))].sort()
}

type RawEndpoint = {
  readonly addresses?: readonly string[]
  readonly hostname?: string
  readonly conditions?: {
    readonly ready?: boolean | null
    readonly serving?: boolean | null
    readonly terminating?: boolean | null
  }
}
