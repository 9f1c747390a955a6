// From two readings of a status page to the Events that tell an operator what happened in between. Pure.
import type { RestartOutcome } from '../../peers/page.ts'
import type { PodEvent } from './events.ts'
import type { SeenPage } from './pages.ts'

/** Reasons that a person should know of; the others are a matter of seconds, or nothing to worry about. */
const worthTelling: ReadonlySet<string> = new Set([
  'list-missing',
  'list-malformed',
  'list-empty',
  'list-too-long',
  'list-fixed',
  'mass-removal',
  'needs-rollout',
  'owner-rolls',
  'unreachable',
  'waiting-for-kubelet',
  'double-sign-check',
  'upgrade-pending',
  'budget',
  'paused',
  'hot-only',
  'observe',
  'process-ambiguous',
  'state-unwritable',
  'not-permitted',
])
const gaveUp: ReadonlySet<string> = new Set(['already-restarted', 'breaker-open', 'back-off'])

/** What is new in `after`. Without a reading before there is nothing to compare with, and nothing is told. */
export function eventsBetween(before: SeenPage | undefined, after: SeenPage): PodEvent[] {
  if (!before) return []
  return [...restartEvents(before, after), ...toldEvents(before, after), ...phaseEvents(before, after), ...apiEvents(before, after)]
}

function apiEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const { noStatusApi } = after.node
  if (noStatusApi === undefined || before.node.noStatusApi !== undefined) return []
  return [{ type: 'Warning', reason: 'NoStatusApi', message: noStatusApi }]
}

const restartWords: Readonly<Record<RestartOutcome, (what: string) => PodEvent>> = {
  asked: what => ({ type: 'Normal', reason: 'RestartingNode', message: `restarting the node ${what}` }),
  verified: what => ({
    type: 'Normal',
    reason: 'NodeRestarted',
    message: `restarted the node ${what}; it is back, and connected to all that answer`,
  }),
  unverified: what => ({
    type: 'Warning',
    reason: 'NodeNotConnected',
    message: `restarted the node ${what}; it is back, but not connected to what it was restarted for`,
  }),
  overtaken: what => ({
    type: 'Normal',
    reason: 'RestartOvertaken',
    message: `restarted the node ${what}; that has moved again before the node connected`,
  }),
  'not-taken': what => ({ type: 'Warning', reason: 'RestartNotTaken', message: `a restart of the node was not carried out (${what})` }),
}

function restartEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const known = new Map(before.restarts.map(one => [one.at, one.outcome]))
  return after.restarts
    .filter(one => known.get(one.at) !== one.outcome)
    .map(({ level, why, outcome }) => restartWords[outcome](`at level ${level}, in place: ${why}`))
}

const toldWords: Readonly<Record<SeenPage['told'][number]['outcome'], PodEvent>> = {
  asked: { type: 'Normal', reason: 'TellingNode', message: 'telling the running node its peers' },
  connected: {
    type: 'Normal',
    reason: 'NodeTold',
    message: 'the running node was told its peers and is connected to them; no restart was needed',
  },
  'in-vain': { type: 'Warning', reason: 'TellingInVain', message: 'the running node was told its peers and has not connected to them' },
  refused: {
    type: 'Normal',
    reason: 'TellingRefused',
    message: 'the running node takes no peers through its interface; a restart remains',
  },
}

function toldEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const known = new Set(before.told.map(one => `${one.at} ${one.outcome}`))
  return (
    after.told
      .filter(one => !known.has(`${one.at} ${one.outcome}`))
      // Told again every few seconds: once is enough.
      .filter(one => one.outcome !== 'asked' || before.phase !== 'telling')
      .map(one => toldWords[one.outcome])
  )
}

function phaseEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  if (after.phase === 'settled') {
    const acted = after.restarts.some(one => one.snapshot === after.applied) || after.told.some(one => one.snapshot === after.applied)
    if (acted || before.applied === after.applied || before.applied === null) return []
    return [
      {
        type: 'Normal',
        reason: 'PeersSettled',
        message: 'peers or addresses changed; the node is connected to all of them without a restart',
      },
    ]
  }
  const { reason } = after
  if (after.phase !== 'waiting' || reason === undefined || (before.phase === 'waiting' && before.reason === reason)) return []
  const message = `${reason}: ${after.sentence ?? ''}${after.detail ? ` (${after.detail})` : ''}`
  if (reason === 'awaiting-turn') return [{ type: 'Normal', reason: 'AwaitingTurn', message }]
  if (gaveUp.has(reason)) return [{ type: 'Warning', reason: 'RestartGivenUp', message }]
  return worthTelling.has(reason) ? [{ type: 'Warning', reason: 'RestartHeld', message }] : []
}
