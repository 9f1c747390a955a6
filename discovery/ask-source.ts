// One question to a source, with a bound on how long it may take.
import type { Found, Source } from './source.ts'

/**
 * What it has found, or why it says nothing, as a sentence. Never rejects, and never takes longer than `timeoutMs`: a
 * source that does not heed the signal must not hold up the others, nor the end.
 */
export async function askSource(
  source: Source | { readonly error: string },
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Found | string> {
  if ('error' in source) return source.error
  const late = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([stop, late])
  try {
    return await Promise.race([source.look(signal), aborted(signal)])
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return late.aborted ? `no answer within ${timeoutMs / 1000} s: ${message}` : message
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error('the source has not answered'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
