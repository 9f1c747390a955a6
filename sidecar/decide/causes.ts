// For whose sake a restart is, so that one that comes back again and again holds no other. Pure.
import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import type { Assessed } from './assess.ts'
import { sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import type { Cause } from './memory.ts'

/** What is behind these missing peers, in their order, each once. */
export function causesOf(missing: readonly Assessed[], look: Look): Cause[] {
  const peers = new Map<string, string[]>()
  for (const listed of missing) {
    for (const of of causesOfOne(listed, look)) peers.set(of, [...(peers.get(of) ?? []), peerKey(listed.peer)])
  }
  return [...peers].map(([of, its]) => ({ of, peers: its }))
}

function causesOfOne({ peer, restartTeaches }: Assessed, look: Look): string[] {
  const host = `peer ${peer.host}`
  if (restartTeaches !== 'list') return [host]
  const key = peerKey(peer)
  // Of several lists that have it the first: it is one entry.
  const source = look.plan.sources.find(its =>
    own(look.desired.lists, sourceKey(its))?.some(entry => peerKey(entry) === key),
  )
  return source ? [host, `list ${sourceKey(source)}`] : [host]
}

export function isList(of: string): boolean {
  return of.startsWith('list ')
}
