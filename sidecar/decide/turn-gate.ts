// Whose turn it is: the controller's word, or with turns: self a delay. Pure.
import { askedSnapshot } from './asked.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import { settledAt } from './settle-time.ts'
import type { Timing } from './timing.ts'
import { whyNoTurn } from './turn-words.ts'
import type { Hold, Wish } from './wish.ts'

/**
 * With turns: controller, only a turn for what the node asks for opens the gate, or for exactly this snapshot, and each
 * once. With turns: self, a delay drawn once for each need.
 */
export function turnGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const need = memory.need
  if (look.plan.turns === 'controller') return controllerGate(look, memory)
  if (!need) return { reason: 'awaiting-turn' }
  const until = settledAt(wish, look, need, times) + need.delaySeconds * 1000
  return look.now < until ? { reason: 'awaiting-turn', until } : null
}

function controllerGate(look: Look, memory: Memory): Hold | null {
  if (look.peerHash !== undefined && look.peerHash !== look.desired.listHash) {
    return {
      reason: 'waiting-for-kubelet',
      detail: `the files hold ${look.desired.listHash}, repeer.dev/peer-hash is ${look.peerHash}`,
    }
  }
  const opens = [askedSnapshot(memory, look), look.desired.snapshotHash, look.blindTurn]
  if (look.turn !== undefined && look.turn !== memory.usedTurn && opens.includes(look.turn)) return null
  const detail = whyNoTurn(look, memory.need?.firstSince)
  return { reason: 'awaiting-turn', ...(detail === undefined ? {} : { detail }) }
}
