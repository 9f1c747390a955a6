// Whether the node has a status API at the port where it is asked, told from what was seen of its process so far. Pure.
//
// An API that has answered this process's sidecar before and does not now is a node that is busy: silence, for as long
// as it lasts. One that has never answered since the process began, while the node long does what comes after its RPC's
// start, is an API that is not there: a wrong port, or one that is switched off. Then connections alone count, since a
// wrong guess must not switch the product off; and the page says so.
import type { Plan } from '../../peers/plan.ts'
import { chains } from '../chains/index.ts'
import type { Look } from './look.ts'
import type { Memory, StatusApi } from './memory.ts'
import type { Timing } from './timing.ts'

/**
 * How much longer a node has to listen that is connected to nobody, or whose connections cannot be seen: it is the one
 * that needs help most, and the one of which least is known.
 */
const alone = 3

/** Whether the node of this plan has a status API that can be asked. */
export function hasStatusApi(plan: Plan): boolean {
  return chains[plan.profile].tellsState === true && plan.rpcPort !== undefined
}

/**
 * What is known after this look. How it stands with its peers is known by its sockets where it does not answer.
 */
export function rememberApi(memory: Memory, look: Look, times: Timing): Memory {
  const { api, ...rest } = memory
  if (!hasStatusApi(look.plan)) return rest
  const identity = identityOf(memory, look)
  // The process is away for the moment: nothing is learned.
  if (identity === undefined) return memory
  if (look.node.status) return { ...rest, api: { identity, answered: true } }
  const known = api?.identity === identity ? api : next(identity, api, look.plan)
  if (known.answered || known.absentSince !== undefined) return { ...rest, api: known }
  const { listeningSince, connectedSince, ...kept } = known
  if (look.node.listening !== true) return { ...rest, api: kept }
  const listening = listeningSince ?? look.now
  const connected = isConnected(look) ? (connectedSince ?? look.now) : undefined
  const quiet = {
    ...kept,
    listeningSince: listening,
    ...(connected === undefined ? {} : { connectedSince: connected }),
  }
  const isOver = look.now >= patienceEnds(quiet, look.plan, times)
  return { ...rest, api: isOver ? { ...quiet, absentSince: look.now } : quiet }
}

/** The status API was found not to be there: connections alone count. */
export function isAbsent({ api }: Pick<Memory, 'api'>): boolean {
  return api?.absentSince !== undefined
}

/**
 * It was not there for the process before, and has not answered this one: a restart is verified by connections, without
 * waiting for it anew.
 */
export function wasAbsent({ api }: Pick<Memory, 'api'>): boolean {
  return api?.absentSince !== undefined || api?.deadPort !== undefined
}

/**
 * When an API that has never answered is taken for absent, in ms since the epoch, if the node goes on as it does;
 * undefined where that is not to be expected.
 */
export function absentFrom({ api }: Pick<Memory, 'api'>, plan: Plan, times: Timing): number | undefined {
  if (api === undefined || api.answered || api.absentSince !== undefined || api.listeningSince === undefined)
    return undefined
  return patienceEnds(api, plan, times)
}

/** For the page, the log and the Event, where the API is absent. */
export function absentSentence(memory: Pick<Memory, 'api'>, look: Look): string | undefined {
  if (!isAbsent(memory)) return undefined
  const why = look.node.silent ? ` (${look.node.silent})` : ''
  return (
    `no status API has answered at port ${look.plan.rpcPort} since the node's process began${why}: repeer goes by its connections, and cannot see ` +
    'whether it is syncing, catching up or about to upgrade; repeer.dev/rpc-port names the right port'
  )
}

/**
 * A new process has the patience anew, since it may have been configured anew. Where its predecessor had no API at the
 * same port, a shorter one: what says where the API listens stands in files and flags that a restart in place seldom
 * changes, and the node needs no longer for its RPC than to listen.
 */
function next(identity: string, before: StatusApi | undefined, plan: Plan): StatusApi {
  const dead = before?.absentSince !== undefined ? plan.rpcPort : before?.deadPort
  return { identity, answered: false, ...(dead !== undefined && dead === plan.rpcPort ? { deadPort: dead } : {}) }
}

function patienceEnds({ listeningSince = 0, connectedSince, deadPort }: StatusApi, plan: Plan, times: Timing): number {
  const seconds = deadPort !== undefined && deadPort === plan.rpcPort ? times.deadApiSeconds : times.absentApiSeconds
  const listening = listeningSince + alone * seconds * 1000
  return connectedSince === undefined ? listening : Math.min(listening, connectedSince + seconds * 1000)
}

/**
 * A peer that is listed, or whoever dialled the node's P2P port. What else the pod's programs have dialled says
 * nothing.
 */
function isConnected({ node, standings }: Look): boolean {
  return (
    standings.some(listed => listed.standing === 'connected') ||
    node.connections.some(connection => connection.port === undefined)
  )
}

function identityOf(memory: Memory, look: Look): string | undefined {
  if (look.process.found) return look.process.identity
  return look.plan.reach.by === 'observe' ? (memory.api?.identity ?? '') : undefined
}
