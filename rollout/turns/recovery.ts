// A node that has been restarted is back when it listens and is connected to what it was restarted for, and it may have
// one of four connections then. Until it is as it was before, the next one waits. Pure.
import type { SeenPage } from '../pages/seen-page.ts'

export type RecoveryTimes = {
  /**
   * How long connections are waited for: the pod's settle-seconds, after which whoever is still missing is missing for
   * another reason.
   */
  readonly settleSeconds: number
  /** How long a validator's signature is waited for; then it may be jailed, and the others must not wait for that. */
  readonly signSeconds: number
}

/**
 * Whether a node whose last restart has ended is still on its way: fewer connections than before it, for
 * `settleSeconds` at most; or a validator that has not signed a block since, where that can be seen. By the pod's own
 * clock, as its page tells times.
 * @param sinceReadMs since the page was read
 */
export function isRecovering(page: SeenPage, sinceReadMs: number, isValidator: boolean, times: RecoveryTimes): boolean {
  const last = page.restarts.findLast(restart => restart.outcome !== 'asked' && restart.outcome !== 'not-taken')
  if (last?.endedAt === undefined) return false
  const agoMs = Math.max(0, Date.parse(page.lookedAt) - Date.parse(last.endedAt)) + sinceReadMs
  const settling = agoMs < times.settleSeconds * 1000
  if (settling && last.connectedBefore !== undefined && page.connected < last.connectedBefore) return true
  if (!isValidator || agoMs >= times.signSeconds * 1000) return false
  const { height, signedHeight } = page.node
  if (last.height === undefined || height === undefined || signedHeight === undefined || signedHeight > last.height)
    return false
  // A chain that makes no block, perhaps for want of this very restart, shows no signature: then only as long as for
  // connections.
  return settling || height > last.height + 1
}
