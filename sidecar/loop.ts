// The loop: look, decide, act, remember, show. Events only hint that a look is worth while; a timer catches what they
// miss.
import type { Logger } from 'pino'
import type { Endpoints } from '../peers/endpoints.ts'
import type { Page } from '../peers/page.ts'
import { hostPort, isAddress } from '../peers/peer.ts'
import type { Plan } from '../peers/plan.ts'
import { present } from '../peers/present.ts'
import { holdReasons } from '../peers/reasons.ts'
import { blindTurn } from '../peers/turn.ts'
import type { HotNode, Told } from './chains/index.ts'
import { assess, isMissing, suspects } from './decide/assess.ts'
import { isFromBefore, knownTo, peersOf, tokenOf } from './decide/given.ts'
import { disputeRestMs } from './decide/host-view.ts'
import { toAskForWords } from './decide/lacking.ts'
import { type Look, stillOpen, type Timing } from './decide/look.ts'
import type { Memory } from './decide/memory.ts'
import type { HostView, NodeView } from './decide/observation.ts'
import { pinnableHosts, pinned } from './decide/pin.ts'
import { type Learned, mayLearn, questionsDue } from './decide/program.ts'
import { type Outcome, reconcile } from './decide/reconcile.ts'
import type { Metrics } from './metrics.ts'
import { type Answers, createAnswers } from './observe/answers.ts'
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
import type { LookHow } from './observe/resolve.ts'
import { pageOf } from './page.ts'
import type { Reach } from './reach/reach.ts'

export type LoopParts = {
  readonly readInput: (learned?: Learned) => Promise<Input>
  /** `doubted`: hosts whose answer is known to be old; they are asked about anew. */
  readonly lookUp: (
    hosts: readonly string[],
    doubted: readonly string[],
    how: LookHow,
  ) => Promise<Record<string, HostView>>
  /** When the next DNS answer expires, in ms since the epoch. */
  readonly nextLookUp: () => number | undefined
  readonly lookAtNode: (plan: Plan) => Promise<NodeView>
  readonly reachable: (address: string, port: number) => Promise<boolean>
  readonly reach: Reach
  /** By which the running node can be told its peers; undefined where there is no way. */
  readonly hotNode?: HotNode | undefined
  readonly ownAddresses: () => readonly string[]
  /** When the controller last read the page, in ms since the epoch; undefined where it has not. */
  readonly controllerLookedAt?: () => number | undefined
  readonly save: (memory: Memory) => Promise<void>
  readonly metrics: Metrics
  readonly log: Logger
  readonly now: () => number
  readonly random: () => number
  readonly timing: Timing
  /** The longest time between two looks, in seconds. */
  readonly lookSeconds: number
  /** How long the state may be unwritable until the sidecar says that it is unwell, in seconds. Default: 120. */
  readonly unsavedSeconds?: number
  /** The time between two looks while something is under way, in seconds. */
  readonly busySeconds?: number
}

export type Loop = {
  /** Something may have changed: look again soon. */
  hint(): void
  page(): Page | null
  /** What keeps the loop from its work, or null. */
  unwell(): string | null
  close(): Promise<void>
}

