// What `repeer check --pre` knows when it decides: read by read.ts, judged by decide.ts.
import type { Known } from '../lines.ts'
import type { Trial } from '../read.ts'
import type { KubeObject } from '../wanted.ts'

/** `apply` reads an object, creates it where there is none, and else patches it. */
export const applyVerbs = ['get', 'create', 'patch'] as const
export type ApplyVerb = (typeof applyVerbs)[number]

export type ObjectFacts = {
  readonly object: KubeObject
  /** Whether the API server knows the kind at all. */
  readonly isServed: boolean
  /** In the API's plural, with its group: "clusterroles.rbac.authorization.k8s.io". */
  readonly resource: string
  /** What the caller may not do with it; undefined where the API server does not tell. */
  readonly lacks: readonly ApplyVerb[] | undefined
  /** The one that is there already. */
  readonly present: Known<KubeObject | undefined>
  readonly trial: Trial
}

export type PodTrial = {
  readonly deployment: string
  /** Where it was tried: repeer's namespace, or, while there is none, another. */
  readonly namespace: string
  readonly trial: Trial
}

export type Injector = {
  readonly name: string
  /** Of its webhooks, those that are asked about the creation of pods. */
  readonly webhooks: readonly string[]
}

export type BeforeFacts = {
  readonly namespace: string
  /** The manifests were handed in as they will be applied, so their image and overlays are known. */
  readonly isRendered: boolean
  readonly version: Known<{ readonly major?: string; readonly minor?: string; readonly gitVersion?: string }>
  readonly objects: readonly ObjectFacts[]
  readonly pods: readonly PodTrial[]
  /** Mutating webhooks of others that see the creation of pods. */
  readonly injectors: Known<readonly Injector[]>
}
