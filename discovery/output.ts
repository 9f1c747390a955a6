// Whether a list is to be written, and what exactly: the decision about one key of one ConfigMap. Pure.
import { PeerListError, parsePeers } from '../peers/formats/index.ts'
import { hostPort, type Peer, peerKey } from '../peers/peer.ts'
import { peerHash } from '../peers/snapshot.ts'
import { type Chosen, writeList } from './choose.ts'
import { handOverTo, outputLabel, ownerOf } from './names.ts'
import type { PeerSet, PeerSetSpec } from './peer-set.ts'

/** What is known of a ConfigMap; undefined: there is none. */
export type Current = {
  readonly uid: string
  readonly data: Readonly<Record<string, string>>
  readonly labelled: boolean
  /** UIDs. */
  readonly owners: readonly string[]
  readonly handsOverTo: string | undefined
}

export type Refusal = { readonly reason: 'TooFewPeers' | 'TooLong' | 'NoConsent'; readonly message: string }
export type Decision = {
  /** The list as it stands when this is carried out. */
  readonly listed: readonly Peer[]
  /** Undefined where nothing is to be written. */
  readonly text: string | undefined
  /** Why the list that was chosen is not written. */
  readonly refusal: Refusal | undefined
}

/** Of a ConfigMap's 1 MiB; the rest is for its other keys. */
const maxBytes = 900 * 1024

/** What is kept of a raw ConfigMap: the keys that some PeerSet writes. Never throws. */
export function readCurrent(object: unknown, keys: Iterable<string>): Current {
  const { metadata, data } = object as RawConfigMap
  const own = [...new Set(keys)].flatMap(key =>
    data && Object.hasOwn(data, key) ? [[key, data[key] ?? ''] as const] : [],
  )
  return {
    uid: metadata?.uid ?? '',
    data: Object.fromEntries(own),
    labelled: metadata?.labels?.[outputLabel.name] === outputLabel.value,
    owners: (metadata?.ownerReferences ?? []).flatMap(({ uid }) => uid ?? []),
    handsOverTo: metadata?.annotations?.[handOverTo],
  }
}

/** The peers that stand in the ConfigMap; none where nothing does, or nothing that can be read. */
export function listedIn(current: Current | undefined, { key, format }: PeerSetSpec['output']): readonly Peer[] {
  const text = current && Object.hasOwn(current.data, key) ? current.data[key] : undefined
  if (text === undefined) return []
  try {
    return parsePeers(format, text, { source: key })
  } catch (error) {
    if (!(error instanceof PeerListError)) throw error
    return []
  }
}

export function decideOutput(spec: PeerSetSpec, chosen: Chosen, current: Current | undefined): Decision {
  const { output, minPeers } = spec
  const listed = listedIn(current, output)
  const keep = (reason: Refusal['reason'], message: string): Decision => ({
    listed,
    text: undefined,
    refusal: { reason, message },
  })
  if (chosen.peers.length < minPeers) {
    const stays = listed.length > 0 ? `; the list of ${listed.length} stays` : ''
    return keep(
      'TooFewPeers',
      `found ${chosen.peers.length} peers, expected at least spec.minPeers ${minPeers}${stays}`,
    )
  }
  const text = writeList(output.format, chosen.peers)
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes)
    return keep('TooLong', `found a list of ${bytes} bytes, expected at most ${maxBytes}: set spec.limit`)
  const isWritten = current?.labelled && Object.hasOwn(current.data, output.key) && current.data[output.key] === text
  return { listed: chosen.peers, text: isWritten ? undefined : text, refusal: undefined }
}

export type Metadata = {
  readonly at: number
  readonly considered: number
  readonly source: string
  readonly peers: readonly Peer[]
}

/** discovery_metadata: when the list was written, and from what. Only a change of the list changes it. */
export function metadataText(
  set: Pick<PeerSet, 'namespace' | 'name'>,
  { at, considered, source, peers }: Metadata,
): string {
  return [
    `discovered_at=${new Date(at).toISOString()}`,
    `peer_count=${peers.length}`,
    `candidates=${considered}`,
    `source=${source}`,
    `peer_set=${set.namespace}/${set.name}`,
    `hash=${peerHash(peers)}`,
  ].join(',')
}

/** The body of the server-side apply: what a PeerSet states about its ConfigMap, and nothing else. */
export function applyBody(
  set: PeerSet,
  output: PeerSetSpec['output'],
  current: Current | undefined,
  text: string,
  metadata: string,
): object {
  // Owned where it was created for the PeerSet, so that it goes with it; a ConfigMap that was there before stays.
  const owns = output.namespace === set.namespace && (current === undefined || current.owners.includes(set.uid))
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: output.configMap,
      namespace: output.namespace,
      labels: { [outputLabel.name]: outputLabel.value },
      ...(owns ? { ownerReferences: [ownerOf(set)] } : {}),
    },
    data: { [output.key]: text, ...(output.metadataKey === '' ? {} : { [output.metadataKey]: metadata }) },
  }
}

/** "3 peers (1 new, 2 gone): ..." for events and the log. */
export function changeSentence(before: readonly Peer[], after: readonly Peer[]): string {
  const had = new Set(before.map(peerKey))
  const has = new Set(after.map(peerKey))
  const come = after.filter(peer => !had.has(peerKey(peer)))
  const gone = before.filter(peer => !has.has(peerKey(peer)))
  const names = (peers: readonly Peer[], sign: string) =>
    [...peers.slice(0, 3).map(peer => ` ${sign}${hostPort(peer)}`), peers.length > 3 ? ' ...' : ''].join('')
  return `${after.length} peers, ${come.length} new, ${gone.length} gone:${names(come, '+')}${names(gone, '-')}`
}

type RawConfigMap = {
  readonly metadata?: {
    readonly uid?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly uid?: string }[]
  }
  readonly data?: Readonly<Record<string, string>> | null
}
