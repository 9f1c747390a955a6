// Where the pods of a namespace are read.
import { type Cluster, isStatus } from './cluster-access.ts'
import { ClusterError, messageOf } from './cluster-error.ts'
import type { PodObject } from './pod-object.ts'

/** The API's path of all pods of a namespace; that of a single one has its name behind a slash. */
export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
}

/**
 * All pods of a namespace, whether injected or not, in the API server's order. Throws ClusterError that names the
 * permission where they may not be listed, and else as Cluster.list does.
 */
export async function listPods(cluster: Cluster, namespace: string): Promise<PodObject[]> {
  try {
    return await cluster.list<PodObject>(podsPath(namespace))
  } catch (error) {
    if (!isStatus(error, 403)) throw error
    throw new ClusterError(
      `the pods of namespace ${namespace} may not be listed; expected the permission list on pods: ${messageOf(error)}`,
    )
  }
}
