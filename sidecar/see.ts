// What the loop looks at: the files, the names, the process, the node, and the addresses whose answer matters.

import type { Logger } from 'pino'
import type { Endpoints } from '../peers/endpoints.ts'
import { own } from '../peers/own.ts'
import { isAddress } from '../peers/peer.ts'
import type { Plan } from '../peers/plan.ts'
import { present } from '../peers/present.ts'
import { blindTurn } from '../peers/turn.ts'
import type { Told } from './chains/index.ts'
import { isMissing, suspects } from './decide/assess.ts'
import { awaitedHosts } from './decide/awaited.ts'
import type { Outcome } from './decide/decision.ts'
import { isFromBefore } from './decide/doubt.ts'
import { enriched } from './decide/enrich.ts'
import { knownTo } from './decide/known.ts'
import { toAskForWords } from './decide/lacking.ts'
import { peersOf } from './decide/lists.ts'
import { type Look, type Observed, type ProcessSeen, stillOpen } from './decide/look.ts'
import type { Learned, Memory } from './decide/memory.ts'
import type { HostView, NodeView } from './decide/observation.ts'
import { pinnableHosts, pinned } from './decide/pin.ts'
import { createAnswers } from './observe/answers.ts'
import {
  endpointsOf,
  isBehind,
  isTold,
  type KnownEndpoints,
  noEndpoints,
  withEndpoints,
  withoutStale,
} from './observe/endpoints.ts'
import type { Input } from './observe/input.ts'
import { probeAll } from './observe/probe.ts'
import type { LookHow } from './observe/resolve.ts'
import type { Held, Reach } from './reach/types.ts'

export type EyeParts = {
  readonly readInput: (learned?: Learned) => Promise<Input>
  /** `doubted`: hosts whose answer is known to be old; they are asked about anew. */
  readonly lookUp: (
    hosts: readonly string[],
    doubted: readonly string[],
    how: LookHow,
  ) => Promise<Record<string, HostView>>
  readonly lookAtNode: (plan: Plan) => Promise<NodeView>
  readonly reachable: (address: string, port: number) => Promise<boolean>
  readonly reach: Pick<Reach, 'find' | 'permit'>
  /** There is an interface by which the running node can be told its peers. */
  readonly canTell: boolean
  readonly ownAddresses: () => readonly string[]
  /** When the controller last read the page, in ms since the epoch; undefined where it has not. */
  readonly controllerLookedAt?: () => number | undefined
  readonly log: Pick<Logger, 'warn'>
  /** The sidecar's own time, which nobody sets: see clock.ts. */
  readonly now: () => number
  /** How far the machine's clock is ahead of it, in ms. Default: 0. */
  readonly wallAhead?: () => number
  readonly random: () => number
}

/** A look, and the variables that the next start of the node would be given with it. */
export type Sight = { readonly look: Look; readonly exports: Readonly<Record<string, string>> }

export type Eyes = {
  /** `told`: how the last telling went, once. */
  look(memory: Memory, told: Told | undefined): Promise<Sight>
  /** What was decided: whose names are asked about often until the next look. */
  heed(outcome: Outcome, look: Look): void
  /** Since when the controller tells an address that DNS does not answer yet; undefined where they agree. */
  behindSince(): number | undefined
}

type Answers = Readonly<Record<string, HostView>>

