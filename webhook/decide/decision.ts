// The types between the webhook's three parts: decide says what, patch says how, the server carries it.
import type { V1Pod } from '@kubernetes/client-node'
import type { DeliveringSet } from '../../peers/peer-set/delivering.ts'
import type { Plan } from '../../peers/plan.ts'
import type { SkipReason } from '../../peers/reasons.ts'

/** What decide needs to know of the cluster besides the pod. */
export type NamespaceView = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * A ConfigMap's data by key; 'absent' where it is known not to exist; 'unknown' while the cache is not synced;
 * 'too-large' where it is not looked into for its size (pod/content-budget.ts).
 */
export type ConfigMapView = Readonly<Record<string, string>> | 'absent' | 'unknown' | 'too-large'

export type Settings = {
  /** repeer's own image, by digest in the rendered manifests. */
  readonly image: string
  readonly turns: 'self' | 'controller'
  /** Whether the cluster's kubelets know restartPolicyRules with RestartAllContainers (Kubernetes 1.36 and later). */
  readonly canRestartAll: boolean
}

export type DecideInput = {
  readonly pod: V1Pod
  readonly namespace: NamespaceView
  readonly configMap: (name: string) => ConfigMapView
  /**
   * PeerSets that may deliver to the pod: those of its namespace, and of others, which need its consent. None by
   * default.
   */
  readonly peerSets?: readonly DeliveringSet[]
  readonly settings: Settings
  /**
   * Whether warnings may quote what stands in a ConfigMap: only where whoever reads them has given the ConfigMap as
   * well (`repeer explain`). An admission's warnings go to anybody who can reach the port.
   */
  readonly quote?: boolean
}

export type Decision =
  | {
      readonly inject: true
      readonly plan: Plan
      /** One sentence for each choice, for explain, the log and the admission warning. */
      readonly why: {
        readonly container: string
        readonly profile: string
        readonly sources: string
        readonly strategy: string
        readonly ports: string
        /** Who replaces the pod when its list is edited; absent where nobody is known to. */
        readonly owner?: string
        /** Where the node takes its list from a variable: whether it is given addresses or names. */
        readonly addresses?: string
      }
      /** What could not be found out or will not work as hoped: told to whoever creates the pod. */
      readonly warnings: readonly string[]
      /**
       * Of the list the pod should run with; absent where a source cannot be read centrally (Secrets, an unsynced
       * cache).
       */
      readonly peerHash?: string
      /** The number of distinct entries with role peer, where peerHash is known. */
      readonly peers?: number
    }
  | { readonly inject: false; readonly reason: SkipReason; readonly message: string }

/** RFC 6902, the three operations that repeer uses. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
