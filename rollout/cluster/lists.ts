// Peer lists as the controller keeps them: the result of reading one, never its text. A ConfigMap can be 1 MiB of what
// is no peer.
import { createHash } from 'node:crypto'
import { type Format, PeerListError, parsePeers } from '../../peers/formats/index.ts'
import type { Peer, Role } from '../../peers/peer.ts'
import type { KeySource } from '../../peers/plan.ts'
import { interning } from './intern.ts'

/** `digest`: of the text that cannot be read, so that another such text is another value. */
export type ParsedList =
  | { readonly ok: true; readonly peers: readonly Peer[] }
  | { readonly ok: false; readonly digest: string }

/** How a text is to be read. */
export type Reading = { readonly format: Format; readonly role: Role }

/** The peers of one list; a text that is not of the format is a value that says so. */
export function parseList({ format, role }: Reading, text: string): ParsedList {
  try {
    return { ok: true, peers: parsePeers(format, text, { source: 'list', role }) }
  } catch (error) {
    if (!(error instanceof PeerListError)) throw error
    return { ok: false, digest: digestOf(text) }
  }
}

/** Of one peer, beside its ID and host: the object and its part of a list (measured with V8: some 100 bytes). */
const bytesPerPeer = 100
const sizes = new WeakMap<ParsedList, number>()

/** About how many bytes a list takes in memory. */
export function bytesOf(list: ParsedList): number {
  const known = sizes.get(list)
  if (known !== undefined) return known
  const bytes = list.ok
    ? list.peers.reduce((sum, { id = '', host }) => sum + bytesPerPeer + id.length + host.length, 0)
    : list.digest.length
  sizes.set(list, bytes)
  return bytes
}

/** parseList, with one and the same value for equal texts. */
export function internedLists(): (reading: Reading, text: string) => ParsedList {
  const byReading = new Map<string, (text: string) => ParsedList>()
  return (reading, text) => {
    const key = `${reading.format} ${reading.role}`
    const read = byReading.get(key) ?? interning(digestOf, list => parseList(reading, list))
    byReading.set(key, read)
    return read(text)
  }
}

/** What is kept of a ConfigMap: by listId, what its keys hold. */
export type ConfigMapLists = ReadonlyMap<string, ParsedList | 'absent'>

/** A key can be read in two ways: persistent_peers as peers, or as seeds. */
export function listId({ key, format, role }: Pick<KeySource, 'key' | 'format' | 'role'>): string {
  return `${key} ${format} ${role}`
}

/**
 * The lists of a raw ConfigMap that these sources name. As the sidecar's file has them: a key of `binaryData` is
 * mounted, too.
 */
export function readConfigMap(object: unknown, sources: Iterable<KeySource>, parse: typeof parseList): ConfigMapLists {
  const { data, binaryData } = object as { data?: Texts | null; binaryData?: Texts | null }
  const lists = new Map<string, ParsedList | 'absent'>()
  for (const source of sources) {
    if (lists.has(listId(source))) continue
    const binary = ownText(binaryData, source.key)
    const text =
      ownText(data, source.key) ?? (binary === undefined ? undefined : Buffer.from(binary, 'base64').toString('utf8'))
    lists.set(listId(source), text === undefined ? 'absent' : parse(source, text))
  }
  return lists
}

/** Whether nothing has changed; lists are the same where they are the same object, see internedLists. */
export function sameLists(lists: ConfigMapLists, other: ConfigMapLists): boolean {
  return lists.size === other.size && [...lists].every(([id, list]) => other.get(id) === list)
}

/** Hex. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

type Texts = Readonly<Record<string, string>>

/** Any name can be a key, `constructor` as well. */
function ownText(texts: Texts | null | undefined, key: string): string | undefined {
  return texts && Object.hasOwn(texts, key) ? texts[key] : undefined
}
