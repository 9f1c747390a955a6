// For whose sake a restart is, so that one that comes back again and again holds no other. Pure.
import { peerKey } from '../../peers/peer.ts'
import type { Assessed } from './assess.ts'
import { sourceKey } from './lists.ts'
import type { Look } from './look.ts'

/** `of`: who or what it is, in words that are the same each time. `peers`: whom it brings, by peerKey. */
export type Cause = { readonly of: string; readonly peers: readonly string[] }

/**
 * What is behind these missing peers. Of one that is new in a list, the list: an editor can name others each time. Of
 * any other its host, under however many IDs and ports it is listed. In their order, each once.
 */
export function causesOf(missing: readonly Assessed[], look: Look): Cause[] {
  const peers = new Map<string, string[]>()
  for (const listed of missing) {
    const of = causeOf(listed, look)
    peers.set(of, [...(peers.get(of) ?? []), peerKey(listed.peer)])
  }
  return [...peers].map(([of, its]) => ({ of, peers: its }))
}

/** The first list that has it, where several have: one entry is one cause. */
function causeOf({ peer, restartTeaches }: Assessed, look: Look): string {
  if (restartTeaches !== 'list') return `peer ${peer.host}`
  const key = peerKey(peer)
  const source = look.plan.sources.find(its => look.desired.lists[sourceKey(its)]?.some(its => peerKey(its) === key))
  return `list ${source ? sourceKey(source) : 'of none'}`
}
