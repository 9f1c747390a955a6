// Reads for list-watch: lists and single objects come at once or not at all; a watch may be silent for as long as the
// API server was asked to keep it open.
import type { KubeConfig } from '@kubernetes/client-node'
import { type ApiReader, apiReader } from './api-client.ts'

/** Seconds without a byte, after which a list or a single object does not come any more. */
const answerSeconds = 30
/** Seconds longer than any watch is asked to stay open, so that only a dead connection is ever cut. */
const idleMarginSeconds = 30

/**
 * @param watchSeconds as in ListWatchTimes; a watch is asked to stay open for up to twice as long
 * @param signal ends all that is under way
 */
export function watchReader(config: KubeConfig, watchSeconds: number, signal: AbortSignal): ApiReader {
  const { get } = apiReader(config, { signal, idleSeconds: answerSeconds })
  const { stream } = apiReader(config, { signal, idleSeconds: watchSeconds * 2 + idleMarginSeconds })
  return { get, stream }
}
