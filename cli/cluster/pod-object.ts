// The part of a pod that `repeer check` and `repeer upgrade` read, and what they need to know of it.
import type { Plan } from '../../peers/plan.ts'
import { parsePlan } from '../../peers/plan-check.ts'
import { annotation, containerName } from '../../peers/pod.ts'

export type ContainerState = {
  readonly running?: { readonly startedAt?: string }
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
}

export type ContainerStatus = {
  readonly name: string
  readonly image?: string
  readonly imageID?: string
  readonly containerID?: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: ContainerState
}

export type PodObject = {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid?: string
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly hostNetwork?: boolean
    readonly imagePullSecrets?: readonly { readonly name?: string }[]
    readonly initContainers?: readonly { readonly name: string; readonly image?: string }[]
    readonly containers: readonly { readonly name: string; readonly image?: string }[]
  }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/**
 * The webhook has been here: its annotation and its container, of which a template that was copied from a running pod
 * has only the first.
 */
export function isInjected(pod: PodObject): boolean {
  return pod.metadata.annotations?.[annotation.plan] !== undefined && (pod.spec.initContainers ?? []).some(isSidecar)
}

/** Of a container or its status, by the name that the webhook gives. */
export function isSidecar(container: { readonly name: string }): boolean {
  return container.name === containerName.sidecar
}

/** Undefined for a plan that this version of repeer cannot read: the sidecar of another one may well. */
export function planOf(pod: PodObject): Plan | undefined {
  try {
    return parsePlan(pod.metadata.annotations?.[annotation.plan] ?? '')
  } catch {
    return undefined
  }
}

/** The group of pods that restart in turn. For a plan that cannot be read the namespace stands in. */
export function groupOf(pod: PodObject): string {
  return planOf(pod)?.group ?? pod.metadata.namespace
}

/** Undefined until the kubelet has said something about the sidecar. */
export function sidecarStatus(pod: PodObject): ContainerStatus | undefined {
  return pod.status?.initContainerStatuses?.find(isSidecar)
}

/**
 * Of the container that the plan names; undefined without a plan, or until the kubelet has said something about it.
 */
export function nodeStatus(pod: PodObject): ContainerStatus | undefined {
  const container = planOf(pod)?.container
  return pod.status?.containerStatuses?.find(status => status.name === container)
}

/** "running", "waiting: ImagePullBackOff (...)", "ended with 1". */
export function stateText(status: ContainerStatus | undefined): string {
  const { running, waiting, terminated } = status?.state ?? {}
  if (running) return 'running'
  if (waiting) return `waiting: ${waiting.reason ?? 'no reason given'}${waiting.message ? ` (${waiting.message})` : ''}`
  if (terminated) return `ended with ${terminated.exitCode ?? '?'}${terminated.reason ? ` (${terminated.reason})` : ''}`
  return 'not started'
}

/**
 * The reasons of the kubelet for a waiting container that does not end by themselves (kubernetes/kubernetes,
 * pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime).
 */
const stuckReason =
  /^(ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|CrashLoopBackOff|Create\w*Error|RunContainerError)$/

/** Whether a container waits for something that the kubelet cannot get further with unless somebody helps. */
export function isStuck(status: ContainerStatus): boolean {
  return stuckReason.test(status.state?.waiting?.reason ?? '')
}
