// Reach observe: the eyes of reach signal, and no hands.
import { type ObserveReason, observeReasons } from '../../peers/reasons.ts'
import { createEyes, nodeProcess } from './eyes.ts'
import type { Held, Reach, ReachParts } from './types.ts'

/** Sees the node's process where the PID namespace happens to be shared, and touches nothing. */
export function createObserve(parts: ReachParts & { reason: ObserveReason }): Reach {
  const { procDir, reason, now = Date.now } = parts
  const choose = createEyes(procDir, [])
  const held: Held = { hold: 'observe', detail: observeReasons[reason] }
  return {
    async find() {
      // The host's processes are those of other pods, too.
      if (reason === 'host-pid') return held
      const target = await choose()
      return 'hold' in target
        ? { hold: 'observe', detail: `${held.detail}; ${target.detail}` }
        : { process: await nodeProcess(target, procDir, now()) }
    },
    async prepare() {},
    restart: async () => ({ ok: false, ...held }),
  }
}
