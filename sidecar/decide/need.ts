// Since when a restart is wished for. Pure.
import { own } from '../../peers/own.ts'
import { hostPort } from '../../peers/peer.ts'
import type { Assessed } from './assess.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
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
  const since = memory.need ? look.now : openedAt(memory, wish, look)
  const delaySeconds = memory.need?.delaySeconds ?? look.random * times.selfTurnSeconds
  return { hash: look.desired.snapshotHash, since, firstSince: memory.need?.firstSince ?? since, delaySeconds }
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
