// The sidecar's decision: (what it remembers, what it sees) -> (what to do, what to remember). Pure.
//
// The gentlest cure comes first. Connected to every listed peer at a present address: nothing to do, record it. A peer
// is missing, and the running node can be told: tell it. It cannot, a restart would teach it something, and nothing
// holds the restart back: restart, at the lowest level that works. Everything else: wait, and say why.
import { hostPort, isAddress, peerKey } from '../../peers/peer.ts'
import { type Assessed, assess, dialledHosts, isMissing } from './assess.ts'
import {
  disagreement,
  type Hold,
  levelFor,
  longestStartMs,
  massRemoval,
  restartFor,
  shutGate,
  twoTriesSeconds,
  type Wish,
} from './gates.ts'
import {
  doubtAnswers,
  givenAtStart,
  givenByRestart,
  hashOf,
  inBoth,
  isUncertain,
  knownTo,
  listToken,
  peersOf,
  pinsAtStart,
  sourceKey,
  tokenOf,
  withLearned,
  withPins,
  wouldLearn,
} from './given.ts'
import { meet } from './lacking.ts'
import type { Look, Timing } from './look.ts'
import type { Given, Intent, Lists, Memory, Restart } from './memory.ts'
import { silence } from './node-gate.ts'
import type { NodeProcess } from './observation.ts'
import { rememberProgram } from './program.ts'
import { seeded } from './seed.ts'
import { rememberApi, wasAbsent } from './status-api.ts'
import { learnedByTelling, rememberTold, type Tell, tellFirst } from './telling.ts'

export type Decision =
  /** The node is as it should be. */
  | { readonly do: 'nothing' }
  /** Something differs and is left: the reason, and until when where time alone may change it. */
  | ({ readonly do: 'wait' } & Hold)
  | Tell
  /**
   * Ask the reach for this restart, after the returned memory is safe on disk. A restart asked for before is asked for
   * again by the same id.
   */
  | { readonly do: 'restart'; readonly intent: Intent; readonly why: string }
  /** A restart has been asked for, and the node is not back and connected yet. */
  | {
      readonly do: 'verify'
      readonly until: number
      /** The node has ended since it came back, not by repeer: it is gone, or has been started again. */
      readonly again?: 'gone' | 'started'
    }

export type Outcome = {
  readonly memory: Memory
  readonly decision: Decision
  readonly assessed: readonly Assessed[]
  /**
   * Whether whatever starts the node next may give it the wanted list: not one that removes most peers without
   * permission.
   */
  readonly mayGive: boolean
}

type GoodLook = Look & { readonly list: { readonly ok: true } }
type Step = { readonly memory: Memory; readonly decision: Decision }

/**
 * Takes the memory and one look, returns the next memory and what to do. Never throws on what a node, a list or DNS may
 * say.
 */
export function reconcile(memory: Memory, look: Look, times: Timing): Outcome {
  const taken = remember(seeded(memory, look, times), look, times)
  const lists = look.list.ok ? look.list.lists : (taken.wanted?.lists ?? {})
  const dialled = dialledHosts(assess(look, lists, knownTo(taken)), look)
  const learned = (given: Given | null) => given && withLearned(given, dialled, look.hosts)
  const remembered = { ...taken, given: learned(taken.given), taught: learned(taken.taught) }
  const assessed = assess(look, lists, knownTo(remembered))
  const told = rememberUp(rememberApi(remembered, look, assessed, times), look, times)
  const mayGive = look.list.ok && !(remembered.given && massRemoval(remembered.given.lists, lists, look))
  const known = { ...told, met: meet(told.met, assessed, look.now) }
  const step = decide(known, look, assessed, times)
  return { ...step, memory: mayGive ? prepared(step.memory, look, lists) : step.memory, assessed, mayGive }
}

/** Enough to know what a start was given that happened some changes ago, during a stop that takes its grace period. */
const mostPrepared = 4