/** Starts looking at once; `memory` is where an earlier sidecar stopped. */
export function startLoop(parts: LoopParts, memory: Memory): Loop {
  const { log, now } = parts
  const busySeconds = parts.busySeconds ?? 1
  let current = memory
  let page: Page | null = null
  let exported = ''
  let nodeId: string | undefined
  let told: Told | undefined
  let known = noEndpoints
  /** How often the supervisor was asked for the programs of this process. */
  let asked = { identity: '', times: 0 }
  let before: Before = { answers: memory.hosts, awaited: [] }
  let openSince: Readonly<Record<string, number>> = {}
  let lookedAt = now()
  const others = createAnswers(parts.reachable, now)
  let failure: string | null = null
  let unsavedSince: number | null = null
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let hinted = false
  let closed = false

  async function lookOnce(): Promise<void> {
    const input = await parts.readInput(current.learned)
    known = endpointsOf(input, known, log, now())
    const { look, exports, answers } = await see(parts, input, current, {
      nodeId,
      told,
      openSince,
      endpoints: withoutStale(known, before.answers, parts.controllerLookedAt?.(), now()),
      others,
      ...before,
    })
    nodeId = look.self.id
    openSince = look.openSince
    told = undefined
    const outcome = reconcile(current, look, parts.timing)
    before = { answers, awaited: awaitedHosts(outcome, look.hosts, look.now) }
    const unsaved = await save(outcome.memory)
    // A restart that is not on disk is not asked for, and decided anew at the next look.
    const isDropped = unsaved !== null && outcome.decision.do === 'restart'
    const next = withUnsaved(pageOf(look, outcome, page), page, unsaved)
    show(next)
    if (isDropped) return
    countEnded(parts.metrics, current, outcome.memory)
    if (outcome.memory.learned !== current.learned) {
      log.info(
        { learned: outcome.memory.learned },
        'the program below the script is known; its variable carries the list from the next start on',
      )
      // What follows is decided with the plan that this makes.
      hinted = true
    }
    current = outcome.memory
    await giveNextStart(look, exports, outcome)
    await askPrograms(look)
    if (outcome.decision.do === 'restart') await restart(outcome.decision)
    if (outcome.decision.do === 'tell') told = await tellNode(outcome.decision)
    // What follows a refusal need not wait.
    if (told && !told.ok && told.refused) hinted = true
  }

  /**
   * What keeps the memory from being written, or null. The page is shown all the same: it must not stand still while
   * nobody knows why.
   */
  async function save(memory: Memory): Promise<string | null> {
    try {
      await parts.save(memory)
      unsavedSince = null
      return null
    } catch (error) {
      if (unsavedSince === null)
        log.error({ err: error }, 'the state cannot be written; nothing is restarted until it can')
      unsavedSince ??= now()
      parts.metrics.lookFailures.inc()
      return error instanceof Error ? error.message : String(error)
    }
  }

  function show(next: Page): void {
    if (next.node.noStatusApi !== undefined && page?.node.noStatusApi === undefined)
      log.warn({ detail: next.node.noStatusApi }, 'no status API')
    if (next.phase !== page?.phase || next.reason !== page?.reason || next.detail !== page?.detail) tell(log, next)
    page = next
    parts.metrics.show(next)
  }

  /** Whatever starts the node next should give it the wanted list, unless that list is one that needs a permission. */
  async function giveNextStart({ list, pins }: Look, exports: Input['exports'], { mayGive }: Outcome): Promise<void> {
    if (!list.ok || !mayGive) return
    const token = tokenOf(list.lists, pins)
    const wanted = JSON.stringify([token, exports])
    if (wanted === exported) return
    await parts.reach.prepare(exports, token)
    exported = wanted
  }

  /**
   * Asks which program a script has started, until that is known. The answer is in the state, of which a hint tells.
   */
  async function askPrograms({ plan, process }: Look): Promise<void> {
    if (
      !parts.reach.askPrograms ||
      !('identity' in process) ||
      !(current.learned ? !current.learned.listens : mayLearn(plan))
    )
      return
    if (asked.identity !== process.identity) asked = { identity: process.identity, times: 0 }
    const due = questionsDue(process.startedAt, now(), parts.timing.askProgramSeconds)
    if (due <= asked.times) return
    asked = { ...asked, times: due }
    await parts.reach.askPrograms(plan.p2pPort)
  }

  async function restart({ intent, why }: Extract<Outcome['decision'], { do: 'restart' }>): Promise<void> {
    log.info({ id: intent.id, level: intent.level, snapshot: intent.hash, why }, 'restarting the node in place')
    const answer = await parts.reach.restart({ id: intent.id, level: intent.level, identity: intent.identity })
    if (!answer.ok)
      log.warn(
        { id: intent.id, reason: answer.hold, detail: answer.detail },
        'the restart was not taken; it will be asked for again',
      )
  }

  async function tellNode({ change, why }: Extract<Outcome['decision'], { do: 'tell' }>): Promise<Told | undefined> {
    log.info(
      { why, add: change.add.map(hostPort), drop: change.drop.map(hostPort) },
      'telling the running node its peers',
    )
    const answer = await parts.hotNode?.tell(change)
    if (answer && !answer.ok)
      log.warn({ refused: answer.refused, detail: answer.detail }, 'the node did not take the peers that it was told')
    return answer
  }

  async function look(): Promise<void> {
    hinted = false
    try {
      await lookOnce()
      parts.metrics.looks.inc()
      lookedAt = now()
      failure = null
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      parts.metrics.lookFailures.inc()
      log.error({ err: error }, 'a comparison failed; the node is left as it is')
    }
  }

  function run(): void {
    if (closed || running) return
    clearTimeout(timer)
    running = look().finally(() => {
      running = null
      if (closed) return
      timer = setTimeout(
        run,
        hinted ? 0 : pauseMs(parts, current, page, busySeconds, failure !== null, known, before.answers),
      )
    })
  }

  run()
  return {
    hint() {
      hinted = true
      run()
    },
    page: () => page,
    unwell() {
      const unsavedSeconds = unsavedSince === null ? 0 : (now() - unsavedSince) / 1000
      if (unsavedSeconds > (parts.unsavedSeconds ?? defaultUnsavedSeconds))
        return `the state could not be written for ${Math.round(unsavedSeconds)} s: ${page?.detail ?? ''}`
      const age = (now() - lookedAt) / 1000
      if (age <= 3 * parts.lookSeconds + 30) return null
      return `the last comparison was finished ${Math.round(age)} s ago${failure ? `: ${failure}` : ''}`
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}

/**
 * A full disk is often emptied within a minute or two, by the kubelet for one; a sidecar that is started again
 * meanwhile would gain nothing.
 */
const defaultUnsavedSeconds = 120

/** A page that says first that the state cannot be written: whatever else it says is not acted on. */
function withUnsaved(page: Page, previous: Page | null, unsaved: string | null): Page {
  if (unsaved === null) return page
  const reason = 'state-unwritable'
  const { until: _, ...rest } = page
  const since = previous?.reason === reason ? previous.since : page.lookedAt
  const detail = [unsaved, page.reason].filter(one => one !== undefined).join('; besides: ')
  return { ...rest, phase: 'waiting', since, reason, sentence: holdReasons[reason], detail }
}

/** Between two looks, however soon a wait is over, in ms. */
const leastPauseMs = 50

/** Between two looks while a peer that has just moved opens its port. */
const arrivingSeconds = 0.3

/**
 * How long a dispute is followed each second, in ms: name servers that disagree for longer (seen: 65 s) have other
 * troubles.
 */
const longestDisputeMs = 180_000

/** With 16 at once and 2 s each, a look waits 8 s for them at most. */
const mostProbes = 64

/** From the look before: what DNS answered, and the hosts for whose sake the node may soon be restarted. */
type Before = { readonly answers: Readonly<Record<string, HostView>>; readonly awaited: readonly string[] }

/** They are asked about each second, and several times, as long as it would be for their sake. */
export function awaitedHosts({ memory, assessed, decision }: Outcome, hosts: Look['hosts'], now: number): string[] {
  const missing = assessed.filter(one => isMissing(one.standing))
  const wished = memory.need === null ? [] : missing.filter(one => one.learns !== null && one.reachable)
  const isDisputed = ({ peer }: (typeof missing)[number]) => now < (hosts[peer.host]?.disputedAt ?? 0) + disputeRestMs
  const disputed = decision.do === 'wait' ? missing.filter(isDisputed) : []
  return [...wished, ...disputed].map(one => one.peer.host)
}

/** Gathers one look. Addresses are probed last, and only those whose answer matters. */
async function see(
  parts: LoopParts,
  input: Input,
  memory: Memory,
  before: Before & {
    nodeId: string | undefined
    told: Told | undefined
    openSince: Readonly<Record<string, number>>
    endpoints: Endpoints
    /** Asks whether those answer that nothing is decided about. */
    others: Answers
  },
): Promise<{ look: Look; exports: Input['exports']; answers: Before['answers'] }> {
  const { told, endpoints } = before
  const lists = input.list.ok ? input.list.lists : (memory.wanted?.lists ?? {})
  const names = [...new Set(peersOf(lists).map(peer => peer.host))].filter(host => !isAddress(host))
  const given = pinnableHosts(input.pinnable)
  // Neither the node nor the sidecar needs an answer about these.
  const unhurried = names.filter(name => given.has(name) && isTold(endpoints[name]))
  const open = names.filter(name => !unhurried.includes(name))
  // The node may just have been told by one of several name servers what another would not say.
  const doubted = open.filter(
    name => !given.has(name) && isFromBefore(before.answers[name], memory.process, parts.now()),
  )
  const awaited = open.filter(name => isBehind(before.answers[name], endpoints[name]) || before.awaited.includes(name))
  const contested = [...new Set([...awaited, ...doubted])]
  const permit = input.plan.strategy === 'hot' ? undefined : parts.reach.permit?.()
  const [answers, found, node, permitted] = await Promise.all([
    parts.lookUp(names, doubted, { contested, unhurried }),
    parts.reach.find(),
    parts.lookAtNode(input.plan),
    permit,
  ])
  const hosts = withEndpoints(answers, endpoints, memory.hosts, given, parts.now())
  const id = node.status?.id ?? node.id ?? before.nodeId
  const controllerLookedAt = parts.controllerLookedAt?.()
  const pinBy = (reachable: Look['reachable']) =>
    pinned(input.exports, input.pinnable, {
      hosts,
      connections: node.connections,
      reachable,
      before: memory.prepared?.at(-1)?.pins ?? {},
    })
  const isPinning = Object.keys(input.pinnable).length > 0
  const seen: Look = {
    now: parts.now(),
    plan: input.plan,
    list: input.list,
    hosts,
    process: 'process' in found ? found.process : found,
    node,
    reachable: {},
    openSince: {},
    self: { ...(id === undefined ? {} : { id }), addresses: parts.ownAddresses() },
    settings: input.settings,
    paused: input.pause.held,
    ...present('oddPause', input.pause.odd),
    allowMassRemoval: input.allowMassRemoval,
    ...(permitted === undefined ? {} : { permit: permitted }),
    ...(input.turn === undefined ? {} : { turn: input.turn }),
    ...(input.peerHash === undefined ? {} : { peerHash: input.peerHash }),
    ...(input.turnWait === undefined ? {} : { turnWait: input.turnWait }),
    ...(controllerLookedAt === undefined ? {} : { controllerLookedAt }),
    blindTurn: blindTurn(input.peerHash, input.endpoints),
    canTell: parts.hotNode !== undefined,
    ...(told === undefined ? {} : { told }),
    ...(isPinning ? { pins: pinBy({}).pins } : {}),
    random: parts.random(),
  }
  const probed = suspects(seen, lists, knownTo(memory), memory.intent !== null)
  const wanted = new Map(probed.map(one => [hostPort({ host: one.address, port: one.port }), one]))
  // Bounded: a hostile answer with thousands of dead addresses must not keep a look from ending.
  const probes = await Promise.all(
    [...wanted]
      .slice(0, mostProbes)
      .map(async ([name, one]) => [name, await parts.reachable(one.address, one.port)] as const),
  )
  const reachable = Object.fromEntries(probes)
  const { exports, pins } = pinBy(reachable)
  const look = {
    ...seen,
    reachable,
    openSince: stillOpen(before.openSince, reachable, seen.now),
    ...(isPinning ? { pins } : {}),
  }
  const others = toAskForWords(assess(look, lists, knownTo(memory)), look)
  if (others.length === 0) return { look, exports, answers }
  return { look: { ...look, answering: await before.others.of(others) }, exports, answers }
}

/**
 * Often while something is under way or may end by time; else when the next DNS answer expires; at the latest after the
 * set time.
 */
function pauseMs(
  parts: LoopParts,
  memory: Memory,
  page: Page | null,
  busySeconds: number,
  failed: boolean,
  known: KnownEndpoints,
  answers: Before['answers'],
): number {
  if (failed) return Math.min(5, parts.lookSeconds) * 1000
  const untilMs = page?.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(page.until) - parts.now()
  const soon = untilMs < 5000
  // DNS answers within seconds what the controller has seen already.
  const behind =
    Object.keys(known.endpoints).some(host => isBehind(answers[host], known.endpoints[host])) &&
    parts.now() < known.since + 60_000
  const disputed = page?.reason === 'lookups-disagree' && parts.now() < Date.parse(page.since) + longestDisputeMs
  const starting = memory.starting !== undefined || page?.phase === 'starting'
  // A pod that has just got its address opens its port within seconds, most within the first few.
  const arrivingMs = page?.reason === 'unreachable' ? parts.now() - Date.parse(page.since) : Number.POSITIVE_INFINITY
  if (arrivingMs < 10_000) return Math.min(busySeconds, arrivingSeconds) * 1000
  const arriving = arrivingMs < 60_000
  const busy =
    memory.intent !== null ||
    memory.telling !== null ||
    starting ||
    arriving ||
    page?.reason === 'settling' ||
    soon ||
    behind ||
    disputed
  if (busy) return Math.min(busySeconds * 1000, Math.max(untilMs, leastPauseMs))
  if (isRecovering(memory, page, parts.now())) return busySeconds * 1000
  const waiting = page?.peers.some(one => one.standing !== 'connected' && one.standing !== 'self') ?? false
  const seconds = waiting ? Math.min(5, parts.lookSeconds) : parts.lookSeconds
  const due = (parts.nextLookUp() ?? Number.POSITIVE_INFINITY) - parts.now()
  return Math.max(busySeconds * 1000, Math.min(due, seconds * 1000 * (0.9 + 0.2 * parts.random())))
}

/**
 * How long after a restart its node is looked at often, where it is not yet as before: others of its group wait for it.
 * In ms.
 */
const recoveringMs = 60_000

function isRecovering({ restarts }: Memory, page: Page | null, now: number): boolean {
  const last = restarts.at(-1)
  if (page === null || last?.endedAt === undefined || now - last.endedAt >= recoveringMs) return false
  const { signedHeight } = page.node
  return (
    page.connected < (last.connectedBefore ?? 0) || (signedHeight !== undefined && signedHeight <= (last.height ?? 0))
  )
}

function tell(log: Logger, page: Page): void {
  const { phase, reason, sentence, detail, connected, wanted } = page
  log[phase === 'waiting' ? 'warn' : 'info'](
    { phase, reason, sentence, detail, connected, listed: page.peers.length, wanted },
    'status',
  )
}

function countEnded(metrics: Metrics, before: Memory, after: Memory): void {
  const open = new Set(before.restarts.filter(one => one.outcome === 'asked').map(one => one.id))
  for (const one of after.restarts) {
    if (open.has(one.id) && one.outcome !== 'asked') metrics.restarts.inc({ level: one.level, outcome: one.outcome })
  }
  const known = new Set(before.told)
  for (const one of after.told) if (!known.has(one)) metrics.told.inc({ outcome: one.outcome })
}
