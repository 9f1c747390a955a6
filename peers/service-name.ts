// Which Service of the cluster a host of a peer list may be, as a pod's search path (`NAMESPACE.svc.DOMAIN svc.DOMAIN
// DOMAIN`, ndots 5) has it.
import { isAddress } from './peer.ts'

/**
 * `hostname`: one pod behind a headless Service (`node1-0.node1`), by the hostname of its endpoint; absent for the
 * Service as a whole.
 */
export type ServiceName = { readonly namespace: string; readonly service: string; readonly hostname?: string }

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * In the order in which the resolver would try them; the first that exists is meant. Empty for addresses and for names
 * that are no Service's. `a.b` is first the pod a of Service b here, then Service a in namespace b (Kubernetes: DNS for
 * Services and Pods).
 */
export function serviceNames(host: string, namespace: string, clusterDomain = 'cluster.local'): ServiceName[] {
  if (isAddress(host)) return []
  const full = host.endsWith(`.svc.${clusterDomain}`) ? host.slice(0, -`.svc.${clusterDomain}`.length) : undefined
  const short = full ?? (host.endsWith('.svc') ? host.slice(0, -'.svc'.length) : undefined)
  const labels = (short ?? host).split('.')
  if (!labels.every(part => label.test(part))) return []
  const [first = '', second = '', third = ''] = labels
  // Named with `.svc`, the last label before it is the namespace.
  if (short !== undefined) {
    if (labels.length === 2) return [{ service: first, namespace: second }]
    return labels.length === 3 ? [{ hostname: first, service: second, namespace: third }] : []
  }
  if (labels.length === 1) return [{ service: first, namespace }]
  if (labels.length === 2) {
    return [
      { hostname: first, service: second, namespace },
      { service: first, namespace: second },
    ]
  }
  return labels.length === 3 ? [{ hostname: first, service: second, namespace: third }] : []
}