/**
 * What the next start is given in addresses is written before it is prepared, so that its token is understood whatever
 * happens in between.
 */
function prepared(memory: Memory, look: Look, lists: Lists): Memory {
  if (look.pins === undefined) return memory
  const { prepared: before = [] } = memory
  const token = tokenOf(lists, look.pins)
  if (before.at(-1)?.token === token) return memory
  return {
    ...memory,
    prepared: [...before, { token, pins: look.pins, hash: hashOf(lists, look.hosts), at: look.now }].slice(
      -mostPrepared,
    ),
  }
}

function decide(memory: Memory, look: Look, assessed: readonly Assessed[], times: Timing): Step {
  if (memory.intent) return pursue(memory, memory.intent, look, assessed, times)
  // A node that lists nobody from its start is as it should be: the others dial it.
  if (!look.list.ok && look.list.reason === 'list-empty' && memory.wanted === null)
    return { memory, decision: { do: 'nothing' } }
  // A node restarted now would read the bad list and refuse to start, so addresses are not followed either.
  if (!look.list.ok) return wait({ ...memory, need: null }, { reason: look.list.reason, detail: look.list.message })
  if ('hold' in look.process && look.plan.reach.by !== 'observe') {
    return wait(memory, { reason: look.process.hold, detail: look.process.detail })
  }
  return compare(memory, { ...look, list: look.list }, assessed, times)
}

/** No restart is under way: does the node need one? */
function compare(memory: Memory, look: GoodLook, assessed: readonly Assessed[], times: Timing): Step {
  const { lists } = look.list
  const hash = hashOf(lists, look.hosts)
  const given = knownTo(memory)
  if (!given) return wait(memory, { reason: 'node-silent', detail: 'the node process has not been seen yet' })

  const blind = look.node.seenBy === 'none'
  // Where nothing can be seen, an answer that was merely young at the start is taken to be what the node got.
  const missing = assessed.filter(
    one => isMissing(one.standing) && one.learns !== null && !(blind && one.learns === 'perhaps'),
  )
  if (missing.length === 0)
    return nothingToTeach(learnedByTelling(memory, hash, assessed, look), hash, assessed, look, times)
  const whole: Wish = { hash, lists, given, missing: leftToUs(missing, look), assessed, blind }
  if (whole.missing.length === 0) return wait({ ...memory, need: null }, { reason: 'owner-rolls' })
  const told = tellFirst({ ...memory, need: needFor(memory, whole, look, times) }, whole, look, times)
  if (told.next) return 'do' in told.next ? { memory: told.memory, decision: told.next } : wait(told.memory, told.next)
  return restartOrWait(told.memory, whole, look, times)
}

/** Telling is not possible, or was in vain. */
function restartOrWait(memory: Memory, whole: Wish, look: GoodLook, times: Timing): Step {
  const level = levelFor(whole, look, memory)
  if ('hold' in level) return wait({ ...memory, need: null }, level.hold)

  // From here on it is about those peers only that a restart at this level would bring.
  const giving = givenByRestart(memory, look, level.level)
  const wish = {
    ...whole,
    missing: whole.missing.filter(one => wouldLearn(one.peer, giving, look.hosts, look.pins) === null),
  }
  const wishing = { ...memory, need: needFor(memory, wish, look, times) }
  const hold = shutGate(wish, look, wishing, times)
  if (hold) return wait(wishing, hold)
  return restart(wishing, wish, giving, level.level, look)
}

/**
 * An owner that replaces the pod on an edited list brings new peers itself; but not those of a list that nothing in the
 * pod sees.
 */
function leftToUs(missing: readonly Assessed[], look: GoodLook): readonly Assessed[] {
  if (!look.plan.ownerRolls) return missing
  const unseen = look.plan.sources
    .filter(source => source.unseen)
    .flatMap(source => look.list.lists[sourceKey(source)] ?? [])
  const keys = new Set(unseen.map(peerKey))
  return missing.filter(one => one.learns !== 'list' || keys.has(peerKey(one.peer)))
}

