// The sidecar's hands, as the loop sees them: how it finds, prepares and restarts the node, whatever the plan's way of
// reaching it is.
import type { Logger } from 'pino'
import type { Level } from '../../peers/plan.ts'
import type { HoldReason } from '../../peers/reasons.ts'
import type { NodeProcess } from '../decide/observation.ts'

export type Stop = {
  readonly id: string
  readonly level: Exclude<Level, 'none'>
  /**
   * Of the process that is to be replaced; any other has been started since, and is left alone. Absent: whichever there
   * is.
   */
  readonly identity?: string
}

export type Held = { readonly hold: HoldReason; readonly detail: string }

export interface Reach {
  /** The node's process now, or why it cannot be told. */
  find(): Promise<{ process: NodeProcess } | Held>
  /** Prepares what the next start of the node will be given: exports and token under wrap, nothing otherwise. */
  prepare(exports: Readonly<Record<string, string>>, token: string): Promise<void>
  /**
   * Under wrap: has the supervisor name the programs below it, which the process then tells; `port`: the P2P port.
   * Absent where there is nobody to ask.
   */
  askPrograms?(port: number): Promise<void>
  /** Where somebody beside the node has a say: why the node must not be stopped now, or null. */
  permit?(): Promise<Held | null>
  /**
   * Carries out one restart request; returns when it has been taken, not when the node is back. The same ID again is
   * the same request.
   */
  restart(stop: Stop): Promise<{ ok: true } | ({ ok: false } & Held)>
}

export type ReachParts = {
  readonly controlDir: string
  readonly procDir: string
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Ends the sidecar with a code; 88 has all containers restarted. */
  readonly exit: (code: number) => void
  readonly now?: () => number
  /** process.kill: throws ESRCH or EPERM. Signal 0 only tries. */
  readonly kill?: (pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0) => void
  /** The time between two looks while waiting for a stop, in ms. Default 50. */
  readonly pollMs?: number
  /**
   * How long a supervisor may take to take a request, in ms. It looks at once, or every 0.1 s during a stop. Default
   * 5000.
   */
  readonly takenMs?: number
  /** How long the container beside the node may take to answer, in ms. It answers from memory. Default 2000. */
  readonly answerMs?: number
  /** How long the node stays stopped for the container beside it, in seconds. Default: besideParkSeconds. */
  readonly besideSeconds?: number
}
