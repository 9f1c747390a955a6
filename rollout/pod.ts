// An injected pod as the controller keeps it: what is needed to know what it should be told, and when it may restart.
// Nothing else of it is kept. And how a pod is named in what is written to it.
import type { Plan } from '../peers/plan.ts'

export type InjectedPod = {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly plan: Plan
  /** The annotations that the controller writes, as they stand. */
  readonly peerHash?: string
  readonly endpoints?: string
  readonly turn?: string
  readonly turnWait?: string
  /** Milliseconds since the epoch. */
  readonly turnGrantedAt?: number
  readonly paused: boolean
  readonly ip?: string
  readonly phase: string
  readonly ready: boolean
  /** When `ready` last changed, milliseconds since the epoch. */
  readonly readySince?: number
  readonly deleting: boolean
  readonly createdAt: number
}

/** The key of a pod within the cluster. */
export function podKey(pod: Pick<InjectedPod, 'namespace' | 'name'>): string {
  return `${pod.namespace}/${pod.name}`
}

/** Of a podKey; no name of a namespace has a slash. */
export function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

/** The pod that is meant: one that was created anew under the same name is another. */
export type PodRef = { readonly namespace: string; readonly name: string; readonly uid: string }

/** null removes the annotation. */
export type Annotations = Readonly<Record<string, string | null>>