/**
 * No restart would help. Either all is well, or it was tried in vain, or a literal list names an address that nobody
 * has any more.
 */
function nothingToTeach(
  memory: Memory,
  hash: string,
  assessed: readonly Assessed[],
  look: GoodLook,
  times: Timing,
): Step {
  const absent = assessed.filter(one => one.standing === 'absent' || one.standing === 'former')
  // They may have moved, and that is not decided yet.
  const disputed = disagreement(absent, look, times)
  if (disputed) return wait({ ...memory, need: null }, disputed)
  const last = restartFor(memory, hash)
  if (absent.length > 0 && last && last.outcome !== 'verified') {
    return wait(
      { ...memory, need: null },
      { reason: 'already-restarted', detail: `not connected: ${absent.map(one => one.peer.host).join(', ')}` },
    )
  }
  const fixed = absent.filter(one => isAddress(one.peer.host) && isLiteral(one, look))
  if (fixed.length > 0) {
    return wait(
      { ...memory, need: null },
      { reason: 'list-fixed', detail: `not connected: ${fixed.map(one => hostPort(one.peer)).join(', ')}` },
    )
  }
  return settle(absent.length === 0 ? withVerified(memory) : memory, hash, assessed, look.now)
}

function isLiteral(one: Assessed, look: GoodLook): boolean {
  const key = peerKey(one.peer)
  return look.plan.sources.some(
    source => source.kind === 'Literal' && look.list.lists[sourceKey(source)]?.some(peer => peerKey(peer) === key),
  )
}

/** Peers that connected after the time for verifying: the restart helped after all. */
function withVerified(memory: Memory): Memory {
  const last = memory.restarts.at(-1)
  if (last?.outcome !== 'unverified') return memory
  return { ...memory, restarts: [...memory.restarts.slice(0, -1), { ...last, outcome: 'verified' }] }
}

/**
 * A need lasts as long as somebody reachable is missing; another snapshot starts the settle time again, but not its
 * longest extent.
 */
function needFor(memory: Memory, wish: Wish, look: Look, times: Timing): Memory['need'] {
  const urgent = look.plan.mesh || wish.missing.some(one => one.reachable)
  if (!urgent) return null
  if (memory.need?.hash === wish.hash) return memory.need
  const since = memory.need ? look.now : openedAt(memory, wish, look)
  const delaySeconds = memory.need?.delaySeconds ?? look.random * times.selfTurnSeconds
  return { hash: wish.hash, since, firstSince: memory.need?.firstSince ?? since, delaySeconds }
}

/**
 * When the last of the reachable missing peers could first be reached: from then on the node, or that peer, could have
 * healed it. The controller tells of an address up to 5 s before cluster DNS does.
 */
function openedAt(memory: Memory, wish: Wish, look: Look): number {
  const opened = wish.missing.filter(one => one.reachable).map(one => firstOpen(one, look))
  if (opened.length === 0) return look.now
  return Math.min(look.now, Math.max(...opened, memory.process?.startedAt ?? 0, memory.wanted?.since ?? 0))
}

function firstOpen({ peer, addresses }: Assessed, look: Look): number {
  return Math.min(...addresses.map(address => look.openSince[hostPort({ host: address, port: peer.port })] ?? look.now))
}

function restart(memory: Memory, wish: Wish, giving: Given, level: Intent['level'], look: GoodLook): Step {
  const identity = 'identity' in look.process ? look.process.identity : ''
  const id = `${wish.hash}.${look.now}`
  const why = whyRestart(wish)
  const sake = wish.missing.filter(one => one.reachable !== false).map(one => peerKey(one.peer))
  const intent: Intent = { id, hash: wish.hash, level, at: look.now, identity, sake, giving }
  const connectedBefore = wish.assessed.filter(one => one.standing === 'connected').length
  const { height } = look.node.status ?? {}
  const before = { ...(wish.blind ? {} : { connectedBefore }), ...(height === undefined ? {} : { height }) }
  const asked: Restart = { id, hash: wish.hash, level, at: look.now, why, outcome: 'asked', ...before }
  const used = look.turn !== undefined && look.turn === look.blindTurn ? { usedTurn: look.turn } : {}
  const next = { ...memory, ...used, intent, need: null, restarts: [...memory.restarts, asked] }
  return { memory: next, decision: { do: 'restart', intent, why } }
}

