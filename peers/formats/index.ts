// The formats in which chains write peer lists. Each has a file of its own here; this one is their table.

import { detached } from '../detached.ts'
import { type Peer, peerKey, type Role } from '../peer.ts'
import { maxProblems, PeerListError, type PeerListProblem } from '../peer-list-error.ts'
import { present } from '../present.ts'
import { besuToml } from './besu.ts'
import type { Codec, Report } from './codec.ts'
import { cometbftList, cometbftToml } from './cometbft.ts'
import { enodeList, staticNodes } from './enode.ts'
import { genericList } from './generic.ts'
import { gethToml } from './geth.ts'
import { multiaddrList } from './multiaddr.ts'
import { stellarCfg, stellarList } from './stellar.ts'
import { tm2List, tm2Toml } from './tm2.ts'

export { PeerListError, type PeerListProblem } from '../peer-list-error.ts'

export const formats = [
  'cometbft-toml', // config.toml: [p2p] persistent_peers, seeds (underscores or dashes)
  'cometbft-list', // id@host:port, comma-separated
  'tm2-toml', // gno.land's config.toml: [p2p] persistent_peers
  'tm2-list', // g1...@host:port, comma-separated
  'stellar-cfg', // stellar-core.cfg: KNOWN_PEERS, PREFERRED_PEERS
  'stellar-list', // host[:port], separated by commas or newlines
  'geth-toml', // config.toml: [Node.P2P] StaticNodes, TrustedNodes; BootstrapNodes as seeds
  'besu-toml', // config.toml: bootnodes, all seeds
  'static-nodes', // static-nodes.json: a JSON array of enode URLs
  'enode-list', // enode URLs, comma-separated
  'multiaddr-list', // multiaddresses, separated by white space or commas
  'generic-list', // host:port a line, or a JSON array of host:port
] as const
export type Format = (typeof formats)[number]

/**
 * What a text of a format is: `settings`, a configuration file that has more than its peers and says what they are for;
 * `file`, a list alone in a file of its own; `list`, bare entries, which may stand in a variable or a flag as well.
 */
export const formatKinds: Readonly<Record<Format, 'settings' | 'file' | 'list'>> = {
  'cometbft-toml': 'settings',
  'cometbft-list': 'list',
  'tm2-toml': 'settings',
  'tm2-list': 'list',
  'stellar-cfg': 'settings',
  'stellar-list': 'list',
  'geth-toml': 'settings',
  'besu-toml': 'settings',
  'static-nodes': 'file',
  'enode-list': 'list',
  'multiaddr-list': 'list',
  'generic-list': 'list',
}

export type ReadOptions = {
  /** Names the list in errors: "ConfigMap node0/config.toml". */
  readonly source: string
  /** What entries are for, where the format does not say it itself (bare lists do not, documents do). Default: peer. */
  readonly role?: Role
  /**
   * For entries without a port, where the chain allows that: stellar (11625 by default) and generic (none by default).
   */
  readonly defaultPort?: number
}

/** 1 MiB: no ConfigMap or Secret is larger (Kubernetes' own bound), so no list read from one is. */
const maxBytes = 1024 * 1024

const codecs: Readonly<Record<Format, Codec>> = {
  'cometbft-toml': cometbftToml,
  'cometbft-list': cometbftList,
  'tm2-toml': tm2Toml,
  'tm2-list': tm2List,
  'stellar-cfg': stellarCfg,
  'stellar-list': stellarList,
  'geth-toml': gethToml,
  'besu-toml': besuToml,
  'static-nodes': staticNodes,
  'enode-list': enodeList,
  'multiaddr-list': multiaddrList,
  'generic-list': genericList,
}

/**
 * All peers of a list: normalised, in the list's order, each once. An empty list, and a document without the setting,
 * give []; whether that is acceptable is the caller's to judge. Throws a PeerListError with every problem where the
 * text is not of the format.
 */
export function parsePeers(format: Format, text: string, options: ReadOptions): Peer[] {
  const { source, role = 'peer', defaultPort } = options
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    throw new PeerListError([
      { source, where: 'whole text', found: `${bytes} bytes`, expected: `at most ${maxBytes} bytes` },
    ])
  }
  const problems: PeerListProblem[] = []
  let count = 0
  const report: Report = (where, found, expected) => {
    count += 1
    if (problems.length < maxProblems) problems.push({ source, where, found, expected })
  }
  const peers = codecs[format].read(text, { role, defaultPort, report })
  if (count > 0) throw new PeerListError(problems, count)
  return [...new Map(peers.map(peer => [peerKey(peer), detachedPeer(peer)])).values()]
}

/** Whoever keeps a peer does not keep the text in which it stood. */
function detachedPeer(peer: Peer): Peer {
  return { ...peer, ...present('id', peer.id && detached(peer.id)), host: detached(peer.host) }
}

/**
 * A list, or a minimal document, that parsePeers reads back to the same set. What a format cannot say is left out: bare
 * lists, JSON and stellar-core.cfg say no role, stellar no ID. Throws a PeerListError for a peer without the ID that
 * the format needs.
 */
export function writePeers(format: Format, peers: readonly Peer[]): string {
  return codecs[format].write(peers)
}

/**
 * Whether a text is a document of this format with a setting for peers, be it empty, or a bare list with at least one
 * peer: so the key of a ConfigMap that holds peers is found. Entries may be malformed, where the rest leaves no doubt.
 * Never throws.
 */
export function holdsPeers(format: Format, text: string): boolean {
  try {
    return Buffer.byteLength(text) <= maxBytes && codecs[format].holds(text)
  } catch {
    return false
  }
}
