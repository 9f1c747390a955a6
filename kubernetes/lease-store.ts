// The Lease in the Kubernetes API by which replicas agree on a leader. Permissions: Lease get and update (this one),
// create.
import type { KubeConfig } from '@kubernetes/client-node'
import { apiRequest } from './api-request.ts'

export type LeaseSpec = {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number | null
  readonly acquireTime?: string | null
  readonly renewTime?: string | null
  readonly leaseTransitions?: number | null
}

/** coordination.k8s.io/v1, as far as needed here; what else an object holds is kept as it is. */
export type Lease = {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string }
  readonly spec?: LeaseSpec
}

/** Each method rejects where the API server cannot be asked or refuses. */
export type LeaseStore = {
  /** Undefined where there is none. */
  get(): Promise<Lease | undefined>
  /** As stored; undefined where somebody else was faster. */
  create(spec: LeaseSpec): Promise<Lease | undefined>
  /** As stored; undefined where the Lease is not the one that was read any more, or gone. */
  update(lease: Lease): Promise<Lease | undefined>
}

/**
 * @param timeoutMs of each request; half of the renew deadline is what client-go's callers take, so that one dead
 *   connection does not cost the lease. For the same reason each request has a connection of its own.
 */
export function leaseStore(
  config: KubeConfig,
  { namespace, name, timeoutMs }: { namespace: string; name: string; timeoutMs: number },
): LeaseStore {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`
  const path = `${collection}/${encodeURIComponent(name)}`
  return {
    get: async () =>
      (await apiRequest(config, { method: 'GET', path, expected: [404], timeoutMs })) as Lease | undefined,
    async create(spec) {
      const metadata = {
        name,
        namespace,
        labels: { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'controller' },
      }
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
      return (await apiRequest(config, { method: 'POST', path: collection, body, expected: [409], timeoutMs })) as
        | Lease
        | undefined
    },
    // The API refuses (409) what is based on another resourceVersion than its own.
    update: async body =>
      (await apiRequest(config, { method: 'PUT', path, body, expected: [404, 409], timeoutMs })) as Lease | undefined,
  }
}