function whyRestart(wish: Wish): string {
  const told = wish.missing.filter(one => one.reachable !== false)
  const parts = [
    [told.filter(one => one.learns === 'list').map(one => one.peer.host), 'new in the list and not connected'],
    [told.filter(one => one.learns !== 'list').map(one => one.peer.host), 'not connected at its present address'],
  ] as const
  return (
    parts
      .filter(([hosts]) => hosts.length > 0)
      .map(([hosts, what]) => `${hosts.slice(0, 5).join(', ')}: ${what}`)
      .join('; ') || 'the list changed'
  )
}

/** A restart is under way: ask again, wait for the new process, or verify it. */
function pursue(memory: Memory, intent: Intent, look: Look, assessed: readonly Assessed[], times: Timing): Step {
  const process = 'identity' in look.process ? look.process : null
  const goOn: Step | null =
    process && isUnfinishedBeside(look, process, memory, times)
      ? {
          memory,
          decision: { do: 'restart', intent, why: 'asked before, and not finished: the container beside the node' },
        }
      : null
  if (intent.backAt === undefined) {
    const until = intent.at + (look.plan.times.graceSeconds + times.takeSeconds) * 1000
    if (look.now >= until && process?.identity === intent.identity) {
      return close(memory, intent, 'not-taken', look, assessed)
    }
    if (goOn) return goOn
    // Holding the node is half of restarting all containers; the other half is the sidecar's own exit, which asking
    // again brings about.
    const unfinished = process?.request !== intent.id || intent.level === 'all-containers'
    if (process?.identity === intent.identity && unfinished && look.list.ok && !look.paused) {
      return { memory, decision: { do: 'restart', intent, why: 'asked before, not yet taken' } }
    }
    return { memory, decision: { do: 'verify', until } }
  }
  const { until, again } = verdictBy(memory, { ...intent, backAt: intent.backAt }, look, times)
  const outcome = process ? outcomeOf(memory, intent, look, assessed, times) : null
  if (outcome === 'verified') return close(memory, intent, 'verified', look, assessed)
  if (outcome === 'overtaken') return decide(ended(memory, intent, 'overtaken', look.now), look, assessed, times)
  if (look.now < until) return goOn ?? { memory, decision: { do: 'verify', until, ...(again ? { again } : {}) } }
  return close(memory, intent, 'unverified', look, assessed)
}

/**
 * Until when the restarted node has the time to be connected. One that takes minutes to open its database gets twice what
 * its last start took. Where it ends meanwhile, and its kubelet starts it again (a liveness probe that fails, a crash),
 * the next process has the time anew, up to ten minutes in all: it says nothing about the restart that it is gone.
 */
function verdictBy(
  { process, lastStartSeconds = 0 }: Memory,
  { backAt }: Intent & { backAt: number },
  look: Look,
  times: Timing,
): { until: number; again?: 'gone' | 'started' } {
  const patienceMs = Math.max(times.verifySeconds, 2 * lastStartSeconds) * 1000
  const longest = backAt + Math.max(patienceMs, longestStartMs)
  const isGone = 'hold' in look.process && ['supervisor-absent', 'process-not-found'].includes(look.process.hold)
  if (isGone) return { until: longest, again: 'gone' }
  const startedAt = process?.startedAt ?? 0
  // The two are read a moment apart.
  if (startedAt <= backAt + 1000) return { until: backAt + patienceMs }
  return { until: Math.min(startedAt + patienceMs, longest), again: 'started' }
}

