// What the node itself is busy with, and whether it can be asked. Pure.
import { chains } from '../chains/index.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import { absentFrom, hasStatusApi, isAbsent, wasAbsent } from './status-api.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

/**
 * A node whose status API is there to be asked, and does not answer; null for any other. One that has never answered
 * this process may turn out not to be there, see status-api.ts: `until`.
 */
export function silence({ plan, node }: Look, memory: Memory, times: Timing): Hold | null {
  if (!hasStatusApi(plan) || node.status || isAbsent(memory)) return null
  const until = absentFrom(memory, plan, times)
  return {
    reason: 'node-silent',
    ...(node.silent ? { detail: node.silent } : {}),
    ...(until === undefined ? {} : { until }),
  }
}

/**
 * What the node itself is busy with. One that has no status API to ask is busy starting until it has listened for the
 * first time. Where an API was expected and is not there, what it would have told is left out; what its configuration
 * tells still counts, whether or not it is a validator.
 */
export function nodeGate(_wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const silent = silence(look, memory, times)
  if (silent) return silent
  const { status } = look.node
  if (!status) {
    if (look.node.listening === false && (memory.starting !== undefined || isAbsent(memory))) {
      return {
        reason: 'node-silent',
        detail: `port ${look.plan.p2pPort} does not listen${memory.starting === undefined ? '' : ' yet'}`,
      }
    }
    if (!isAbsent(memory)) return null
  }
  const { settings, node } = look
  const forbids = chains[look.plan.profile].forbids ?? (() => null)
  return forbids({
    ...(status ? { status } : {}),
    settings,
    connected: node.connections.length > 0,
    rises: rises(memory),
  })
}

/** One sample says nothing yet: a node that catches up is left alone until two tell that its height stands still. */
function rises(memory: Memory): boolean {
  const [first, last] = [memory.heights.at(0), memory.heights.at(-1)]
  return !first || !last || first.at === last.at || last.height > first.height
}

/**
 * The P2P port listens, and the status API answers where there is one: where the process before had none, that is not
 * waited for.
 */
export function isUp(look: Look, memory: Memory, times: Timing): boolean {
  return look.node.listening !== false && (wasAbsent(memory) || !silence(look, memory, times))
}
