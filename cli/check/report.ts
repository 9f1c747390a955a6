// What `repeer check` reports: the types that its parts pass on, which are also its JSON output.
import type { Page } from '../../peers/page.ts'

/**
 * `settled`: nothing to do. `under-way`: repeer or time will see to it. `problem`: somebody has to look. `unseen`: the
 * status page cannot be read, so nobody knows. `ended`: the pod has completed.
 */
export const verdicts = ['settled', 'under-way', 'problem', 'unseen', 'ended'] as const
export type Verdict = (typeof verdicts)[number]

/**
 * The list in the sidecar's files against repeer.dev/peer-hash. `agrees`, `differs`; `edited`: it has changed since the
 * pod was created, and no controller keeps the annotation up to date; `unchecked`: there is no annotation (a Secret,
 * say); `none`: the node's sources list nobody; `unread`: they cannot be read; `unseen`: there is no page.
 */
export type ListState = 'agrees' | 'differs' | 'edited' | 'unchecked' | 'none' | 'unread' | 'unseen'

export type PodReport = {
  readonly namespace: string
  readonly pod: string
  readonly group: string
  readonly container: string | null
  readonly profile: string | null
  readonly strategy: string | null
  readonly verdict: Verdict
  /** The page's phase, or the pod's own: pending, ending, ended, unseen. */
  readonly phase: string
  /** ISO 8601, as all times here. */
  readonly since: string | null
  readonly reason: string | null
  /** The reason in words: the sentence of its code, and the particulars. */
  readonly why: string | null
  readonly until: string | null
  readonly connected: number | null
  /** Listed peers, the node itself not counted. */
  readonly peers: number | null
  readonly list: { readonly state: ListState; readonly found: string | null; readonly annotation: string | null }
  readonly lastRestart: Page['restarts'][number] | null
  readonly lastTold: Page['told'][number] | null
  /**
   * `granted`: by the controller, and neither used nor taken back. `seen`: what the sidecar's files hold. Null where
   * there is none.
   */
  readonly turn: {
    readonly granted: string | null
    readonly grantedAt: string | null
    readonly seen: string | null
    /** Why it has none, in the controller's words. */
    readonly wait: string | null
  }
  /** Who paces restarts, and how many pods of the group may be down at a time. */
  readonly turns: string | null
  readonly maxUnavailable: string | null
  /** What else somebody should know. */
  readonly notes: readonly string[]
  /** The page as it was read. */
  readonly page: Page | null
}

/**
 * A pod of an opted-in namespace without the sidecar. `left-alone`: there is nothing in it for repeer. `refused`:
 * something about it has to be corrected first. `create-again`: it would be injected now.
 */
export type UninjectedReport = {
  readonly namespace: string
  readonly pod: string
  readonly kind: 'left-alone' | 'refused' | 'create-again'
  /** A skip reason, or `not-created-since`. */
  readonly reason: string
  readonly why: string
}

export type CheckReport = {
  readonly at: string
  readonly namespaces: readonly { readonly name: string; readonly optedIn: boolean | null }[]
  readonly pods: readonly PodReport[]
  readonly notInjected: readonly UninjectedReport[]
  /** What could not be found out, and which permission lacks. */
  readonly notes: readonly string[]
  readonly settled: boolean
}