export function createEyes(parts: EyeParts, restored: Memory): Eyes {
  const others = createAnswers(parts.reachable, parts.now)
  let endpoints: KnownEndpoints = noEndpoints
  /** What DNS answered at the look before. */
  let answers: Answers = restored.hosts
  /** The hosts for whose sake the node may soon be restarted. */
  let awaited: readonly string[] = []
  let nodeId: string | undefined
  let openSince: Readonly<Record<string, number>> = {}

  /** Gathers one look. Addresses are probed last, and only those whose answer matters. */
  async function look(memory: Memory, told: Told | undefined): Promise<Sight> {
    const input = await parts.readInput(memory.learned)
    endpoints = endpointsOf(input, endpoints, parts.log, parts.now())
    const fresh = withoutStale(endpoints, answers, parts.controllerLookedAt?.(), parts.now())
    const lastGood = memory.desired?.lists ?? {}
    const { names, doubted, ...how } = namesToAsk(input, memory, fresh)
    const [replies, found, node] = await Promise.all([
      parts.lookUp(names, doubted, how),
      parts.reach.find(),
      parts.lookAtNode(input.plan),
    ])
    answers = replies
    const hosts = withEndpoints(replies, fresh, memory.hosts, pinnableHosts(input.pinnable), parts.now())
    nodeId = node.status?.id ?? node.id ?? nodeId
    const pinBy = pinning(input, memory, hosts, node)
    const seen: Observed = {
      now: parts.now(),
      wallAhead: parts.wallAhead?.() ?? 0,
      ...fromFiles(input),
      hosts,
      process: processSeen(found),
      node,
      reachable: {},
      openSince: {},
      self: { ...(nodeId === undefined ? {} : { id: nodeId }), addresses: parts.ownAddresses() },
      ...controllerLookedAt(parts.controllerLookedAt?.()),
      canTell: parts.canTell,
      ...(told === undefined ? {} : { told }),
      ...pinsOf(input, pinBy({}).pins),
      ...(memory.learned === undefined ? {} : { learnedVariable: memory.learned.variable }),
      random: parts.random(),
    }
    return probed(enriched(seen, lastGood), input, memory, pinBy)
  }

  /** Which names are asked about, and how. */
  function namesToAsk(
    input: Input,
    memory: Memory,
    fresh: Endpoints,
  ): LookHow & { names: string[]; doubted: string[] } {
    const lists = input.list.ok ? input.list.lists : (memory.desired?.lists ?? {})
    const names = [...new Set(peersOf(lists).map(peer => peer.host))].filter(host => !isAddress(host))
    const pinnable = pinnableHosts(input.pinnable)
    // Neither the node nor the sidecar needs an answer about these.
    const unhurried = names.filter(name => pinnable.has(name) && isTold(own(fresh, name)))
    const open = names.filter(name => !unhurried.includes(name))
    // The node may just have been told by one of several name servers what another would not say.
    const doubted = open.filter(
      name => !pinnable.has(name) && isFromBefore(own(answers, name), memory.process, parts.now()),
    )
    const urgent = open.filter(name => isBehind(own(answers, name), own(fresh, name)) || awaited.includes(name))
    return { names, doubted, unhurried, contested: [...new Set([...urgent, ...doubted])] }
  }

  /** The look with what its addresses answer. */
  async function probed(
    before: Look,
    input: Input,
    memory: Memory,
    pinBy: (reachable: Look['reachable']) => ReturnType<typeof pinned>,
  ): Promise<Sight> {
    const known = knownTo(memory)
    const reachable = await probeAll(suspects(before, known, memory.intent !== null), parts.reachable)
    openSince = stillOpen(openSince, reachable, before.now)
    const { exports, pins } = pinBy(reachable)
    const asked: Look = { ...before, reachable, openSince, ...pinsOf(input, pins) }
    const isWished = memory.intent !== null || asked.standings.some(({ standing }) => isMissing(standing))
    const permit = isWished && input.plan.strategy !== 'hot' ? await permitOf(parts.reach) : undefined
    const after: Look = permit === undefined ? asked : { ...asked, permit }
    const unasked = toAskForWords(after, known)
    if (unasked.length === 0) return { look: after, exports }
    return { look: { ...after, answering: await others.of(unasked) }, exports }
  }

  return {
    look,
    heed(outcome, look) {
      awaited = awaitedHosts(outcome, look.hosts, look.now)
    },
    behindSince() {
      const told = Object.entries(endpoints.endpoints)
      return told.some(([host, behind]) => isBehind(own(answers, host), behind)) ? endpoints.since : undefined
    },
  }
}

type FromFiles = Pick<
  Observed,
  'plan' | 'list' | 'settings' | 'paused' | 'allowMassRemoval' | 'turn' | 'peerHash' | 'turnWait' | 'blindTurn'
>

function fromFiles(input: Input): FromFiles {
  return {
    plan: input.plan,
    list: input.list,
    settings: input.settings,
    paused: input.pause.held,
    ...present('oddPause', input.pause.odd),
    allowMassRemoval: input.allowMassRemoval,
    ...(input.turn === undefined ? {} : { turn: input.turn }),
    ...(input.peerHash === undefined ? {} : { peerHash: input.peerHash }),
    ...(input.turnWait === undefined ? {} : { turnWait: input.turnWait }),
    blindTurn: blindTurn(input.peerHash, input.endpoints),
  }
}

function processSeen(found: Awaited<ReturnType<Reach['find']>>): ProcessSeen {
  return 'process' in found ? { found: true, ...found.process } : notFound(found)
}

function notFound({ hold, detail }: Held): ProcessSeen {
  return { found: false, hold, detail }
}

/** Undefined where nobody beside the node has a say. What fails is no permit. */
async function permitOf({ permit }: Pick<Reach, 'permit'>): Promise<Held | null | undefined> {
  try {
    return await permit?.()
  } catch (error) {
    const detail = `the container beside the node could not be asked: ${error instanceof Error ? error.message : error}`
    return { hold: 'operator-upgrade', detail }
  }
}

function controllerLookedAt(at: number | undefined): Pick<Observed, 'controllerLookedAt'> {
  return at === undefined ? {} : { controllerLookedAt: at }
}

/** What a start would be given in place of names, by what the addresses answer. */
function pinning(
  { exports, pinnable }: Input,
  memory: Memory,
  hosts: Answers,
  { connections }: NodeView,
): (reachable: Look['reachable']) => ReturnType<typeof pinned> {
  const before = memory.prepared?.at(-1)?.pins ?? {}
  return reachable => pinned(exports, pinnable, { hosts, connections, reachable, before })
}

function pinsOf({ pinnable }: Input, pins: NonNullable<Look['pins']>): Pick<Observed, 'pins'> {
  return Object.keys(pinnable).length === 0 ? {} : { pins }
}
