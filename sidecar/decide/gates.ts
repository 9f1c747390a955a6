// Everything that can hold a restart back, in the order in which it is asked. The first gate that is shut gives the
// reason.

import { present } from '../../peers/present.ts'
import type { AssessedLook } from './assess.ts'
import { causeGate } from './cause-gate.ts'
import { budgetGate, historyGate } from './history-gates.ts'
import type { Memory } from './memory.ts'
import { agreementGate, calmGate, lookupGate } from './name-gates.ts'
import { nodeGate } from './node-gate.ts'
import { restGate, settleGate, triedGate } from './settle-time.ts'
import type { Timing } from './timing.ts'
import { turnGate } from './turn-gate.ts'
import type { Hold, Wish } from './wish.ts'

/** Asked in this order: what forbids a restart for long first, what time alone opens last. */
export function shutGate(wish: Wish, look: AssessedLook, memory: Memory, times: Timing): Hold | null {
  const gates = [
    strategyGate,
    massRemovalGate,
    minPeersGate,
    lookupGate,
    reachableGate,
    settleGate,
    agreementGate,
    nodeGate,
    permitGate,
    triedGate,
    historyGate,
    causeGate,
    budgetGate,
    pauseGate,
    turnGate,
    calmGate,
    restGate,
  ]
  for (const gate of gates) {
    const hold = gate(wish, look, memory, times)
    if (hold) return hold
  }
  return null
}

function strategyGate(_wish: Wish, look: AssessedLook): Hold | null {
  return look.plan.strategy === 'hot' ? { reason: 'hot-only' } : null
}

function massRemovalGate(_wish: Wish, look: AssessedLook): Hold | null {
  return look.massRemoval === null ? null : { reason: 'mass-removal', detail: look.massRemoval }
}

function minPeersGate(wish: Wish, look: AssessedLook): Hold | null {
  const { minPeers } = look.plan
  const connected = look.assessed.filter(listed => listed.standing === 'connected').length
  if (minPeers === undefined || wish.blind || connected < minPeers) return null
  return { reason: 'enough-peers', detail: `connected to ${connected}, repeer.dev/min-peers is ${minPeers}` }
}

/** With a mesh proxy in the pod every connect succeeds, which says nothing, and so holds nothing back. */
function reachableGate(wish: Wish, look: AssessedLook): Hold | null {
  if (look.plan.mesh || wish.missing.some(listed => listed.reachable)) return null
  const names = wish.missing.map(
    listed => `${listed.peer.host}:${listed.peer.port}${listed.addresses.length === 0 ? ' (no address)' : ''}`,
  )
  return { reason: 'unreachable', detail: names.slice(0, 5).join(', ') }
}

/** The container beside the node has a say, and has to be one that can be ended. */
function permitGate(_wish: Wish, { permit }: AssessedLook): Hold | null {
  return permit ? { reason: permit.hold, detail: permit.detail } : null
}

function pauseGate(_wish: Wish, look: AssessedLook): Hold | null {
  return look.paused ? { reason: 'paused', ...present('detail', look.oddPause) } : null
}
