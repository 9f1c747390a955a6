// What the supervisor still knows of a restart that the memory has lost: its state names the last request that it took.
// Pure.
import type { Look } from './look.ts'
import type { Memory, Restart } from './memory.ts'
import type { Timing } from './timing.ts'

/**
 * An ID as `restart` in reconcile.ts makes it: the snapshot's hash, and when it was asked for, in ms since the epoch;
 * and what renew.ts puts after it where a container starts anew with the node (a second attempt, the end of a hold).
 */
const ownRequest = /^(([a-z]\d{1,3}:[0-9a-f]{8,128})\.(\d{12,14}))(?:\.b)?(?:\.go)?$/

/**
 * A node that is so much older than the first look of a memory was there before it, in ms: in a new pod the sidecar
 * starts first.
 */
const olderMs = 10_000

/**
 * The memory with what it lacks. A request that it does not know was a restart, and what came of it is not known: taken
 * for one in vain, until the node is seen to be connected. So budget, back-off and "never twice for one snapshot" hold.
 * Requests that are older than the budget's window, and those of others, are none.
 *
 * Where nothing is known but that something has been lost, `lostAt` says since when: the last restart may have been a
 * moment before.
 */
export function seeded(memory: Memory, look: Look, times: Timing): Memory {
  if (!look.process.found) return memory
  const { request, identity, startedAt } = look.process
  const found = withRequest(memory, look, times)
  const { lost, ...rest } = found
  const isNew = memory.process === null && memory.restarts.length === 0
  // Under wrap nobody has restarted a node that was never asked to; under signal nothing tells but the node's age.
  const wasThere =
    request === undefined ? look.plan.reach.by === 'signal' && startedAt < look.now - olderMs : found === memory
  const isLost = isNew && (lost === true || wasThere) && identity !== ''
  return isLost ? { ...rest, lostAt: look.now } : rest
}

function withRequest(memory: Memory, look: Look, times: Timing): Memory {
  if (!look.process.found || look.process.request === undefined) return memory
  const { request, identity, startedAt } = look.process
  const [, id, hash, time] = ownRequest.exec(request) ?? []
  // With the memory its time is lost (clock.ts): where the machine's clock was set back since, the request looks to be
  // yet to come.
  const at = Math.min(Number(time), look.now)
  if (id === undefined || hash === undefined || at <= look.now - times.budgetSeconds * 1000) return memory
  if (memory.intent?.id === id || memory.restarts.some(restart => restart.id === id)) return memory
  const came = startedAt >= at ? { process: identity, endedAt: startedAt } : { endedAt: at }
  const why = 'remembered by the supervisor alone'
  const restart: Restart = { id, hash, level: 'process', at, why, outcome: 'unverified', ...came }
  return { ...memory, restarts: [...memory.restarts, restart].sort((a, b) => a.at - b.at) }
}
