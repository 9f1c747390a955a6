// The one write to a pod that the controller makes: a merge patch of its annotations.
import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError } from '../kubernetes/api-error.ts'
import { apiRequest, keepAliveAgent } from '../kubernetes/api-request.ts'
import type { Annotations, PodRef } from './pod.ts'

/** Whether the pod was there. Rejects where the API server cannot be asked or refuses. */
export type PatchPod = (pod: PodRef, annotations: Annotations, signal: AbortSignal) => Promise<boolean>

/** Shown by `kubectl get --show-managed-fields`. */
const fieldManager = 'repeer-controller'
/** Short: a turn should not be written long after it was granted, and a dead connection should cost little. */
const timeoutMs = 5_000

/**
 * The patch names the pod's UID, which the API server never changes: on a pod that was created anew under the same name
 * it fails (422, "metadata.uid: field is immutable"). A 409 is another matter: the pod was changed by others while the
 * patch was being applied.
 */
export function podPatcher(config: KubeConfig): PatchPod {
  const agent = keepAliveAgent(config)
  return async ({ namespace, name, uid }, annotations, signal) => {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}?fieldManager=${fieldManager}`
    const body = { metadata: { uid, annotations } }
    const contentType = 'application/merge-patch+json'
    try {
      const answer = await apiRequest(config, {
        method: 'PATCH',
        path,
        body,
        contentType,
        expected: [404],
        timeoutMs,
        signal,
        agent,
      })
      return answer !== undefined
    } catch (error) {
      if (error instanceof ApiError && isOtherPod(error)) return false
      throw error
    }
  }
}

/** By the message: apiRequest keeps no more of the answer. */
function isOtherPod({ status, message }: ApiError): boolean {
  return status === 422 && message.includes('metadata.uid:')
}
