// Everything that can hold a restart back, in the order in which it is asked. The first gate that is shut gives the
// reason.
import { type Peer, peerKey } from '../../peers/peer.ts'
import { addressLevel, type Level, levels, type Profile, type Source } from '../../peers/plan.ts'
import { present } from '../../peers/present.ts'
import { type HoldReason, observeReasons } from '../../peers/reasons.ts'
import { peerHash } from '../../peers/snapshot.ts'
import type { Assessed } from './assess.ts'
import { changedSources, peersOf, sourceKey } from './given.ts'
import type { Look, Timing } from './look.ts'
import type { Given, Lists, Memory, Restart } from './memory.ts'
import { nodeGate } from './node-gate.ts'
import { whyNoTurn } from './turn-words.ts'

/** A reason to wait; `until` (ms since the epoch) where time alone may open the gate. */
export type Hold = { readonly reason: HoldReason; readonly detail?: string; readonly until?: number }

export type Wish = {
  readonly hash: string
  readonly lists: Lists
  readonly given: Given
  /** The peers for whose sake the node would be restarted. */
  readonly missing: readonly Assessed[]
  readonly assessed: readonly Assessed[]
  /** The node's connections cannot be seen. */
  readonly blind: boolean
}

/**
 * How long a node of this profile gets to follow a changed address by itself, in seconds. stellar-core looks the names
 * of its peer list up again every 600 s (its OverlayManager's PEER_IP_RESOLVE_DELAY). geth from 1.15 looks a name up at
 * each dial: a dead connection is noticed after 30 s (p2p: frameReadTimeout), the next dial comes after 35 s
 * (dialHistoryExpiration) and may take 20 s. Its version is not known here; an older one only waits those 90 s longer.
 */
const healSeconds: Partial<Record<Profile, number>> = { 'stellar-core': 600, geth: 90 }

/** Ten minutes: a node that has not listened by then has other troubles than a slow start. */
export const longestStartMs = 600_000

/** The level that a wish needs: the highest of those that the changes behind it need, or why there is none. */
export function levelFor(wish: Wish, look: Look, memory: Memory): { level: Exclude<Level, 'none'> } | { hold: Hold } {
  const { plan } = look
  const needed: { level: Level; what: string }[] = []
  const [onlyTold, handed] = apart(wish, look)
  if (handed.some(isAddressMatter)) {
    needed.push({ level: addressLevel(plan), what: 'a changed address' })
  }
  for (const source of new Set([...sourcesBehind(wish, look), ...onlyTold])) {
    needed.push({ level: source.level, what: nameOf(source) })
  }
  const possible = needed.filter(one => one.level !== 'none')
  if (possible.length === 0) {
    if (plan.reach.by === 'observe') return { hold: { reason: 'observe', detail: observeReasons[plan.reach.reason] } }
    const what = needed.map(one => one.what).join(', ')
    return { hold: { reason: 'needs-rollout', ...(what ? { detail: what } : {}) } }
  }
  const level = possible
    .map(one => one.level)
    .reduce((a, b) => (levels.indexOf(a) >= levels.indexOf(b) ? a : b)) as Exclude<Level, 'none'>
  return gentleEnough(level, look, memory)
}

/**
 * The sources of which a restart brings nothing, as far as peers are missing that stand nowhere else; and the missing
 * peers that it may bring.
 */
function apart(wish: Wish, look: Look): [Source[], Assessed[]] {
  const keysOf = (source: Source) => (wish.lists[sourceKey(source)] ?? []).map(peerKey)
  const isHanded = (source: Source) => !(source.unseen && source.level === 'none')
  const brought = new Set(look.plan.sources.filter(isHanded).flatMap(keysOf))
  const [some, none] = [true, false].map(is => wish.missing.filter(one => brought.has(peerKey(one.peer)) === is)) as [
    Assessed[],
    Assessed[],
  ]
  const lost = new Set(none.map(one => peerKey(one.peer)))
  return [look.plan.sources.filter(source => !isHanded(source) && keysOf(source).some(key => lost.has(key))), some]
}

