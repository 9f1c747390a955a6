// How long a difference has to last before a restart: until an edit rests, or the node has had the time to heal by
// itself. Pure.
import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import { chains } from '../chains/index.ts'
import type { Assessed } from './assess.ts'
import { sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import type { Known, Memory } from './memory.ts'
import { longestStartMs, type Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

export function settleGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const need = memory.need
  if (!need) return { reason: 'settling' }
  const addressOnly = wish.missing.every(isAddressMatter)
  const heals = addressOnly ? (chains[look.plan.profile].healSeconds ?? 0) : 0
  if (heals > 0 && look.now < need.firstSince + heals * 1000)
    return { reason: 'healing', until: need.firstSince + heals * 1000 }
  const until = settledAt(wish, look, need, times)
  const ahead = askAheadMs(look, times.askAheadSeconds)
  return look.now < until - ahead ? { reason: 'settling', until: until - ahead } : null
}

/** How long before a wait is over a turn is asked for, in ms: 0 where there is nobody to give one. */
export function askAheadMs({ plan }: Look, seconds: number): number {
  return plan.turns === 'controller' ? seconds * 1000 : 0
}

/** The rest of the settle time, for a turn that has come before it is over. */
export function restGate(wish: Wish, look: Look, { need }: Memory, times: Timing): Hold | null {
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
export function settledAt(wish: Wish, look: Look, need: NonNullable<Memory['need']>, times: Timing): number {
  const settleSeconds = settleSecondsFor(wish, look, times)
  const longestSeconds = Math.max(times.longestSettleSeconds, settleSeconds)
  return Math.min(need.since + settleSeconds * 1000, need.firstSince + longestSeconds * 1000)
}

/** What a node that retries may know already it tries once it is up. */
export function triedGate(wish: Wish, look: Look, memory: Memory): Hold | null {
  const until = mayKnow(wish, look) ? upSince(look, memory) + twoTriesSeconds(look) * 1000 : 0
  return look.now < until ? { reason: 'settling', until } : null
}

/**
 * A list that nothing in the pod hands to the node may all the same be one that it has of its own, from its volume or
 * its image.
 */
function mayKnow(wish: Wish, look: Look): boolean {
  if (!chains[look.plan.profile].retries || wish.missing.length === 0) return false
  const unseen = new Set(
    look.plan.sources
      .filter(source => source.unseen)
      .flatMap(source => (own(look.desired.lists, sourceKey(source)) ?? []).map(peerKey)),
  )
  return wish.missing.every(
    listed =>
      listed.restartTeaches === 'perhaps' || (listed.restartTeaches === 'list' && unseen.has(peerKey(listed.peer))),
  )
}

/**
 * Since when the node dials; one that is not seen to be up ten minutes after its start listens elsewhere than the plan
 * says.
 */
function upSince({ now }: Look, { process }: Memory): number {
  return process?.upAt ?? Math.min(now, (process?.startedAt ?? 0) + longestStartMs)
}

function settleSecondsFor(wish: Wish, look: Look, times: Timing): number {
  const stated = look.plan.times.settleSeconds
  if (wish.missing.every(listed => isAddressMatter(listed) && isBehindStable(listed, wish.known, look)))
    return Math.max(stated, times.stableSettleSeconds)
  if (wish.missing.every(listed => listed.restartTeaches === 'perhaps')) return twoTriesSeconds(look)
  // No node follows an edited list by itself, so nothing can heal; and the controller has seen the same list.
  if (wish.missing.every(listed => listed.restartTeaches === 'list') && isAgreed(look))
    return Math.min(stated, times.briefSettleSeconds)
  return stated
}

/**
 * Behind a Service whose own address the node has: it reaches the peer by it whatever pod is there. Not one that was
 * made anew, with another address.
 */
function isBehindStable({ peer }: Assessed, known: Known, look: Look): boolean {
  const { behind, addresses = [] } = own(look.hosts, peer.host) ?? {}
  if (behind === undefined) return false
  const pin = own(known.pins, peerKey(peer))
  const then = pin === undefined ? (own(known.addresses, peer.host) ?? []) : [pin]
  return then.some(address => addresses.includes(address))
}

/** The controller paces this pod, and the files hold the list that it has seen. */
function isAgreed(look: Look): boolean {
  return look.plan.turns === 'controller' && look.peerHash === look.desired.listHash
}

export function isAddressMatter(listed: Assessed): boolean {
  return listed.restartTeaches === 'address' || listed.restartTeaches === 'perhaps'
}
