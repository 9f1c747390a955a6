// Looks at the node: asks it where it can be asked, reads its sockets where they tell something.
import type { Plan } from '../peers/plan.ts'
import { askCometbft, type CometbftAnswer, type UpgradeCheck } from './cometbft.ts'
import type { NodeView } from './observation.ts'
import { connectionsOf, isListening, readSockets, type Socket } from './sockets.ts'

export type ObserveOptions = {
  readonly procDir?: string
  /** Where the node's RPC listens. */
  readonly rpcHost?: string
  readonly timeoutMs?: number
  readonly upgradeCheck?: UpgradeCheck
}

/**
 * What can be seen of the node now; never throws. The node's own word on its connections goes before its sockets. Sockets prove nothing
 * about peers behind a mesh proxy, which holds the connections itself, and under hostNetwork they are those of the whole machine.
 */
export async function lookAtNode(plan: Plan, options: ObserveOptions = {}): Promise<NodeView> {
  const [answer, sockets] = await Promise.all([asked(plan, options), seen(plan, options)])
  const listening = sockets === undefined ? {} : { listening: isListening(sockets, plan.p2pPort) }
  if (answer?.ok) return { seenBy: 'net_info', connections: answer.connections, status: answer.status, ...listening }
  const silent = answer === undefined ? {} : { silent: answer.silent }
  if (sockets === undefined || plan.mesh) return { seenBy: 'none', connections: [], ...silent, ...listening }
  return { seenBy: 'sockets', connections: connectionsOf(sockets, plan.p2pPort), ...silent, ...listening }
}

/** Undefined where there is nobody to ask. */
async function asked(plan: Plan, options: ObserveOptions): Promise<CometbftAnswer | undefined> {
  if (plan.profile !== 'cometbft' || plan.rpcPort === undefined) return undefined
  const { rpcHost, timeoutMs, upgradeCheck } = options
  return askCometbft({
    port: plan.rpcPort,
    ...(rpcHost === undefined ? {} : { host: rpcHost }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(upgradeCheck === undefined ? {} : { upgradeCheck }),
  })
}

/** Undefined where sockets cannot be read, or would be those of others. */
async function seen(plan: Plan, { procDir = '/proc' }: ObserveOptions): Promise<Socket[] | undefined> {
  if (plan.hostNetwork) return undefined
  return readSockets(procDir).catch(() => undefined)
}
