// The hands that a plan's way of reaching the node needs.
import type { Plan } from '../../peers/plan.ts'
import { createObserve } from './observe-only.ts'
import { createSignal } from './signal.ts'
import type { Reach, ReachParts } from './types.ts'
import { createWrap } from './wrap.ts'

export function createReach(plan: Pick<Plan, 'reach' | 'times'>, parts: ReachParts): Reach {
  const { reach } = plan
  const { graceSeconds } = plan.times
  if (reach.by === 'wrap') return createWrap({ ...parts, graceSeconds, beside: reach.beside })
  if (reach.by === 'signal') return createSignal({ ...parts, graceSeconds, names: reach.names })
  return createObserve({ ...parts, reason: reach.reason })
}
