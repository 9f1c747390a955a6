/**
 * Handles the rejection of what a signal ends: that end is expected, and every other error is thrown on.
 *
 *     await delay(ms, undefined, { signal }).catch(unlessAborted(signal))
 */
export function unlessAborted(signal: AbortSignal): (error: unknown) => void {
  return error => {
    if (!signal.aborted) throw error
  }
}