/**
 * A restart with a container beside the node is the sidecar's own work beyond the request: it goes on with it where the
 * node is held, whatever has happened since, as it is down; and once more where the node has started and waits for
 * nobody.
 */
function isUnfinishedBeside(look: Look, { phase, beside }: NodeProcess, memory: Memory, times: Timing): boolean {
  if (look.plan.reach.by !== 'wrap' || look.plan.reach.beside === undefined) return false
  if (phase === 'stopping' || phase === 'held') return true
  return beside?.stuck === true && !isUp(look, memory, times) && !look.paused
}

/**
 * The P2P port listens, and the status API answers where there is one: where the process before had none, that is not
 * waited for.
 */
function isUp(look: Look, memory: Memory, times: Timing): boolean {
  return look.node.listening !== false && (wasAbsent(memory) || !silence(look, memory, times))
}

/**
 * The node is up, and each peer for whose sake it was is connected or does not answer; where connections cannot be
 * seen, listening is all. `overtaken` where none but such as have moved since are missing: the node learned another
 * address, and the next restart is for the present one. Else null.
 */
function outcomeOf(
  memory: Memory,
  intent: Intent,
  look: Look,
  assessed: readonly Assessed[],
  times: Timing,
): 'verified' | 'overtaken' | null {
  if (look.node.listening !== false && look.node.seenBy === 'none') return 'verified'
  if (!isUp(look, memory, times)) return null
  const awaited = assessed.filter(one => intent.sake.includes(peerKey(one.peer)) && isAwaited(one))
  if (awaited.length === 0) return 'verified'
  return awaited.every(one => hasMovedSince(one, memory, intent, look)) ? 'overtaken' : null
}

function isAwaited({ standing, reachable, addresses }: Assessed): boolean {
  return isMissing(standing) && reachable !== false && addresses.length > 0
}

/**
 * It has none of the addresses any more that the node was given. The node may have got the new one all the same, and
 * has the time to show it.
 */
function hasMovedSince({ peer, addresses, learns }: Assessed, memory: Memory, intent: Intent, look: Look): boolean {
  const pin = intent.giving.pins?.[peerKey(peer)]
  const given = pin === undefined ? (intent.giving.addresses[peer.host] ?? []) : [pin]
  if (learns !== 'address' || addresses.some(address => given.includes(address))) return false
  const since = Math.max(memory.process?.upAt ?? look.now, look.hosts[peer.host]?.since ?? look.now)
  return look.now >= since + twoTriesSeconds(look) * 1000
}

function close(
  memory: Memory,
  intent: Intent,
  outcome: Restart['outcome'],
  look: Look,
  assessed: readonly Assessed[],
): Step {
  const closed = ended(memory, intent, outcome, look.now)
  if (outcome === 'verified') return settle(closed, intent.hash, assessed, look.now, 'restarted')
  return wait(closed, {
    reason: outcome === 'unverified' ? 'already-restarted' : 'not-taken',
    detail: `restart ${intent.id}`,
  })
}

/** The restart is no longer under way. One that was not taken has used up no turn. */
function ended(memory: Memory, intent: Intent, outcome: Restart['outcome'], endedAt: number): Memory {
  const { usedTurn, ...rest } = memory
  const kept = usedTurn === undefined || outcome === 'not-taken' ? rest : memory
  return {
    ...kept,
    intent: null,
    restarts: memory.restarts.map(one => (one.id === intent.id ? { ...one, outcome, endedAt } : one)),
  }
}

/** Nothing is left to do for this snapshot. */
function settle(memory: Memory, hash: string, assessed: readonly Assessed[], at: number, how?: 'restarted'): Step {
  const last = memory.told.at(-1)
  const told = last?.outcome === 'connected' && last.at === at
  const seen = assessed.some(one => one.standing === 'connected')
  const found = told ? 'told' : seen ? 'connected' : 'given'
  const settled = memory.settled?.hash === hash ? memory.settled : ({ hash, at, how: how ?? found } as const)
  return { memory: { ...memory, settled, need: null }, decision: { do: 'nothing' } }
}

