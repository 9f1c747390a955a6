// A custom resource that is not installed: a cluster without PeerSets has none, and that is no fault.
import type { ApiReader } from '../../kubernetes/api-client.ts'
import { ApiError } from '../../kubernetes/api-error.ts'

/** Whether a collection does not exist at all: the API server knows no such resource. */
export function isNoSuchResource(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** Seconds until somebody asks again for a custom resource that was not there. */
const absenceSeconds = 30

/**
 * Makes readers of one resource that may not exist, in the place of those that are passed in: where one is told that it
 * does not, the same error is thrown to all of them for `absenceSeconds`, so that many namespaces do not ask each.
 * @param now milliseconds, from any clock that only goes forward
 */
export function createAbsence(now: () => number): (reader: ApiReader) => ApiReader {
  let absent: { readonly error: unknown; readonly until: number } | undefined
  async function unlessAbsent<T>(ask: () => Promise<T>): Promise<T> {
    if (absent && now() < absent.until) throw absent.error
    try {
      return await ask()
    } catch (error) {
      if (isNoSuchResource(error)) absent = { error, until: now() + absenceSeconds * 1000 }
      throw error
    }
  }
  return reader => ({
    get: (...call) => unlessAbsent(() => reader.get(...call)),
    stream: (...call) => unlessAbsent(() => reader.stream(...call)),
  })
}
