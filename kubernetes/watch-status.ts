// How well one collection is followed: whether it was ever read, since when it cannot be, and when the API server last
// said something about it.
import type { Logger } from 'pino'
import { ApiError } from './api-client.ts'
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
