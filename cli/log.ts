// The log of the programs that run for long: one JSON object a line on standard output.
import type { Logger } from 'pino'
import { serializers } from './log-error.ts'

/**
 * What is kept of lines that cannot be written now, in bytes; what comes after is lost. A log is never a reason to
 * grow, nor to end.
 */
const mostUnwritten = 64 * 1024

/**
 * Each line is written before the call that logs it returns, so that none is lost however the program ends. A log that
 * cannot be written (a full disk, a reader that has gone away) ends nobody: the webhook goes on answering, the sidecar
 * goes on looking. Loaded here, since `--help` should not pay for pino.
 */
export async function openLog(level: string): Promise<Logger> {
  const { pino } = await import('pino')
  const destination = pino.destination({ dest: 1, sync: true, maxLength: mostUnwritten })
  destination.on('error', () => {})
  return pino({ level, serializers }, destination)
}