/** Asked in this order: what forbids a restart for long first, what time alone opens last. */
export function shutGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const gates = [
    strategyGate,
    massRemovalGate,
    minPeersGate,
    lookupGate,
    reachableGate,
    settleGate,
    agreementGate,
    nodeGate,
    permitGate,
    triedGate,
    historyGate,
    budgetGate,
    pauseGate,
    turnGate,
    restGate,
  ]
  for (const gate of gates) {
    const hold = gate(wish, look, memory, times)
    if (hold) return hold
  }
  return null
}

function strategyGate(_wish: Wish, look: Look): Hold | null {
  return look.plan.strategy === 'hot' ? { reason: 'hot-only' } : null
}

function massRemovalGate(wish: Wish, look: Look): Hold | null {
  const gone = massRemoval(wish.given.lists, wish.lists, look)
  return gone ? { reason: 'mass-removal', detail: gone } : null
}

/**
 * Says how many peers would go, where that is more than half of them and the list gets shorter: a list whose only peer
 * is replaced by another is an ordinary edit. A peer that keeps its ID and changes its address is not gone. Null where
 * it is no mass removal, or permitted.
 */
export function massRemoval(given: Lists, wanted: Lists, look: Pick<Look, 'allowMassRemoval'>): string | null {
  if (look.allowMassRemoval) return null
  const name = (peer: Peer) => peer.id ?? peerKey({ ...peer, role: 'peer' })
  const old = new Set(peersOf(given).map(name))
  const now = new Set(peersOf(wanted).map(name))
  const gone = [...old].filter(one => !now.has(one)).length
  if (gone * 2 <= old.size || now.size >= old.size) return null
  return `${gone} of ${old.size} peers would be removed`
}

function minPeersGate(wish: Wish, look: Look): Hold | null {
  const { minPeers } = look.plan
  const connected = wish.assessed.filter(one => one.standing === 'connected').length
  if (minPeers === undefined || wish.blind || connected < minPeers) return null
  return { reason: 'enough-peers', detail: `connected to ${connected}, repeer.dev/min-peers is ${minPeers}` }
}

/** With a mesh proxy in the pod every connect succeeds, which says nothing, and so holds nothing back. */
function reachableGate(wish: Wish, look: Look): Hold | null {
  if (look.plan.mesh || wish.missing.some(one => one.reachable)) return null
  const names = wish.missing.map(
    one => `${one.peer.host}:${one.peer.port}${one.addresses.length === 0 ? ' (no address)' : ''}`,
  )
  return { reason: 'unreachable', detail: names.slice(0, 5).join(', ') }
}

/** A start of the node is given its address, so that nothing depends on what a name server says then. */
function isPinned(peer: Peer, look: Look): boolean {
  return look.pins?.[peerKey(peer)] !== undefined
}

function settleGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const need = memory.need
  if (!need) return { reason: 'settling' }
  const addressOnly = wish.missing.every(isAddressMatter)
  const heals = addressOnly ? (healSeconds[look.plan.profile] ?? 0) : 0
  if (heals > 0 && look.now < need.firstSince + heals * 1000)
    return { reason: 'healing', until: need.firstSince + heals * 1000 }
  const until = settledAt(wish, look, need, times)
  const ahead = look.plan.turns === 'controller' ? times.askAheadSeconds * 1000 : 0
  return look.now < until - ahead ? { reason: 'settling', until: until - ahead } : null
}

/** The rest of the settle time, for a turn that has come before it is over. */
function restGate(wish: Wish, look: Look, { need }: Memory, times: Timing): Hold | null {
  const until = need ? settledAt(wish, look, need, times) : 0
  return look.now < until ? { reason: 'settling', until } : null
}

/**
 * What a node gets that may know an address already: CometBFT tries a lost peer every 5 to 8 s (seen: connected after
 * 6.5 s), and three settle times of 5 s hold two such tries.
 */
export function twoTriesSeconds({ plan }: Look): number {
  return plan.times.settleSeconds * 3
}

