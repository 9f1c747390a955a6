// How well one collection is followed: whether it was ever read, since when it cannot be, and when the API server last
// said something about it.
import type { Logger } from 'pino'
import { ApiError } from './api-error.ts'
import type { ListWatchHandlers } from './list-watch.ts'

export type WatchStatus = {
  /** "Pods of namespace a". */
  readonly what: string
  /** Has been read at least once. */
  synced: boolean
  /** Cannot be followed at the moment, and why. */
  error: string | undefined
  /** Was never read, and may not be: waiting does not help. */
  forbidden: boolean
  /** By the clock that was passed in, milliseconds. */
  contactAt: number
  readonly handlers: Pick<ListWatchHandlers<unknown>, 'synced' | 'behind'> & { contact(): void }
}

/** `onSynced` is called once, after the first complete read; `onForbidden` where it becomes forbidden. */
export function createWatchStatus(
  what: string,
  log: Pick<Logger, 'info' | 'warn'>,
  now: () => number,
  { onSynced, onForbidden }: { readonly onSynced?: () => void; readonly onForbidden?: () => void } = {},
): WatchStatus {
  const state: WatchStatus = {
    what,
    synced: false,
    error: undefined,
    forbidden: false,
    contactAt: now(),
    handlers: {
      synced: () => {
        if (state.synced && state.error !== undefined) log.info({ collection: what }, 'followed again')
        const first = !state.synced
        state.synced = true
        state.error = undefined
        state.forbidden = false
        if (first) onSynced?.()
      },
      behind: error => {
        // Once, not at each try.
        if (state.error === undefined) log.warn({ collection: what, err: error }, 'cannot be followed; retrying')
        state.error = error.message
        const before = state.forbidden
        state.forbidden = !state.synced && error instanceof ApiError && error.status === 403
        if (state.forbidden && !before) onForbidden?.()
      },
      contact: () => {
        state.contactAt = now()
      },
    },
  }
  return state
}

/**
 * Seconds since the last word of the watch that has been silent for longest; 0 where there is none. What may not be
 * read says nothing, and does not count.
 * @param now by the clock of `contactAt`, milliseconds
 */
export function stalestSeconds(statuses: readonly Pick<WatchStatus, 'forbidden' | 'contactAt'>[], now: number): number {
  const contacts = statuses.flatMap(({ forbidden, contactAt }) => (forbidden ? [] : [contactAt]))
  return (now - Math.min(now, ...contacts)) / 1000
}

/** What has never been read yet, a sentence each; what may not be read is left out, since waiting does not help. */
export function unreadYet(statuses: readonly Pick<WatchStatus, 'what' | 'synced' | 'forbidden'>[]): string[] {
  return statuses.flatMap(({ what, synced, forbidden }) => (synced || forbidden ? [] : [`${what}: not read yet`]))
}

/** What cannot be followed at the moment, and why, a sentence each. */
export function fallenBehind(statuses: readonly Pick<WatchStatus, 'what' | 'error'>[]): string[] {
  return statuses.flatMap(({ what, error }) => (error === undefined ? [] : [`${what}: ${error}`]))
}
