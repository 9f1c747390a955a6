// How well one collection of the webhook's cache is followed: whether it was ever read, and since when it cannot be.
import type { Logger } from 'pino'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { ListWatchHandlers } from '../../kubernetes/list-watch.ts'

export type WatchStatus = {
  /** Has been read completely, and can be followed, or could be until less than `staleMs` ago. */
  isKnown(staleMs: number): boolean
  /** Cannot be followed at the moment; what was read before may be old. */
  isBehind(): boolean
  /** Why not, as the API server or the connection says it; only while it is behind. */
  error(): string
  /** Has never been read, and waiting may help. Not so where it may not be read, or does not exist. */
  isPending(): boolean
  /** Whether it was ever read. */
  isSynced(): boolean
  /** There is no such resource in the cluster: no fault. */
  setAbsent(): void
  /** For the list-watch of the collection. */
  readonly handlers: Pick<ListWatchHandlers<unknown>, 'synced' | 'behind'>
}

/**
 * Nothing has been read yet. A collection that falls behind is told of once, not at each try.
 * @param fields go with each line of the log, `collection` among them
 * @param now milliseconds, from any clock that only goes forward
 */
export function createWatchStatus(
  log: Pick<Logger, 'info' | 'warn'>,
  fields: Readonly<Record<string, string>>,
  now: () => number,
): WatchStatus {
  let isSynced = false
  let behindSince: number | undefined
  let message = ''
  let isForbidden = false
  let isAbsent = false
  return {
    isKnown: staleMs => isSynced && (behindSince === undefined || now() - behindSince < staleMs),
    isBehind: () => behindSince !== undefined,
    error: () => message,
    isPending: () => !isSynced && !isForbidden && !isAbsent,
    isSynced: () => isSynced,
    setAbsent: () => {
      isAbsent = true
      behindSince = undefined
    },
    handlers: {
      synced: () => {
        if (!isSynced) log.info(fields, 'cache synced')
        else if (behindSince !== undefined) log.info(fields, 'cache follows again')
        isSynced = true
        behindSince = undefined
        isForbidden = false
        isAbsent = false
      },
      behind: error => {
        if (behindSince === undefined) log.warn({ ...fields, err: error }, 'cache cannot be followed; retrying')
        behindSince ??= now()
        message = error.message
        isForbidden = error instanceof ApiError && error.status === 403
      },
    },
  }
}
