// Since when a restart is wished for. Pure.
import { own } from '../../peers/own.ts'
import { hostPort } from '../../peers/peer.ts'
import type { Assessed } from './assess.ts'
import { causesOf } from './causes.ts'
import type { Look } from './look.ts'
import type { Cause, Memory } from './memory.ts'
import type { Timing } from './timing.ts'
import type { Wish } from './wish.ts'

/**
 * A need lasts as long as somebody reachable is missing; another snapshot starts the settle time again, but not its
 * longest extent.
 */
export function needFor(memory: Memory, wish: Wish, look: Look, times: Timing): Memory['need'] {
  const urgent = look.plan.mesh || wish.missing.some(listed => listed.reachable)
  if (!urgent) return null
  if (memory.need?.hash === look.desired.snapshotHash) return memory.need
  const hash = look.desired.snapshotHash
  if (memory.need) return { ...memory.need, hash, since: look.now }
  const since = openedAt(memory, wish, look)
  return { hash, since, firstSince: since, delaySeconds: look.random * times.selfTurnSeconds }
}

/**
 * The same for those whose cause need not wait. Where there is another than those that have been held back, the time
 * begins anew: how long these have been missing says nothing about it. `held`: the causes of this wish, where all have
 * to wait; else none.
 */
export function needByCause(
  memory: Memory,
  wish: Wish,
  look: Look,
  times: Timing,
  held: readonly string[],
): Memory['need'] {
  const { heldBack = [] } = memory.need ?? {}
  const isAnother =
    memory.need !== null && heldBack.length > 0 && held.length === 0 && !isAmong(causesOf(wish.missing, look), heldBack)
  const need = needFor(isAnother ? { ...memory, need: null } : memory, wish, look, times)
  if (need === null) return null
  const { heldBack: _, ...rest } = need
  return held.length > 0 ? { ...rest, heldBack: held } : rest
}

function isAmong(causes: readonly Cause[], heldBack: readonly string[]): boolean {
  return causes.every(({ of }) => heldBack.includes(of))
}

/**
 * When the last of the reachable missing peers could first be reached: from then on the node, or that peer, could have
 * healed it. The controller tells of an address up to 5 s before cluster DNS does.
 */
function openedAt(memory: Memory, wish: Wish, look: Look): number {
  const opened = wish.missing.filter(listed => listed.reachable).map(listed => firstOpen(listed, look))
  if (opened.length === 0) return look.now
  return Math.min(look.now, Math.max(...opened, memory.process?.startedAt ?? 0, memory.desired?.since ?? 0))
}

function firstOpen({ peer, addresses }: Assessed, look: Look): number {
  return Math.min(
    ...addresses.map(address => own(look.openSince, hostPort({ host: address, port: peer.port })) ?? look.now),
  )
}
