// The security context of the containers that injection adds.
import type { V1PodSpec, V1SecurityContext } from '@kubernetes/client-node'
import type { Plan } from '../../peers/plan.ts'

/** The numeric user of repeer's image. */
const imageUser = 65532

const base = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const

/**
 * What fits Pod Security `restricted`, without relying on the pod's own security context.
 *
 * runAsUser is left out wherever possible. Three cases:
 * - The pod states no user: our image's own, a number other than 0, satisfies runAsNonRoot. Clusters that assign UIDs
 *   (OpenShift's restricted-v2) fill in the one they assign, and would refuse a fixed one outside of the namespace's
 *   range.
 * - The pod states a user other than 0: ours inherit it. It has been accepted for the pod, so it is for us.
 * - The pod states 0: ours would inherit 0, and the kubelet would refuse to start them because of runAsNonRoot. So the
 *   image's user is stated. A pod that may run as root is not in a namespace that assigns UIDs.
 */
export function ourSecurityContext(spec: V1PodSpec): V1SecurityContext {
  const user = spec.securityContext?.runAsUser === 0 ? { runAsUser: imageUser, runAsGroup: imageUser } : {}
  return { ...base, runAsNonRoot: true, ...user, capabilities: { drop: ['ALL'] } }
}

/**
 * The sidecar's. Under signal it has to be allowed to signal the node, and under wrap with a container beside the node
 * that one: kill(2) wants the same UID, or CAP_KILL. That UID is one that the pod spec states already, so that a
 * cluster which accepts the pod accepts the sidecar.
 */
export function sidecarSecurityContext(spec: V1PodSpec, { reach }: Pick<Plan, 'reach'>): V1SecurityContext {
  const uid = reach.by === 'signal' ? reach.uid : reach.by === 'wrap' ? reach.beside?.uid : undefined
  if (uid === undefined) return ourSecurityContext(spec)
  return {
    ...base,
    runAsNonRoot: uid !== null && uid !== 0,
    runAsUser: uid ?? 0,
    capabilities: { drop: ['ALL'], ...(uid === null ? { add: ['KILL'] } : {}) },
  }
}
