// What namespaces permit to PeerSets of other namespaces, by their annotations. A PeerSet reads and writes where it is;
// elsewhere only by consent, since whoever creates it may have no permissions there, and the controller has.
import type { ApiObject } from '../kubernetes/list-watch.ts'
import { allowPeerSetsFrom, namesIn, permits, sharePeersWith } from '../peers/peer-set/consent.ts'

export type Consent = { readonly write: readonly string[]; readonly read: readonly string[] }

export type Consents = {
  /** Whether PeerSets of namespace `from` may write in `to`. */
  mayWrite(from: string, to: string): boolean
  /** Whether PeerSets of namespace `from` may list peers of `of`. */
  mayRead(from: string, of: string): boolean
}

/** What is kept of a raw Namespace; undefined where it permits nothing. */
export function readConsent({ metadata }: ApiObject): Consent | undefined {
  const [write, read] = [allowPeerSetsFrom, sharePeersWith].map(name => namesIn(metadata?.annotations?.[name]))
  return write?.length || read?.length ? { write: write ?? [], read: read ?? [] } : undefined
}

/** @param of what a namespace permits */
export function createConsents(of: (namespace: string) => Consent | undefined): Consents {
  return {
    mayWrite: (from, to) => from === to || permits(of(to)?.write, from),
    mayRead: (from, namespace) => from === namespace || permits(of(namespace)?.read, from),
  }
}
