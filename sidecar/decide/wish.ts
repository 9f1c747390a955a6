// What the gates are asked about, and what they answer.
import type { HoldReason } from '../../peers/reasons.ts'
import type { Assessed } from './assess.ts'
import type { Known } from './memory.ts'

/** A reason to wait; `until` (ms since the epoch) where time alone may open the gate. */
export type Hold = { readonly reason: HoldReason; readonly detail?: string; readonly until?: number }

/** The decision to wait, for this reason. */
export type Wait = { readonly do: 'wait' } & Hold

export type Wish = {
  readonly known: Known
  /** The peers for whose sake the node would be restarted. */
  readonly missing: readonly Assessed[]
  /** The node's connections cannot be seen. */
  readonly blind: boolean
}
