// What the kubelet says about a container's image in the pod's events. The pod's status does not say it for a native
// sidecar that ran before: that shows how its last container ended for as long as the next one's image is not there
// (seen with Kubernetes 1.36).
import type { Cluster } from '../cluster/cluster-access.ts'
import { ClusterError } from '../cluster/cluster-error.ts'
import type { PodObject } from '../cluster/pod-object.ts'

type EventObject = {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly involvedObject?: { readonly fieldPath?: string }
}

/** The newest warning that names the image; undefined where there is none, or where events may not be listed. */
export async function imageWarning(cluster: Cluster, pod: PodObject, image: string): Promise<string | undefined> {
  const { namespace, uid } = pod.metadata
  const selector = encodeURIComponent(`involvedObject.uid=${uid}`)
  try {
    const list = (await cluster.get(
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/events?fieldSelector=${selector}`,
    )) as {
      items?: readonly EventObject[]
    }
    const warnings = (list.items ?? []).filter(
      ({ type, message }) => type === 'Warning' && message?.includes(`"${image}"`),
    )
    // The one that tells why, rather than that it is tried again later.
    const told = warnings.filter(({ reason }) => reason === 'Failed').at(-1) ?? warnings.at(-1)
    return told?.message
  } catch (error) {
    if (error instanceof ClusterError) throw error
    return undefined
  }
}