function wait(memory: Memory, hold: Hold): Step {
  return { memory, decision: { do: 'wait', ...hold } }
}

/** Takes in what this look tells about lists, process, heights and time, before anything is decided. */
function remember(memory: Memory, look: Look, times: Timing): Memory {
  const listed = rememberLists(rememberTold(rememberTurn(rememberProgram(memory, look), look), look), look)
  const withProcess =
    'identity' in look.process ? rememberProcess(listed, look, look.process, times) : observed(listed, look, times)
  const kept = withProcess.restarts.filter(
    (one, index, all) => one.at > look.now - times.budgetSeconds * 1000 || index >= all.length - 4,
  )
  const given = withProcess.given && doubtAnswers(withProcess.given, withProcess.process, look.hosts)
  return { ...withProcess, given, hosts: look.hosts, heights: rememberHeight(withProcess, look), restarts: kept }
}

/** Once it is gone from the files it has been taken back; the same again is another. */
function rememberTurn(memory: Memory, look: Look): Memory {
  const { usedTurn, ...rest } = memory
  return usedTurn === undefined || usedTurn === look.turn ? memory : rest
}

function rememberLists(memory: Memory, look: Look): Memory {
  if (!look.list.ok) return memory
  const { lists } = look.list
  if (memory.wanted && JSON.stringify(memory.wanted.lists) === JSON.stringify(lists)) return memory
  return { ...memory, wanted: { lists, since: look.now }, before: memory.wanted?.lists ?? null }
}

function rememberProcess(old: Memory, look: Look, process: NodeProcess, times: Timing): Memory {
  const memory = rememberStart(old, look, process)
  if (memory.process?.identity === process.identity) return memory
  const { identity, startedAt } = process
  const { intent } = memory
  if (intent !== null && intent.identity !== identity) {
    if (
      intent.level !== 'process' &&
      look.plan.reach.by === 'wrap' &&
      containerOf(identity) === containerOf(intent.identity)
    ) {
      // The container was to start again, and only the process did: a hold that ran out. What needs the container was
      // not delivered, and yet the node has been stopped for it: that counts for the budget, or it would be stopped
      // again and again.
      const { restarts, ...rest } = ended(memory, intent, 'not-taken', look.now)
      const stopped = restarts.map(one => (one.id === intent.id ? { ...one, process: identity } : one))
      return { ...rest, restarts: stopped, process: { identity, startedAt }, taught: null }
    }
    const { given, hash } = gave(memory, intent, look, process, times)
    const restarts = memory.restarts.map(one => (one.id === intent.id ? { ...one, hash, process: identity } : one))
    const back = { ...intent, hash, backAt: intent.backAt ?? look.now }
    return { ...memory, process: { identity, startedAt }, given, taught: null, intent: back, restarts }
  }
  return {
    ...memory,
    process: { identity, startedAt },
    given: givenAtStart(memory, look, process, times),
    taught: null,
  }
}

function rememberUp(memory: Memory, look: Look, times: Timing): Memory {
  const { process } = memory
  if (!('identity' in look.process) || process === null || process.upAt !== undefined || !isUp(look, memory, times))
    return memory
  return { ...memory, process: { ...process, upAt: look.now } }
}

/**
 * What the new process was given, and the snapshot that this is. With edits between asking and starting, the supervisor
 * tells by its token that it was a newer list already; or the files were newer than the token.
 */