/** Changes that follow each other start the time again, up to a bound. */
function settledAt(wish: Wish, look: Look, need: NonNullable<Memory['need']>, times: Timing): number {
  const settleSeconds = settleSecondsFor(wish, look, times)
  const longestSeconds = Math.max(times.longestSettleSeconds, settleSeconds)
  return Math.min(need.since + settleSeconds * 1000, need.firstSince + longestSeconds * 1000)
}

/** What a CometBFT node may know already it tries once it is up. */
function triedGate(wish: Wish, look: Look, memory: Memory): Hold | null {
  const until = mayKnow(wish, look) ? upSince(look, memory) + twoTriesSeconds(look) * 1000 : 0
  return look.now < until ? { reason: 'settling', until } : null
}

/**
 * A list that nothing in the pod hands to the node may all the same be one that it has of its own, from its volume or
 * its image.
 */
function mayKnow(wish: Wish, look: Look): boolean {
  if (look.plan.profile !== 'cometbft' || wish.missing.length === 0) return false
  const unseen = new Set(
    look.plan.sources.filter(one => one.unseen).flatMap(one => (wish.lists[sourceKey(one)] ?? []).map(peerKey)),
  )
  return wish.missing.every(one => one.learns === 'perhaps' || (one.learns === 'list' && unseen.has(peerKey(one.peer))))
}

/**
 * Since when the node dials; one that is not seen to be up ten minutes after its start listens elsewhere than the plan
 * says.
 */
function upSince({ now }: Look, { process }: Memory): number {
  return process?.upAt ?? Math.min(now, (process?.startedAt ?? 0) + longestStartMs)
}

function settleSecondsFor(wish: Wish, look: Look, times: Timing): number {
  const own = look.plan.times.settleSeconds
  if (wish.missing.every(one => isAddressMatter(one) && isBehindStable(one, wish.given, look)))
    return Math.max(own, times.stableSettleSeconds)
  if (wish.missing.every(one => one.learns === 'perhaps')) return twoTriesSeconds(look)
  // No node follows an edited list by itself, so nothing can heal; and the controller has seen the same list.
  if (wish.missing.every(one => one.learns === 'list') && isAgreed(wish, look))
    return Math.min(own, times.briefSettleSeconds)
  return own
}

/**
 * Behind a Service whose own address the node has: it reaches the peer by it whatever pod is there. Not one that was
 * made anew, with another address.
 */
function isBehindStable({ peer }: Assessed, given: Given, look: Look): boolean {
  const { behind, addresses = [] } = look.hosts[peer.host] ?? {}
  if (behind === undefined) return false
  const pin = given.pins?.[peerKey(peer)]
  const then = pin === undefined ? (given.addresses[peer.host] ?? []) : [pin]
  return then.some(address => addresses.includes(address))
}

/** The controller paces this pod, and the files hold the list that it has seen. */
function isAgreed(wish: Wish, look: Look): boolean {
  return look.plan.turns === 'controller' && look.peerHash === peerHash(peersOf(wish.lists))
}

function isAddressMatter(one: Assessed): boolean {
  return one.learns === 'address' || one.learns === 'perhaps'
}

/**
 * A node that is given names drops those that do not resolve when it starts (CometBFT: seen): it would lose those peers
 * that it has, and not learn of those that it lacks, though their last answer is remembered here.
 */
function lookupGate(wish: Wish, look: Look): Hold | null {
  const failing = wish.assessed.filter(
    one => one.standing !== 'self' && !isPinned(one.peer, look) && (look.hosts[one.peer.host]?.failures ?? 0) > 0,
  )
  const lost = failing.filter(
    one =>
      one.addresses.length > 0 && (one.standing === 'connected' || (one.standing === 'unseen' && one.learns === null)),
  )
  const unknown = failing.filter(one => one.addresses.length > 0 || !isDefinite(look.hosts[one.peer.host]?.error))
  // Those that it would not learn of are not among the missing for whose sake it is.
  if (lost.length === 0 && (unknown.length === 0 || wish.missing.length > 0)) return null
  const names = (lost.length > 0 ? lost : unknown).map(
    ({ peer: { host } }) => `${host} (${look.hosts[host]?.error ?? 'no answer'})`,
  )
  return { reason: 'lookups-fail', detail: names.slice(0, 5).join(', ') }
}

