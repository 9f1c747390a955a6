// The node's own interface, as its chain speaks it, on localhost.
import { exchange } from '../../http/exchange.ts'
import type { Plan } from '../../peers/plan.ts'
import { chains, type NodeApi } from '../chains/index.ts'

export type NodeApiParts = {
  /** Where the node's own interface listens. Default 127.0.0.1. */
  readonly rpcHost?: string
  /** For each question. A busy node answers in well under a second. Default 3000. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

/**
 * The way to ask and to tell the node of this plan; undefined where there is none: a chain without an interface, or a
 * node whose port is not known. Under hostNetwork, where what listens at a port of localhost may be another pod's node,
 * one that tells its state is asked, and none is told.
 */
export function nodeApi(
  plan: Pick<Plan, 'profile' | 'rpcPort' | 'hostNetwork'>,
  { rpcHost = '127.0.0.1', timeoutMs = 3000, now = Date.now }: NodeApiParts = {},
): NodeApi | undefined {
  const chain = chains[plan.profile]
  if (chain.api === null || plan.rpcPort === undefined) return undefined
  if (plan.hostNetwork && !chain.tellsState) return undefined
  const api = chain.api({ host: rpcHost, port: plan.rpcPort, timeoutMs, exchange, now })
  return plan.hostNetwork ? { ask: api.ask } : api
}
