// Whether and which peers a ConfigMap's key holds, each text parsed once: see remembering.ts.
import {
  type Format,
  formatKinds,
  holdsPeers,
  PeerListError,
  type PeerListProblem,
  parsePeers,
} from '../../../peers/formats/index.ts'
import { own } from '../../../peers/own.ts'
import type { Peer, Role } from '../../../peers/peer.ts'
import type { NamedList } from '../../chains/chain.ts'
import type { ConfigMapView } from '../decision.ts'
import { createMemory } from './remembering.ts'

/** What is wrong with a list, without and with what stands there. */
export type Fault = {
  readonly error: string
  readonly quoted: string
  /**
   * What stands where an entry should be is filled in by something else before the node reads it: ${NAME}, {{ .Values.x
   * }}, <%= x %>.
   */
  readonly isTemplate: boolean
}
export type Parsed = { readonly peers: readonly Peer[] } | Fault

type Data = Readonly<Record<string, string>>

const mebibyte = 1024 * 1024
/** Enough for 30,000 keys of ConfigMaps, and for the lists of some 1,000 pods with 50 peers each. */
const held = createMemory<boolean>(8 * mebibyte, () => 0)
const parsed = createMemory<Parsed>(16 * mebibyte, weightOf)

/** A peer is an object with an ID and a host. */
const peerBytes = 250

function weightOf(list: Parsed): number {
  return 'peers' in list ? list.peers.length * peerBytes : (list.quoted.length + list.error.length) * 2
}

/**
 * Texts longer than this are genesis files and the like: no peer list is, and parsing one would take the whole
 * admission's time.
 */
export const longestList = 512 * 1024

/** A ConfigMap's data, where it can be read. */
export function dataOf(view: ConfigMapView): Data | undefined {
  return typeof view === 'object' && view !== null ? view : undefined
}

/** Whether a key of the data holds peers in the given format. */
export function holds(data: Data, key: string, format: Format): boolean {
  const text = textOf(data, key)
  if (text === undefined || text.length > longestList) return false
  return held.ask(data, key, format, () => holdsPeers(format, text))
}

/**
 * Whether a key counts as the list that its name promises. Where the name is well known, that is so of a bare list even
 * while it is empty, and of a list that does not parse: whoever wrote it meant peers, and has to be told.
 */
export function holdsList(data: Data, key: string, { format, role, wellKnown }: NamedList): boolean {
  if (holds(data, key, format)) return true
  const result =
    wellKnown && (textOf(data, key)?.length ?? longestList) < longestList
      ? peersIn(data, key, format, role, key)
      : undefined
  return result !== undefined && ('error' in result || isBareList(format))
}

function isBareList(format: Format): boolean {
  return formatKinds[format] === 'list'
}

/** The peers of a key, or what is wrong with its text; undefined where there is no such key. */
export function peersIn(data: Data, key: string, format: Format, role: Role, source: string): Parsed | undefined {
  const text = textOf(data, key)
  return text === undefined
    ? undefined
    : parsed.ask(data, key, `${format} ${role} ${source}`, () => parse(format, text, role, source))
}

/** The peers of a literal list, or what is wrong with it. */
export function parse(format: Format, text: string, role: Role, source: string): Parsed {
  try {
    return { peers: parsePeers(format, text, { source, role }) }
  } catch (error) {
    return faultOf(error, text)
  }
}

/**
 * What envsubst, Helm and other template engines replace, and what a shell or the kubelet expands. Bounded: a list's
 * entries are short.
 */
const templateMark = /\$\{[^{}\n]{1,200}\}|\$\([^()\n]{1,200}\)|\$[A-Z_][A-Z0-9_]{0,200}|\{\{|<%/

function faultOf(error: unknown, text: string): Fault {
  if (!(error instanceof PeerListError)) {
    const failed = `repeer failed to read it (${error instanceof Error ? error.name : typeof error})`
    return { error: failed, quoted: failed, isTemplate: false }
  }
  const { problems } = error
  const rows = text.split('\n')
  const standing = ({ where, found }: PeerListProblem) => {
    const line = /^line (\d+)$/.exec(where)?.[1]
    return line === undefined ? found : (rows[Number(line) - 1] ?? '')
  }
  const isTemplate = problems.some(problem => templateMark.test(standing(problem)))
  return { error: error.message, quoted: error.quoted(), isTemplate }
}

/** A key's text; only what the data itself has, never what it inherits. */
export function textOf(data: Data, key: string): string | undefined {
  const text = own(data, key)
  return typeof text === 'string' ? text : undefined
}
