// The lists by source, as the node's files and variables hold them. Pure.
import { type Peer, peerKey, uniquePeers } from '../../peers/peer.ts'
import type { Source } from '../../peers/plan.ts'

/** The key of a source in Lists. A ConfigMap key can be two sources: a file and a variable. */
export function sourceKey(source: Source): string {
  if (source.kind === 'Literal') return `Literal ${source.name}`
  return `${source.kind} ${source.name}/${source.key} ${source.via}${source.variable ? ` ${source.variable}` : ''}`
}

/** The union of all sources' peers, each once. */
export function peersOf(lists: Lists): Peer[] {
  return uniquePeers(Object.values(lists).flat())
}

/** The lists without the peers that are nowhere in the others: what a process surely got that may have got either. */
export function inBoth(lists: Lists, others: Lists): Lists {
  const keys = new Set(peersOf(others).map(peerKey))
  return Object.fromEntries(
    Object.entries(lists).map(([key, peers]) => [key, peers.filter(peer => keys.has(peerKey(peer)))]),
  )
}

export function isExported(source: Source): boolean {
  return source.kind !== 'Literal' && source.override !== undefined
}

/**
 * Peers by source, keyed by sourceKey. Kept apart because a restart delivers a source only at the source's own level.
 */
export type Lists = Readonly<Record<string, readonly Peer[]>>
