// Looks at the node: asks it where it can be asked, reads its sockets where they tell something.
import type { Plan } from '../../peers/plan.ts'
import { chains, type NodeApi } from '../chains/index.ts'
import type { NodeView } from '../decide/observation.ts'
import { type NodeApiParts, nodeApi } from './node-api.ts'
import { connectionsOf, isListening, readSockets, type Socket } from './sockets.ts'

export type ObserveOptions = NodeApiParts & {
  readonly procDir?: string
  /** Who is asked. Default: the plan's own, made anew. */
  readonly api?: NodeApi
}

/**
 * What can be seen of the node now; never throws. Where a node tells its connections and whether it listens, its
 * sockets are not looked at: the kernel walks its whole table of them for each look, which takes milliseconds. Sockets
 * prove nothing about peers behind a mesh proxy, which holds the connections itself, and under hostNetwork they are
 * those of the whole machine. That a node does not answer is said of one whose chain tells its state: most others have
 * the interface switched off, and then there is nothing to say about that.
 */
export async function lookAtNode(plan: Plan, options: ObserveOptions = {}): Promise<NodeView> {
  const word = await (options.api ?? nodeApi(plan, options))?.ask()
  if (word?.ok && word.listening !== undefined) return viewOf(word)
  const sockets = await socketsOf(plan, options)
  // A generic node may have no port.
  const listening = sockets === undefined || plan.p2pPort === 0 ? {} : { listening: isListening(sockets, plan.p2pPort) }
  if (word?.ok) return { ...viewOf(word), ...listening }
  const silent = word === undefined || !chains[plan.profile].tellsState ? {} : { silent: word.silent }
  if (sockets === undefined || plan.mesh) return { seenBy: 'none', connections: [], ...listening, ...silent }
  return { seenBy: 'sockets', connections: connectionsOf(sockets, plan.p2pPort), ...listening, ...silent }
}

/** By the node's own word, whatever its API is called. */
function viewOf({ ok: _, ...word }: Extract<Awaited<ReturnType<NodeApi['ask']>>, { ok: true }>): NodeView {
  return { seenBy: 'net_info', ...word }
}

/** Undefined where sockets cannot be read, or would be those of others. */
async function socketsOf(plan: Plan, { procDir = '/proc' }: ObserveOptions): Promise<Socket[] | undefined> {
  if (plan.hostNetwork) return undefined
  return readSockets(procDir).catch(() => undefined)
}
