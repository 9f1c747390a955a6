// Nothing is left that a restart would teach the node. Pure.
import { own } from '../../peers/own.ts'
import { hostPort, isAddress, peerKey } from '../../peers/peer.ts'
import type { Assessed, AssessedLook } from './assess.ts'
import { type Step, wait } from './decision.ts'
import { sourceKey } from './lists.ts'
import type { Memory } from './memory.ts'
import { disagreement } from './name-gates.ts'
import { restartFor, withVerified } from './restarts.ts'
import type { Timing } from './timing.ts'

/**
 * No restart would help. Either all is well, or it was tried in vain, or a literal list names an address that nobody
 * has any more.
 */
export function nothingToTeach(memory: Memory, look: AssessedLook, times: Timing): Step {
  const absent = look.assessed.filter(listed => listed.standing === 'absent' || listed.standing === 'former')
  // They may have moved, and that is not decided yet.
  const disputed = disagreement(absent, look, times)
  if (disputed) return wait({ ...memory, need: null }, disputed)
  const last = restartFor(memory, look.desired.snapshotHash)
  if (absent.length > 0 && last && last.outcome !== 'verified') {
    return wait(
      { ...memory, need: null },
      { reason: 'already-restarted', detail: `not connected: ${absent.map(listed => listed.peer.host).join(', ')}` },
    )
  }
  const fixed = absent.filter(missing => isAddress(missing.peer.host) && isLiteral(missing, look))
  if (fixed.length > 0) {
    return wait(
      { ...memory, need: null },
      { reason: 'list-fixed', detail: `not connected: ${fixed.map(listed => hostPort(listed.peer)).join(', ')}` },
    )
  }
  return settle(absent.length === 0 ? withVerified(memory) : memory, look.desired.snapshotHash, look)
}

function isLiteral(missing: Assessed, look: AssessedLook): boolean {
  const key = peerKey(missing.peer)
  return look.plan.sources.some(
    source =>
      source.kind === 'Literal' && own(look.desired.lists, sourceKey(source))?.some(peer => peerKey(peer) === key),
  )
}

/** Nothing is left to do for this snapshot. */
export function settle(memory: Memory, hash: string, look: AssessedLook, how?: 'restarted'): Step {
  const last = memory.told.at(-1)
  const told = last?.outcome === 'connected' && last.at === look.now
  const seen = look.assessed.some(listed => listed.standing === 'connected')
  const found = told ? 'told' : seen ? 'connected' : 'given'
  const settled = memory.settled?.hash === hash ? memory.settled : ({ hash, at: look.now, how: how ?? found } as const)
  return { memory: { ...memory, settled, need: null }, decision: { do: 'nothing' } }
}