/** A name server knows that there is no such name, or nothing behind it: that is no failure of look-ups. */
function isDefinite(error: string | undefined): boolean {
  return error === 'ENOTFOUND' || error === 'ENODATA'
}

/**
 * Name servers that contradict each other (two with caches of their own, just after a move), or the controller: a node
 * that looks names up itself may be told an old address, of a peer that it has as well as of one that it lacks.
 */
function agreementGate(wish: Wish, look: Look, _memory: Memory, times: Timing): Hold | null {
  const sake = new Set(wish.missing.map(one => one.peer.host))
  // One that is given to the node need not be agreed about, unless it is for its sake that the node would be restarted.
  return disagreement(
    wish.assessed.filter(({ peer, standing }) => standing !== 'self' && (sake.has(peer.host) || !isPinned(peer, look))),
    look,
    times,
  )
}

/** Those of these peers about whose names somebody has been contradicted a moment ago. */
export function disagreement(assessed: readonly Assessed[], look: Look, times: Timing): Hold | null {
  const open = assessed.flatMap(({ peer }) => {
    const { disputedAt } = look.hosts[peer.host] ?? {}
    const until = (disputedAt ?? 0) + times.calmSeconds * 1000
    return disputedAt !== undefined && look.now < until ? [{ host: peer.host, until }] : []
  })
  if (open.length === 0) return null
  const names = [...new Set(open.map(one => one.host))]
  return {
    reason: 'lookups-disagree',
    detail: names.slice(0, 5).join(', '),
    until: Math.max(...open.map(one => one.until)),
  }
}

/** The container beside the node has a say, and has to be one that can be ended. */
function permitGate(_wish: Wish, { permit }: Look): Hold | null {
  return permit ? { reason: permit.hold, detail: permit.detail } : null
}

/** The last restart, where it was for this snapshot, and the process that came of it still runs. */
export function restartFor(memory: Memory, hash: string): Restart | undefined {
  const last = memory.restarts.findLast(restart => restart.outcome !== 'not-taken')
  const stands = last?.process === undefined || memory.process === null || last.process === memory.process.identity
  return last?.hash === hash && stands ? last : undefined
}

function historyGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const done = memory.restarts.filter(restart => restart.outcome !== 'not-taken')
  const same = restartFor(memory, wish.hash)
  if (same && !isWorthAnother(same, wish, done)) {
    const hosts = wish.missing.map(one => one.peer.host)
    return {
      reason: 'already-restarted',
      detail: `not connected: ${hosts.join(', ')}; restarted at ${new Date(same.at).toISOString()}`,
    }
  }
  const sinceVerified = done.slice(done.findLastIndex(restart => restart.outcome === 'verified') + 1)
  const inVain = sinceVerified.filter(restart => restart.outcome !== 'overtaken')
  const failed = inVain.at(-1)
  if (!failed) return null
  const ended = failed.endedAt ?? failed.at
  if (inVain.length >= 3) {
    const until = ended + times.breakerSeconds * 1000
    return look.now < until ? { reason: 'breaker-open', until } : null
  }
  const until = ended + look.plan.times.minIntervalSeconds * 1000 * 2 ** inVain.length
  return look.now < until ? { reason: 'back-off', until } : null
}

/**
 * It is not known what the node was told when it looked the names up, and somebody who answers is missing: the same
 * again may help, once. One that had helped may help again: of a peer's two addresses another may answer now. Budget
 * and back-off hold.
 */
function isWorthAnother(last: Restart, { hash, missing }: Wish, done: readonly Restart[]): boolean {
  const before = done.at(-2)
  if (last.outcome === 'asked' || (before?.hash === hash && before.outcome !== 'verified')) return false
  return missing.some(one => one.reachable && isAddressMatter(one))
}

