// What a decision comes to, in a word: the phase, why, since when and until when. The page shows it, the log tells it,
// and the time of the next look goes by it. Pure.
import type { Phase } from '../../peers/page.ts'
import type { HoldReason } from '../../peers/reasons.ts'
import type { Decision, Outcome } from './decision.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'

/** Times are milliseconds since the epoch. */
export type Status = {
  readonly phase: Phase
  readonly reason?: HoldReason
  /** When this phase and reason began. */
  readonly since: number
  /** When time alone may end it. */
  readonly until?: number
}

/** `previous`: of the look before; `since` is its own where phase and reason have not changed. */
export function statusOf(look: Look, outcome: Outcome, previous: Status | null): Status {
  const { memory, decision } = outcome
  const phase = phaseOf(memory, decision)
  const withKubelet = isWithKubelet(look, outcome)
  const reason = decision.do === 'wait' ? decision.reason : withKubelet ? 'kubelet-back-off' : undefined
  // How long the kubelet waits, only the kubelet knows.
  const until = withKubelet ? undefined : untilOf(decision)
  return {
    phase,
    ...(reason === undefined ? {} : { reason }),
    since: sinceOf(phase, reason, previous, look.now),
    ...(until === undefined ? {} : { until }),
  }
}

/** While the memory cannot be written: whatever else was decided is not acted on, and no time ends it. */
export function unsavedStatus(previous: Status | null, now: number): Status {
  const reason = 'state-unwritable'
  return { phase: 'waiting', reason, since: previous?.reason === reason ? previous.since : now }
}

function sinceOf(phase: Phase, reason: HoldReason | undefined, previous: Status | null, now: number): number {
  return previous?.phase === phase && previous.reason === reason ? previous.since : now
}

function phaseOf(memory: Memory, decision: Decision): Phase {
  switch (decision.do) {
    case 'restart':
      return 'restarting'
    case 'verify':
      return memory.intent?.backAt === undefined ? 'restarting' : 'verifying'
    case 'tell':
    case 'told':
      return 'telling'
    case 'nothing':
      return 'settled'
    case 'wait':
      return memory.process === null && memory.startedWith === null ? 'starting' : 'waiting'
  }
}

function untilOf(decision: Decision): number | undefined {
  switch (decision.do) {
    case 'nothing':
    case 'restart':
      return undefined
    case 'wait':
    case 'tell':
    case 'told':
    case 'verify':
      return decision.until
  }
}

/**
 * A restart of the container is under way, and the node is gone; or it was back, and has ended by itself: the next step
 * is the kubelet's.
 */
function isWithKubelet(look: Look, { memory, decision }: Outcome): boolean {
  const { intent } = memory
  if (decision.do !== 'verify' || intent === null || look.process.found) return false
  return intent.backAt === undefined ? intent.level !== 'process' : decision.again === 'gone'
}
