// Why a node that waits for its turn has none: the controller's word, or that there is no controller. Pure.
import { type Look, timeText } from './look.ts'

/**
 * The controller reads every page within 37.5 s (30 s, and a random quarter more), and those that could go next every
 * second. In ms.
 */
const controllerLooksMs = 40_000
/**
 * After this long without a word, of a controller that has none to say (an older one, or a pod that was injected by an
 * older webhook). In ms.
 */
const longWaitMs = 60_000

/** @param since since when the restart is wished for */
export function whyNoTurn(
  look: Pick<Look, 'now' | 'wallAhead' | 'turnWait' | 'controllerLookedAt'>,
  since: number | undefined,
): string | undefined {
  const { now, turnWait, controllerLookedAt } = look
  if (since === undefined) return turnWait
  const lookedAt = Math.max(controllerLookedAt ?? 0, since)
  if (now >= lookedAt + controllerLooksMs) {
    const nobody = `no controller has looked since ${timeText(lookedAt, look)}: none is running, none follows this namespace, or it does not reach this page`
    return turnWait === undefined ? nobody : `${turnWait}; ${nobody}`
  }
  if (turnWait !== undefined) return turnWait
  return now > since + longWaitMs
    ? 'for more than a minute: others of its group come first, or the group has stopped'
    : undefined
}
