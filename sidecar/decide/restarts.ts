// The restarts that are remembered: which was the last for a snapshot, and how each ended. Pure.
import type { Intent, Memory, Restart } from './memory.ts'

/** The restart is no longer under way. One that was not taken has used up no turn. */
export function ended(memory: Memory, intent: Intent, outcome: Restart['outcome'], endedAt: number): Memory {
  const { usedTurn, ...rest } = memory
  const kept = usedTurn === undefined || outcome === 'not-taken' ? rest : memory
  return {
    ...kept,
    intent: null,
    restarts: memory.restarts.map(restart => (restart.id === intent.id ? { ...restart, outcome, endedAt } : restart)),
  }
}

/** The last restart, where it was for this snapshot, and the process that came of it still runs. */
export function restartFor(memory: Memory, hash: string): Restart | undefined {
  const last = memory.restarts.findLast(restart => restart.outcome !== 'not-taken')
  const stands = last?.process === undefined || memory.process === null || last.process === memory.process.identity
  return last?.hash === hash && stands ? last : undefined
}

/**
 * Those that count for the budget. One that was not taken may have stopped the node all the same: a hold that ran out.
 */
export function countedRestarts(memory: Memory): Restart[] {
  return memory.restarts.filter(restart => restart.outcome !== 'not-taken' || restart.process !== undefined)
}

/** Peers that connected after the time for verifying: the restart helped after all. */
export function withVerified(memory: Memory): Memory {
  const last = memory.restarts.at(-1)
  if (last?.outcome !== 'unverified') return memory
  return { ...memory, restarts: [...memory.restarts.slice(0, -1), { ...last, outcome: 'verified' }] }
}
