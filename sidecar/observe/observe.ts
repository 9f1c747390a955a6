// Looks at the node: asks it where it can be asked, reads its sockets where they tell something.
import type { Plan } from '../../peers/plan.ts'
import type { SigningCheck } from '../chains/cometbft/signing.ts'
import { askCometbft, type CometbftAnswer, type UpgradeCheck } from '../chains/cometbft/status.ts'
import type { PowerCheck } from '../chains/cometbft/voting-power.ts'
import { type Connections, type HotNode, hotNode } from '../chains/index.ts'
import type { NodeView } from '../decide/observation.ts'
import { connectionsOf, isListening, readSockets, type Socket } from './sockets.ts'

export type ObserveOptions = {
  readonly procDir?: string
  /** Where the node's RPC listens. */
  readonly rpcHost?: string
  readonly timeoutMs?: number
  readonly upgradeCheck?: UpgradeCheck
  readonly powerCheck?: PowerCheck
  readonly signingCheck?: SigningCheck
  /** Who is asked for the connections of a node other than CometBFT's. Default: the plan's own, made anew. */
  readonly hot?: HotNode
}

/**
 * What can be seen of the node now; never throws. Where a CometBFT node tells its connections itself, its sockets are
 * not looked at: the kernel walks its whole table of them for each look, which takes milliseconds. Other nodes do not
 * tell whether they listen for peers. Sockets prove nothing about peers behind a mesh proxy, which holds the
 * connections itself, and under hostNetwork they are those of the whole machine.
 */
export async function lookAtNode(plan: Plan, options: ObserveOptions = {}): Promise<NodeView> {
  const answer = await asked(plan, options)
  if (answer?.ok)
    return { seenBy: 'net_info', connections: answer.connections, status: answer.status, listening: answer.listening }
  const silent = answer === undefined ? {} : { silent: answer.silent }
  const [word, sockets] = await Promise.all([heard(plan, options), seen(plan, options)])
  if (word !== undefined) {
    return {
      seenBy: 'net_info',
      ...word,
      ...(sockets === undefined || plan.p2pPort === 0 ? {} : { listening: isListening(sockets, plan.p2pPort) }),
    }
  }
  if (sockets === undefined) return { seenBy: 'none', connections: [], ...silent }
  // A generic node may have no port.
  const listening = plan.p2pPort === 0 ? {} : { listening: isListening(sockets, plan.p2pPort) }
  if (plan.mesh) return { seenBy: 'none', connections: [], ...listening, ...silent }
  return { seenBy: 'sockets', connections: connectionsOf(sockets, plan.p2pPort), ...listening, ...silent }
}

/** Undefined where there is nobody to ask. */
async function asked(plan: Plan, options: ObserveOptions): Promise<CometbftAnswer | undefined> {
  if (plan.profile !== 'cometbft' || plan.rpcPort === undefined) return undefined
  const { rpcHost, timeoutMs, upgradeCheck, powerCheck, signingCheck } = options
  return askCometbft({
    port: plan.rpcPort,
    ...(rpcHost === undefined ? {} : { host: rpcHost }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(upgradeCheck === undefined ? {} : { upgradeCheck }),
    ...(powerCheck === undefined ? {} : { powerCheck }),
    ...(signingCheck === undefined ? {} : { signingCheck }),
  })
}

/**
 * Undefined where the node does not tell: most have the interface for it switched off, and then there is nothing to say
 * about that.
 */
async function heard(
  plan: Plan,
  options: ObserveOptions,
): Promise<Extract<Connections, { connections: unknown }> | undefined> {
  if (plan.profile === 'cometbft') return undefined
  const answer = await (options.hot ?? hotNode(plan, options))?.connections()
  return answer !== undefined && 'connections' in answer ? answer : undefined
}

/** Undefined where sockets cannot be read, or would be those of others. */
async function seen(plan: Plan, { procDir = '/proc' }: ObserveOptions): Promise<Socket[] | undefined> {
  if (plan.hostNetwork) return undefined
  return readSockets(procDir).catch(() => undefined)
}
