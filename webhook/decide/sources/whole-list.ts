// The whole list of a node, as far as it can be read here: its hash and size, and whether it names anybody to stay
// connected to.
import { formatKinds } from '../../../peers/formats/index.ts'
import { uniquePeers } from '../../../peers/peer.ts'
import type { Source } from '../../../peers/plan.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf, type Parsed, parse, peersIn } from '../pod/content.ts'
import type { Stated } from './deliveries.ts'

export type WholeList = {
  readonly peers?: { readonly peerHash: string; readonly peers: number }
  /** Of the first peer that can be read. */
  readonly port: number | undefined
  /** The number of distinct seeds, where every source can be read. */
  readonly seeds: number
  readonly warnings: readonly string[]
}

/** The hash and size of the whole list, where every source can be read; what cannot be read or parsed is a warning. */
export function readList(input: DecideInput, sources: readonly Source[]): WholeList {
  const warnings: string[] = []
  const lists = sources.flatMap(source => {
    // Nobody is listed until its PeerSet writes it.
    if (isNotWrittenYet(input, source)) return []
    const parsed = peersOf(input, source, message => warnings.push(message))
    if (parsed && 'error' in parsed)
      warnings.push(
        `the list does not parse, and the sidecar would not apply it: ${input.quote ? parsed.quoted : parsed.error}`,
      )
    return [parsed && 'peers' in parsed ? parsed.peers : undefined]
  })
  const port = lists.flatMap(list => list ?? [])[0]?.port
  if (lists.length === 0 || lists.some(list => list === undefined)) return { port, seeds: 0, warnings }
  const peers = uniquePeers(lists.flatMap(list => list ?? []))
  const count = peers.filter(peer => peer.role === 'peer').length
  return { peers: { peerHash: peerHash(peers), peers: count }, port, seeds: peers.length - count, warnings }
}

function isNotWrittenYet(input: DecideInput, source: Source): boolean {
  if (source.kind === 'Literal' || source.deliveredBy === undefined) return false
  const view = input.configMap(source.name)
  const data = dataOf(view)
  return view === 'absent' || (data !== undefined && !Object.hasOwn(data, source.key))
}

function peersOf(input: DecideInput, source: Source, warn: (message: string) => void): Parsed | undefined {
  if (source.kind === 'Literal') return parse(source.format, source.text, source.role, source.name)
  const place = `${source.kind} ${source.name}/${source.key}`
  if (source.kind === 'Secret') warn(`${place} is read by the sidecar only, not here`)
  else {
    const view = input.configMap(source.name)
    const data = dataOf(view)
    const parsed = data && peersIn(data, source.key, source.format, source.role, place)
    if (parsed) return parsed
    if (view === 'unknown') warn(`ConfigMap ${source.name} is not in the cache yet, so its content was not looked at`)
    else if (view !== 'too-large')
      warn(data ? `${place} does not exist: the ConfigMap has no such key` : `ConfigMap ${source.name} does not exist`)
  }
  return undefined
}

/**
 * Whether the node lists seeds and nobody else: it asks them once for addresses and need not stay connected to them, so
 * that there is nothing to follow. What an annotation names is followed whatever it holds: it may be a list to come.
 */
export function hasSeedsAlone(overrides: Stated, sources: readonly Source[], { peers, seeds }: WholeList): boolean {
  if (overrides.config !== undefined || overrides.peers !== undefined) return false
  if (sources.every(({ role }) => role === 'seed')) return true
  // An empty list of its own (static-nodes.json, PERSISTENT_PEERS) is one to be filled; an empty setting in a document
  // is what programs write.
  const hasListOfItsOwn = sources.some(
    source =>
      source.role === 'peer' &&
      (formatKinds[source.format] !== 'settings' || (source.kind !== 'Literal' && source.deliveredBy !== undefined)),
  )
  return !hasListOfItsOwn && peers?.peers === 0 && seeds > 0
}
