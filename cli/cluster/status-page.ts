// One pod's status page, read through the API server's pod proxy: no port is forwarded, and the API server reaches pods
// that the caller cannot.

import type { Page } from '../../peers/page.ts'
import { parsePage } from '../../peers/page-check.ts'
import { statusPort } from '../../peers/pod.ts'
import { type Cluster, isStatus } from './cluster-access.ts'
import { ClusterError, messageOf } from './cluster-error.ts'
import { podsPath } from './pods.ts'

/**
 * `starting`: the sidecar runs, and has not made its first comparison. `forbidden` and `unreachable` say why there is
 * no page.
 */
export type PageAnswer =
  | { readonly page: Page }
  | { readonly starting: true }
  | { readonly forbidden: string }
  | { readonly unreachable: string }

/** The API server gives up on a pod that does not answer after 30 s or more; a page is answered within milliseconds. */
const timeoutMs = 5000
/**
 * A page of a node with thousands of peers has some hundred KB. Who answers may be anybody: the node shares the pod's
 * network.
 */
const maxBytes = 4 << 20

/** Throws nothing: whatever is wrong is the answer. */
export async function statusPage(cluster: Cluster, namespace: string, pod: string): Promise<PageAnswer> {
  const path = `${podsPath(namespace)}/${encodeURIComponent(pod)}:${statusPort.number}/proxy/status`
  try {
    return { page: parsePage(JSON.stringify(await cluster.get(path, { timeoutMs, maxBytes }))) }
  } catch (error) {
    if (isStatus(error, 403)) return { forbidden: messageOf(error) }
    // The sidecar's own 503, which the proxy passes on; the API server's is about its connection.
    if (isStatus(error, 503) && /"phase": ?"starting"/.test(messageOf(error))) return { starting: true }
    if (error instanceof ClusterError && error.cause instanceof Error) return { unreachable: messageOf(error.cause) }
    return { unreachable: messageOf(error) }
  }
}
