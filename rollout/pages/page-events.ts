// From two readings of a status page to the Events that tell an operator what happened in between. Pure.

import type { PodEvent } from '../../kubernetes/events.ts'
import type { RestartOutcome } from '../../peers/page.ts'
import { holds, lastsMs } from '../../peers/reasons.ts'
import type { SeenPage } from './seen-page.ts'

/** What is new in `after`. Without a reading before there is nothing to compare with, and nothing is told. */
export function eventsBetween(before: SeenPage | undefined, after: SeenPage): PodEvent[] {
  if (!before) return []
  return [
    ...restartEvents(before, after),
    ...toldEvents(before, after),
    ...refusedEvents(before, after),
    ...phaseEvents(before, after),
    ...lastingEvents(before, after),
    ...apiEvents(before, after),
  ]
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
  'not-taken': what => ({
    type: 'Warning',
    reason: 'RestartNotTaken',
    message: `a restart of the node was not carried out (${what})`,
  }),
}

function restartEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const known = new Map(before.restarts.map(restart => [restart.at, restart.outcome]))
  return after.restarts
    .filter(restart => known.get(restart.at) !== restart.outcome)
    .map(({ level, why, outcome }) => restartWords[outcome](`at level ${level}, in place: ${why}`))
}

const toldWords: Readonly<Record<Exclude<SeenPage['told'][number]['outcome'], 'refused'>, PodEvent>> = {
  asked: { type: 'Normal', reason: 'TellingNode', message: 'telling the running node its peers' },
  connected: {
    type: 'Normal',
    reason: 'NodeTold',
    message: 'the running node was told its peers and is connected to them; no restart was needed',
  },
  'in-vain': {
    type: 'Warning',
    reason: 'TellingInVain',
    message: 'the running node was told its peers and has not connected to them',
  },
}

function wishesRestart({ phase, reason }: SeenPage): boolean {
  return phase === 'restarting' || (phase === 'waiting' && reason !== undefined && holds[reason].wish === true)
}

/**
 * Most nodes refuse to be told, and connect by themselves within their first minute: that is nothing to tell of. It is
 * where a restart is wished for that telling would have saved.
 */
function refusedEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const isRefused = after.told.at(-1)?.outcome === 'refused'
  if (!isRefused || !wishesRestart(after) || wishesRestart(before) || before.phase === 'verifying') return []
  return [
    {
      type: 'Normal',
      reason: 'TellingRefused',
      message: 'the running node takes no peers through its interface, so it has to be restarted to learn of them',
    },
  ]
}

function toldEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const known = new Set(before.told.map(entry => `${entry.at} ${entry.outcome}`))
  return (
    after.told
      .filter(entry => !known.has(`${entry.at} ${entry.outcome}`))
      // Told again every few seconds: once is enough.
      .filter(entry => entry.outcome !== 'asked' || before.phase !== 'telling')
      .flatMap(({ outcome }) => (outcome === 'refused' ? [] : [toldWords[outcome]]))
  )
}

/** What has lasted so long by now that somebody should know, by name; a page says something new when this changes. */
export function lasting({ phase, reason, since, lookedAt, lacking }: SeenPage): string | undefined {
  const isOlder = (than: string, ms: number) => Date.parse(lookedAt) - Date.parse(than) >= ms
  if (phase === 'settled') return lacking !== undefined && isOlder(lacking.since, lastsMs) ? 'not-connected' : undefined
  const longMs = phase === 'waiting' && reason !== undefined ? holds[reason].afterMs : undefined
  return longMs !== undefined && isOlder(since, longMs) ? reason : undefined
}

function lastingEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  const now = lasting(after)
  if (now === undefined || now === lasting(before)) return []
  const message = `${after.sentence ?? now}${after.detail ? `: ${after.detail}` : ''}`
  if (now === 'not-connected') return [{ type: 'Warning', reason: 'PeersNotConnected', message }]
  return [{ type: 'Warning', reason: 'RestartHeld', message: `${now}: ${message}` }]
}

function phaseEvents(before: SeenPage, after: SeenPage): PodEvent[] {
  if (after.phase === 'settled') {
    const acted =
      after.restarts.some(restart => restart.snapshot === after.applied) ||
      after.told.some(entry => entry.snapshot === after.applied)
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
  if (after.phase !== 'waiting' || reason === undefined || (before.phase === 'waiting' && before.reason === reason))
    return []
  const message = `${reason}: ${after.sentence ?? ''}${after.detail ? ` (${after.detail})` : ''}`
  const { event, afterMs } = holds[reason]
  // What has to last first is told by lastingEvents.
  if (event === null || afterMs !== undefined) return []
  return [{ type: event === 'AwaitingTurn' ? 'Normal' : 'Warning', reason: event, message }]
}
