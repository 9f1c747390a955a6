// Source `static`: the list that stands in the PeerSet itself.
import { parsePeers } from '../../peers/formats/index.ts'
import type { Peer } from '../../peers/peer.ts'
import { PeerListError } from '../../peers/peer-list-error.ts'
import type { Problem, Source } from '../source.ts'

/** [ID@]HOST:PORT each; what is none becomes a problem. */
export function readEntries(entries: readonly string[], where: string): { peers: Peer[]; problems: Problem[] } {
  const peers: Peer[] = []
  const problems: Problem[] = []
  for (const [index, entry] of entries.entries()) {
    try {
      peers.push(...parsePeers('generic-list', entry, { source: where }))
    } catch (error) {
      if (!(error instanceof PeerListError)) throw error
      const [{ found = entry, expected = '[ID@]HOST:PORT' } = {}] = error.problems
      problems.push({
        code: 'malformed',
        subject: `${where}[${index}]`,
        message: `found "${found}", expected ${expected}`,
      })
    }
  }
  return { peers, problems }
}

export function staticSource(entries: readonly string[]): Source {
  const { peers, problems } = readEntries(entries, 'static.peers')
  const found = { peers, problems, considered: entries.length }
  return { look: () => Promise.resolve(found), close: () => Promise.resolve() }
}
