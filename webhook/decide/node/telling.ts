// Whether the running node will be told its peers, as far as admission can know: one sentence for explain and the log.
import type { Plan } from '../../../peers/plan.ts'
import { chains } from '../../chains/index.ts'

/** `texts`: the node's configuration files, as far as they can be read; see configTexts. */
export function tellingOf(
  plan: Pick<Plan, 'profile' | 'strategy' | 'rpcPort' | 'hostNetwork' | 'reach'>,
  texts: readonly string[],
): string {
  const what = `moved peers and new entries${plan.reach.by === 'observe' ? ', though it is never restarted' : ', before it would be restarted'}`
  if (plan.reach.by === 'observe' && plan.reach.reason === 'seeds-only')
    return 'nothing to tell: it lists nobody to stay connected to'
  if (plan.strategy === 'observe') return 'not told: repeer.dev/strategy says observe'
  if (plan.hostNetwork) return "not told: under hostNetwork what listens at localhost may be another pod's node"
  if (plan.rpcPort === undefined) return 'not told: no interface of the running node is known'
  const { told } = chains[plan.profile]
  return told?.({ what, rpcPort: plan.rpcPort, texts }) ?? `not told: nothing is known of a ${plan.profile} node`
}
