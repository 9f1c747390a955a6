// Which way a plan's node can be told its peers while it runs.
import type { Plan } from '../../peers/plan.ts'
import { cometbft } from './cometbft/tell.ts'
import { besu, geth, nethermind } from './ethereum.ts'
import type { HotNode, Interface } from './hot-node.ts'
import { stellarCore } from './stellar-core.ts'
import { substrate } from './substrate.ts'

export type { Connections, HotNode, PeerChange, PeerToTell, Told } from './hot-node.ts'

export type HotParts = {
  /** Where the node's own interface listens. Default 127.0.0.1. */
  readonly rpcHost?: string
  /** For each question. A busy node answers in well under a second. Default 3000. */
  readonly timeoutMs?: number
}

/**
 * The way to tell the node of this plan its peers; undefined where there is none: a generic node, one without an
 * interface, and one under hostNetwork, where what listens at a port of localhost may be another pod's node. Only HTTP
 * on localhost is used. geth's IPC socket lies on the node's own volume, beside its keys, which the sidecar does not
 * mount.
 */
export function hotNode(
  plan: Pick<Plan, 'profile' | 'rpcPort' | 'hostNetwork'>,
  parts: HotParts = {},
): HotNode | undefined {
  if (plan.rpcPort === undefined || plan.hostNetwork) return undefined
  const at: Interface = { host: parts.rpcHost ?? '127.0.0.1', port: plan.rpcPort, timeoutMs: parts.timeoutMs ?? 3000 }
  switch (plan.profile) {
    case 'cometbft':
      return cometbft(at)
    case 'stellar-core':
      return stellarCore(at)
    case 'geth':
      return geth(at)
    case 'besu':
      return besu(at)
    case 'nethermind':
      return nethermind(at)
    case 'substrate':
      return substrate(at)
    case 'generic':
      return undefined
  }
}
