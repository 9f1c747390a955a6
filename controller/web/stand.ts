// How one node stands, in a colour, a word and a sentence. Pure.
import { holds, lastsMs } from '../../peers/reasons.ts'
import { lastRead, type Seen } from '../../rollout/pages/seen-page.ts'
import type { KnownPod } from '../../rollout/rollout.ts'
import type { Mood } from './view.ts'

/** Milliseconds. Until then a pod that has just come may well be about to be read. */
const unreadMs = 60_000

export type Stand = { readonly mood: Mood; readonly state: string; readonly why: string; readonly since?: number }

/** @param stops why it stops its group, where it does; `now` in milliseconds since the epoch */
export function standing({ pod, paused, seen, wait }: KnownPod, stops: string | undefined, now: number): Stand {
  if (stops !== undefined) return { mood: 'care', state: 'not back', why: `it stops its group: ${stops}` }
  if (pod.deleting) return { mood: 'hold', state: 'leaving', why: 'the pod is being deleted' }
  const read = lastRead(seen)
  if (!read || !seen) {
    if (seen) return unreachable(seen, now)
    return { mood: 'dim', state: 'not read yet', why: 'its status page has not been read yet' }
  }
  const { page } = read
  const since = Date.parse(page.since)
  const silent = 'unreachable' in seen && now - seen.since > unreadMs
  if (silent) return unreachable(seen, now)
  switch (page.phase) {
    case 'settled': {
      if (page.lacking === undefined) return { mood: 'good', state: 'connected', why: '', since }
      const count = page.lacking.peers
      const why = `settled, and ${count} of its peers ${count === 1 ? 'is' : 'are'} not connected`
      const lackingSince = Date.parse(page.lacking.since)
      const mood = now - lackingSince >= lastsMs ? 'care' : 'hold'
      return { mood, state: 'lacks peers', why, since: lackingSince }
    }
    case 'telling':
      return {
        mood: 'busy',
        state: 'being told',
        why: 'it has been told its peers, and has the time to connect',
        since,
      }
    case 'restarting':
      return { mood: 'busy', state: 'restarting', why: page.restarts.at(-1)?.why ?? '', since }
    case 'verifying':
      return { mood: 'busy', state: 'coming back', why: 'it was restarted, and is given the time to connect', since }
    case 'starting':
      return { mood: 'busy', state: 'starting', why: 'its sidecar has not compared yet', since }
    case 'waiting': {
      const reason = page.reason ?? 'waiting'
      const sentence = wait?.why ?? [page.sentence, page.detail].filter(Boolean).join(': ')
      const facts = page.reason === undefined ? undefined : holds[page.reason]
      const needsSomebody = facts?.ends === 'somebody' || (paused && page.reason === 'awaiting-turn')
      return { mood: needsSomebody ? 'care' : 'hold', state: reason, why: sentence, since }
    }
  }
}

function unreachable(seen: Seen, now: number): Stand {
  const since = 'since' in seen ? seen.since : seen.at
  const why = 'unreachable' in seen ? seen.unreachable : ''
  const old = now - since > unreadMs
  return { mood: old ? 'care' : 'dim', state: 'unreadable', why: `its status page cannot be read: ${why}`, since }
}