function gave(
  memory: Memory,
  intent: Intent,
  look: Look,
  process: NodeProcess,
  times: Timing,
): { given: Given; hash: string } {
  const asked = gaveLists(memory, intent, look, process)
  const { pins: _, ...named } = withDoubts(asked.given, intent, look, process, times)
  const pins = pinsAtStart(memory, look, process, times)
  if (pins === undefined) return { ...asked, given: named }
  const its = memory.prepared?.findLast(one => one.token === process.given)
  // They were prepared anew between asking and starting.
  const other = its !== undefined && tokenOf({}, its.pins) !== tokenOf({}, intent.giving.pins)
  return { given: withPins(named, pins), hash: other ? its.hash : asked.hash }
}

/**
 * A node that looks names up itself may have been told otherwise than the sidecar about those for whose sake it was
 * restarted, as long as the answer is young.
 */
function withDoubts(given: Given, { sake }: Intent, look: Look, process: NodeProcess, times: Timing): Given {
  const hosts = new Set(
    peersOf(given.lists).flatMap(peer => (sake.includes(peerKey(peer)) && !isAddress(peer.host) ? [peer.host] : [])),
  )
  const young = [...hosts].filter(host => isUncertain(look.hosts[host], process.startedAt, times))
  return { ...given, uncertain: [...new Set([...given.uncertain, ...young])] }
}

function gaveLists(memory: Memory, intent: Intent, look: Look, process: NodeProcess): { given: Given; hash: string } {
  const asked = { given: intent.giving, hash: intent.hash }
  if (!look.list.ok) return asked
  const isIt = (lists: Lists | null): lists is Lists =>
    lists !== null && process.given !== undefined && listToken(process.given) === tokenOf(lists)
  const lists = [look.list.lists, memory.before].find(isIt)
  const byToken = lists && givenByRestart(memory, { ...look, list: { ok: true, lists } }, intent.level)
  const other = byToken !== undefined && tokenOf(byToken.lists) !== tokenOf(intent.giving.lists)
  const hash = other ? hashOf(lists ?? {}, look.hosts) : intent.hash
  if (byToken && lists === look.list.lists) return { given: byToken, hash }
  const given = byToken && other ? byToken : intent.giving
  return { given: { ...given, lists: inBoth(given.lists, look.list.lists) }, hash }
}

/** Under wrap an identity is SUPERVISOR/STARTS, and each container start has a supervisor of its own. */
function containerOf(identity: string): string {
  return identity.split('/', 1)[0] ?? identity
}

/** Measured for a process that was seen young, up to the first look at which it listens. */
function rememberStart(memory: Memory, look: Look, process: NodeProcess): Memory {
  const { starting, ...rest } = memory
  if (memory.process?.identity !== process.identity) {
    return look.now - process.startedAt < 10_000 && look.node.listening !== undefined
      ? { ...rest, starting: process.identity }
      : rest
  }
  if (look.now - process.startedAt > longestStartMs) return rest
  if (starting !== process.identity || look.node.listening !== true) return memory
  return { ...rest, lastStartSeconds: Math.max(0, (look.now - process.startedAt) / 1000) }
}

/**
 * Under observe the process may be out of sight: what the node was given is what there was when the sidecar first
 * looked; and when it does not listen, its process is ending or new, and what it was told is forgotten.
 */
function observed(memory: Memory, look: Look, times: Timing): Memory {
  if (look.plan.reach.by !== 'observe') return memory
  if (memory.given)
    return look.node.listening === false && memory.taught ? { ...memory, taught: null, telling: null } : memory
  if (!look.list.ok) return memory
  return { ...memory, given: givenAtStart(memory, look, { startedAt: look.now }, times) }
}

/** Two samples at least 10 s apart, the older at most 60 s. */
function rememberHeight(memory: Memory, look: Look): Memory['heights'] {
  const status = look.node.status
  if (!status) return []
  const sample = { at: look.now, height: status.height }
  const first = memory.heights.at(0)
  if (!first || status.height < first.height) return [sample]
  const recent = memory.heights.filter(one => one.at > look.now - 60_000)
  const oldest = recent.at(0) ?? memory.heights.at(-1) ?? sample
  return look.now - oldest.at < 10_000 ? [oldest] : [oldest, sample]
}