function budgetGate(_wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  // One that was not taken may have stopped the node all the same: a hold that ran out.
  const counted = memory.restarts.filter(restart => restart.outcome !== 'not-taken' || restart.process !== undefined)
  // Where the memory was lost, the last restart may have been right before.
  const lost = memory.lostAt ?? 0
  const restart = counted.at(-1)
  const last = Math.max(restart?.at ?? 0, lost)
  const next = last > 0 ? last + look.plan.times.minIntervalSeconds * 1000 : 0
  if (look.now < next) return { reason: 'min-interval', until: next }
  const rest = besideRest(Math.max(restart?.endedAt ?? restart?.at ?? 0, lost), look, times)
  if (rest) return rest
  const inWindow = counted.filter(restart => restart.at > look.now - times.budgetSeconds * 1000)
  const oldest = inWindow.at(-times.budget)
  return oldest ? { reason: 'budget', until: oldest.at + times.budgetSeconds * 1000 } : null
}

/** Counts from the end of the last restart, 0 where there was none: the one beside had started by then. */
function besideRest(endedAt: number, { now, plan: { reach } }: Look, times: Timing): Hold | null {
  if (reach.by !== 'wrap' || reach.beside === undefined || endedAt === 0) return null
  const until = endedAt + times.besideRestSeconds * 1000
  const detail = `container ${reach.beside.container} starts anew with the node, which the kubelet puts off where it comes within 10 minutes`
  return now < until ? { reason: 'min-interval', detail, until } : null
}

function pauseGate(_wish: Wish, look: Look): Hold | null {
  return look.paused ? { reason: 'paused', ...present('detail', look.oddPause) } : null
}

/**
 * With turns: controller, only a turn for exactly this snapshot opens the gate. With turns: self, a delay drawn once
 * for each need.
 */
function turnGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const need = memory.need
  if (look.plan.turns === 'controller') return controllerGate(wish, look, memory)
  if (!need) return { reason: 'awaiting-turn' }
  const until = settledAt(wish, look, need, times) + need.delaySeconds * 1000
  return look.now < until ? { reason: 'awaiting-turn', until } : null
}

function controllerGate(wish: Wish, look: Look, { need, usedTurn }: Memory): Hold | null {
  const list = peerHash(peersOf(wish.lists))
  if (look.peerHash !== undefined && look.peerHash !== list) {
    return { reason: 'waiting-for-kubelet', detail: `the files hold ${list}, repeer.dev/peer-hash is ${look.peerHash}` }
  }
  if (look.turn !== undefined && (look.turn === wish.hash || (look.turn === look.blindTurn && look.turn !== usedTurn)))
    return null
  const detail = whyNoTurn(look, need?.firstSince)
  return { reason: 'awaiting-turn', ...(detail === undefined ? {} : { detail }) }
}

/**
 * The sources whose change the wish is about: all that changed where nothing can be seen, else those that bring a
 * missing peer.
 */
function sourcesBehind(wish: Wish, look: Look): Source[] {
  const missing = new Set(wish.missing.filter(one => one.learns === 'list').map(one => peerKey(one.peer)))
  return changedSources(look.plan, wish.lists, wish.given).filter(
    source => wish.blind || (wish.lists[sourceKey(source)] ?? []).some(peer => missing.has(peerKey(peer))),
  )
}

function nameOf(source: Source): string {
  const list = source.kind === 'Literal' ? source.name : `${source.kind} ${source.name}/${source.key}`
  if (source.unseen)
    return `nothing in the pod hands ${list} to the node, and it was not or cannot be told it while it runs`
  return source.kind === 'Literal' ? list : `${list} (${source.via})`
}

/**
 * A restarted process gets no startupProbe: where the liveness probe would not wait for it, the container has to start
 * again.
 */
function gentleEnough(
  level: Exclude<Level, 'none'>,
  look: Look,
  memory: Memory,
): { level: Exclude<Level, 'none'> } | { hold: Hold } {
  const patience = look.plan.times.livenessSeconds
  const start = memory.lastStartSeconds
  if (level !== 'process' || patience === undefined || start === undefined || patience >= 2 * start) return { level }
  if (look.plan.restartPolicyAlways) return { level: 'container' }
  return {
    hold: { reason: 'needs-rollout', detail: `the liveness probe waits ${patience} s, the last start took ${start} s` },
  }
}
