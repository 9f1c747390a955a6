// Takes in which process runs, what it was given when it started, and how long that took. Pure.

import { gave } from './gave.ts'
import { knownAtStart } from './known.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import type { NodeProcess } from './observation.ts'
import { ended } from './restarts.ts'
import { longestStartMs, type Timing } from './timing.ts'

export function rememberProcess(old: Memory, look: Look, process: NodeProcess, times: Timing): Memory {
  const memory = rememberStart(old, look, process)
  if (memory.process?.identity === process.identity) return memory
  const { identity, startedAt } = process
  const { intent } = memory
  if (intent !== null && intent.identity !== identity) {
    if (
      intent.level !== 'process' &&
      look.plan.reach.by === 'wrap' &&
      containerOf(identity) === containerOf(intent.identity)
    ) {
      // The container was to start again, and only the process did: a hold that ran out. What needs the container was
      // not delivered, and yet the node has been stopped for it: that counts for the budget, or it would be stopped
      // again and again.
      const { restarts, ...rest } = ended(memory, intent, 'not-taken', look.now)
      const stopped = restarts.map(restart => (restart.id === intent.id ? { ...restart, process: identity } : restart))
      return { ...rest, restarts: stopped, process: { identity, startedAt }, taught: null }
    }
    const { known, hash } = gave(memory, intent, look, process, times)
    const restarts = memory.restarts.map(restart =>
      restart.id === intent.id ? { ...restart, hash, process: identity } : restart,
    )
    const back = { ...intent, hash, backAt: intent.backAt ?? look.now }
    return { ...memory, process: { identity, startedAt }, startedWith: known, taught: null, intent: back, restarts }
  }
  return {
    ...memory,
    process: { identity, startedAt },
    startedWith: knownAtStart(memory, look, process, times),
    taught: null,
  }
}

/**
 * Under observe the process may be out of sight: what the node was given is what there was when the sidecar first
 * looked; and when it does not listen, its process is ending or new, and what it was told is forgotten.
 */
export function observed(memory: Memory, look: Look, times: Timing): Memory {
  if (look.plan.reach.by !== 'observe') return memory
  if (memory.startedWith)
    return look.node.listening === false && memory.taught ? { ...memory, taught: null, telling: null } : memory
  if (!look.list.ok) return memory
  return { ...memory, startedWith: knownAtStart(memory, look, { startedAt: look.now }, times) }
}

/** Measured for a process that was seen young, up to the first look at which it listens. */
function rememberStart(memory: Memory, look: Look, process: NodeProcess): Memory {
  const { starting, ...rest } = memory
  if (memory.process?.identity !== process.identity) {
    return look.now - process.startedAt < 10_000 && look.node.listening !== undefined
      ? { ...rest, starting: process.identity }
      : rest
  }
  if (look.now - process.startedAt > longestStartMs) return rest
  if (starting !== process.identity || look.node.listening !== true) return memory
  return { ...rest, lastStartSeconds: Math.max(0, (look.now - process.startedAt) / 1000) }
}

/** Under wrap an identity is SUPERVISOR/STARTS, and each container start has a supervisor of its own. */
function containerOf(identity: string): string {
  return identity.split('/', 1)[0] ?? identity
}
