// From what a source has found to the list that should be written. Pure: a source that fails or knows a part only takes
// nobody from the list.
import { type Format, PeerListError, writePeers } from '../peers/formats/index.ts'
import { hostPort, type Peer, peerKey, uniquePeers } from '../peers/peer.ts'
import type { PeerSetSpec } from './peer-set.ts'
import type { Found, Problem } from './source.ts'
import { readEntries } from './sources/static.ts'

/** What a failing source is taken to have said. */
export const nothingKnown: Found = { peers: [], problems: [], considered: 0, incomplete: true }

export type Chosen = { readonly peers: readonly Peer[]; readonly problems: readonly Problem[] }

/**
 * Sorted, each once, at most `limit`: of more than that, those that are listed already stay, so that a newcomer moves
 * nobody.
 * @param before the list as it stands
 */
export function choosePeers(
  found: Found,
  spec: Pick<PeerSetSpec, 'additional' | 'exclude' | 'limit' | 'output'>,
  before: readonly Peer[],
): Chosen {
  const { exclude, limit, output } = spec
  const additional = readEntries(spec.additional, 'additional')
  const candidates = uniquePeers([...found.peers, ...additional.peers, ...(found.incomplete ? before : [])])
  const allowed = candidates.filter(
    ({ id, host }) => !(id !== undefined && exclude.ids.includes(id.toLowerCase())) && !exclude.hosts.includes(host),
  )
  const unwritable: Problem[] = []
  // Nearly always all of them are, and asking once is enough.
  const isWhole = isWritable(output.format, allowed)
  const writable = allowed.filter(peer => {
    if (isWhole || isWritable(output.format, [peer])) return true
    unwritable.push({
      code: 'no-id',
      subject: hostPort(peer),
      message: `format ${output.format} cannot hold a peer with ${shown(peer.id)}`,
    })
    return false
  })
  const problems = [...found.problems, ...additional.problems, ...unwritable]
  if (writable.length <= limit) return { peers: writable, problems }
  const listed = new Set(before.map(peerKey))
  const [stay, come] = [
    writable.filter(peer => listed.has(peerKey(peer))),
    writable.filter(peer => !listed.has(peerKey(peer))),
  ]
  const message = `found ${writable.length} peers, expected at most spec.limit ${limit}; ${writable.length - limit} are left out`
  return {
    peers: uniquePeers([...stay, ...come].slice(0, limit)),
    problems: [...problems, { code: 'limit', subject: 'list', message }],
  }
}

/**
 * As the chain's programs read it; sorted. stellar-core's lists are one peer a line here, as in ConfigMaps of the
 * Stellar operator.
 */
export function writeList(format: Format, peers: readonly Peer[]): string {
  return format === 'stellar-list' ? peers.map(hostPort).join('\n') : writePeers(format, peers)
}

function isWritable(format: Format, peers: readonly Peer[]): boolean {
  try {
    writePeers(format, peers)
    return true
  } catch (error) {
    if (!(error instanceof PeerListError)) throw error
    return false
  }
}

function shown(id: string | undefined): string {
  return id === undefined ? 'no identity' : `the identity ${id}`
}
