// What the sidecar decides: the answer to one look.
import type { Assessed } from './assess.ts'
import type { Intent, Memory } from './memory.ts'
import type { Tell } from './telling.ts'
import type { Hold } from './wish.ts'

export type Decision =
  /** The node is as it should be. */
  | { readonly do: 'nothing' }
  /** Something differs and is left: the reason, and until when where time alone may change it. */
  | ({ readonly do: 'wait' } & Hold)
  | Tell
  /**
   * Ask the reach for this restart, after the returned memory is safe on disk. A restart asked for before is asked for
   * again by the same id.
   */
  | { readonly do: 'restart'; readonly intent: Intent; readonly why: string }
  /** A restart has been asked for, and the node is not back and connected yet. */
  | {
      readonly do: 'verify'
      readonly until: number
      /** The node has ended since it came back, not by repeer: it is gone, or has been started again. */
      readonly again?: 'gone' | 'started'
    }

export type Outcome = {
  readonly memory: Memory
  readonly decision: Decision
  readonly assessed: readonly Assessed[]
  /**
   * Whether whatever starts the node next may give it the wanted list: not one that removes most peers without
   * permission.
   */
  readonly mayGive: boolean
}

export type Step = { readonly memory: Memory; readonly decision: Decision }

export function wait(memory: Memory, hold: Hold): Step {
  return { memory, decision: { do: 'wait', ...hold } }
}
