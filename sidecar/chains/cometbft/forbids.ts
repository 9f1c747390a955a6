// What forbids a restart of a CometBFT node now. Pure.
import type { Forbidden, NodeState } from '../chain.ts'

/**
 * A node that has told its state, or none that has such an API where one was expected: then what it would have told is
 * left out, and what its configuration tells still counts, whether or not it is a validator.
 */
export function forbidsCometbft({ status, settings, connected, rises }: NodeState): Forbidden | null {
  const doubleSign = settings.doubleSignCheckHeight > 0
  if (!status) return doubleSign ? doubleSignCheck(settings) : null
  if (settings.stateSync && status.height === 0 && connected) return { reason: 'state-syncing' }
  if (status.catchingUp && rises) return { reason: 'catching-up', detail: `height ${status.height}` }
  if (!status.validator) return null
  if (doubleSign) return doubleSignCheck(settings)
  return status.upgradePending ? { reason: 'upgrade-pending' } : null
}

function doubleSignCheck({ doubleSignCheckHeight }: NodeState['settings']): Forbidden {
  return { reason: 'double-sign-check', detail: `double_sign_check_height = ${doubleSignCheckHeight}` }
}
