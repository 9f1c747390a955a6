// What the controller has seen of a pod's status page, and what one more look makes of it. Pure.
import type { Page } from '../../peers/page.ts'
import { type PeerLink, peerLinks } from './peer-links.ts'

/** What is kept of a page: the list of peers is long, and no decision has use for it. */
export type SeenPage = Omit<Page, 'peers' | 'lookups'>

/** A page that was read; `at` in milliseconds since the epoch. `links`: what is shown of its peers. */
export type ReadPage = { readonly page: SeenPage; readonly at: number; readonly links?: readonly PeerLink[] }

/** What was last seen of a pod's page; `at` and `since` in milliseconds since the epoch. */
export type Seen =
  | ReadPage
  | {
      /** Why, as a sentence. */
      readonly unreachable: string
      /** When the first of the looks in a row that failed was taken. */
      readonly since: number
      readonly at: number
      /** The last page of this pod that could be read. */
      readonly last?: ReadPage
    }

/**
 * A page counts as unreachable when looks have failed over this long: a sidecar that starts again is back within
 * seconds. In ms.
 */
export const unreachableMs = 30_000

/** The page was read. @param links whether its peers are shown to anybody */
export function afterRead({ peers, lookups: _, ...page }: Page, at: number, links = true): ReadPage {
  return links ? { page, at, links: peerLinks(peers) } : { page, at }
}

/** The look failed, and why: what the page last said is kept, and since when it says nothing. */
export function afterFailure(seen: Seen | undefined, unreachable: string, at: number): Seen {
  const last = lastRead(seen)
  const since = seen !== undefined && 'since' in seen ? seen.since : at
  return { unreachable, since, at, ...(last ? { last } : {}) }
}

/** The last page that could be read, however long ago; undefined where none was. */
export function lastRead(seen: Seen | undefined): ReadPage | undefined {
  return seen === undefined || 'page' in seen ? seen : seen.last
}

/** Whether looks have failed, and not for so long that the page counts as unreachable. */
export function isSilentForNow(seen: Seen | undefined): boolean {
  return seen !== undefined && 'since' in seen && seen.at - seen.since < unreachableMs
}
