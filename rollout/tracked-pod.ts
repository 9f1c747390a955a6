// What the leader remembers of a pod between two evaluations.
import { liveTurn } from '../peers/turn.ts'
import type { AnnotationsEcho, TurnEcho } from './echo.ts'
import type { GrantTime } from './grant-time.ts'
import { freshNudges, isAwaited, isOutOfStep, type Nudges } from './nudges.ts'
import { isSilentForNow, type Seen, type SeenPage } from './pages/seen-page.ts'
import type { InjectedPod } from './pod.ts'
import { type Rest, unseen } from './rest.ts'
import type { SettlingTimer } from './settling-timer.ts'
import type { RolloutTimes } from './times.ts'
import { isRecovering } from './turns/recovery.ts'
import type { TurnWaitText } from './turns/turn-wait-text.ts'

export type TrackedPod = {
  pod: InjectedPod
  /** Of what it should be told. */
  rest: Rest
  annotationsEcho: AnnotationsEcho | undefined
  turnEcho: TurnEcho | undefined
  granted: GrantTime | undefined
  nudges: Nudges
  /** As it was last told of in Events. */
  page: SeenPage | undefined
  waitText: TurnWaitText
  settling: SettlingTimer | undefined
  /** A pod without a sidecar has been seen in its place. */
  isReplaced: boolean
}

export function newlyTracked(pod: InjectedPod, at: number): TrackedPod {
  return {
    pod,
    rest: unseen,
    annotationsEcho: undefined,
    turnEcho: undefined,
    granted: undefined,
    nudges: freshNudges(at),
    page: undefined,
    waitText: {},
    settling: undefined,
    isReplaced: false,
  }
}

export type BusyParts = {
  readonly seen: Seen | undefined
  /** Its group has room for one more that restarts. */
  readonly hasRoom: boolean
  readonly now: number
  readonly times: Pick<RolloutTimes, 'busySeconds'>
  /** How long a validator's signature is waited for; see TurnTimes. */
  readonly comeBackSeconds: number
}

/** Whether its page is to be read often: something has changed, it is about to restart, or it could be next. Pure. */
export function isBusy(tracked: TrackedPod, { seen, hasRoom, now, times, comeBackSeconds }: BusyParts): boolean {
  const { pod, page, rest, turnEcho, nudges } = tracked
  if (now < rest.changedAt + times.busySeconds * 1000 || liveTurn(pod.turn) !== undefined || turnEcho) return true
  if (isSilentForNow(seen)) return true
  if (!page) return false
  // Its files do not say yet what its annotations do: that its turn is over, for one.
  if (isAwaited(nudges) && isOutOfStep(pod, page)) return true
  if (seen && 'page' in seen) {
    const recovery = { settleSeconds: pod.plan.times.settleSeconds, signSeconds: comeBackSeconds }
    if (isRecovering(page, Math.max(0, now - seen.at), true, recovery)) return true
  }
  if (page.phase === 'settled') return false
  if (page.reason === 'awaiting-turn') return hasRoom
  return page.phase !== 'waiting' || page.reason === 'settling' || page.reason === 'lookups-disagree'
}
