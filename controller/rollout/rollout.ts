// The leader's work: annotate pods with what they should follow, read their pages, grant turns. It keeps nothing that the API does not have, but for
// what it wrote a moment ago; another leader goes on from there.
import type { Logger } from 'pino'
import { annotation } from '../../peers/pod.ts'
import type { ClusterWatch } from './cluster.ts'
import type { Events } from './events.ts'
import { goneMember, memberOf, type Written } from './members.ts'
import { changedNotes, needsNudge } from './notes.ts'
import { eventsBetween } from './page-events.ts'
import type { Pages, SeenPage } from './pages.ts'
import { type InjectedPod, podKey } from './pod.ts'
import { type GroupState, liveTurn, type Member, type Pace, pace, type TurnTimes } from './turns.ts'
import type { Writer } from './writes.ts'

export type RolloutTimes = {
  /** How long what a pod should be told has to rest before a turn is granted: an editor's hand, and a peer that comes up. */
  readonly quietSeconds: number
  /** How long changes without a pause can put off turns. */
  readonly longestQuietSeconds: number
  /** How long a pod that is gone uses up its group's budget while no other is in its place. */
  readonly goneSeconds: number
  /** How long after a change a pod's page is read often. */
  readonly busySeconds: number
  /** How long a write may take to come back by the watch. */
  readonly echoSeconds: number
}

export const rolloutTimes: RolloutTimes = {
  quietSeconds: 1.5,
  longestQuietSeconds: 60,
  goneSeconds: 120,
  busySeconds: 60,
  echoSeconds: 15,
}

export type RolloutParts = {
  readonly cluster: ClusterWatch
  readonly writer: Writer
  readonly pages: Pages
  readonly events: Events
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly turnTimes: TurnTimes
  readonly times?: RolloutTimes
  readonly granted?: () => void
  readonly settled?: (seconds: number) => void
}

export type Rollout = {
  /** What these pods should be told may have changed, or they themselves. */
  changed(keys: Iterable<string>): void
  /** Looks at all pods and grants turns; called about once a second, and when a page says something new. */
  evaluate(): void
  pageChanged(key: string): void
  groups(): readonly GroupState[]
}

/** What the leader remembers of a pod between two evaluations. */
type Trace = {
  uid: string
  pod: InjectedPod
  /** What it should be told, as text, since when, and since when without a pause. */
  told: string
  changedAt: number
  changingSince: number
  /** The nudge that has been given is for this hash. */
  nudgedFor?: string
  written?: Written & { at: number }
  page?: SeenPage
  /** When a change was written whose settling is being timed. */
  timing?: number
}

export function createRollout(parts: RolloutParts): Rollout {
  const { cluster, writer, pages, events, log, now, turnTimes, times = rolloutTimes, granted, settled } = parts
  const traces = new Map<string, Trace>()
  const gone = new Map<string, { pod: InjectedPod; at: number }>()
  const stoppedBefore = new Set<string>()
  let last: Pace = { grants: [], retire: [], groups: [] }
  let room = new Set<string>()
  let shown = ''

  function traceOf(pod: InjectedPod): Trace {
    const key = podKey(pod)
    const present = traces.get(key)
    if (present?.uid === pod.uid) {
      present.pod = pod
      return present
    }
    const fresh: Trace = { uid: pod.uid, pod, told: '', changedAt: 0, changingSince: 0 }
    traces.set(key, fresh)
    gone.delete(key)
    return fresh
  }

  function annotate(pod: InjectedPod): void {
    const wanted = cluster.wanted(pod)
    if (wanted === 'unknown' || pod.deleting) return
    const trace = traceOf(pod)
    const told = `${wanted.peerHash ?? ''}\n${wanted.endpoints ?? ''}`
    const at = now()
    if (trace.told !== told) {
      // The first sight is no change: after a change of leaders every pod would look changed.
      if (trace.told !== '') {
        if (at > trace.changedAt + times.quietSeconds * 1000) trace.changingSince = at
        trace.changedAt = at
      }
      trace.told = told
    }
    const notes = changedNotes(pod, wanted)
    if (!notes) return
    trace.timing ??= at
    writer.write(pod, notes)
    // A pod that has just been created is told for the first time; that is not worth an event.
    if (pod.endpoints !== undefined) events.tell(pod, { type: 'Normal', reason: 'PeersChanged', message: changeMessage(notes) })
  }

  function isChanging({ changedAt, changingSince }: Trace, at: number): boolean {
    return at < changedAt + times.quietSeconds * 1000 && at < changingSince + times.longestQuietSeconds * 1000
  }

  /** Its page is read often: something has changed, it is about to restart, or it could be next. */
  function isBusy(key: string): boolean {
    const trace = traces.get(key)
    if (!trace) return false
    if (now() < trace.changedAt + times.busySeconds * 1000 || liveTurn(trace.pod.turn) !== undefined || trace.written) return true
    const { page } = trace
    if (!page || page.phase === 'settled') return false
    if (page.reason === 'awaiting-turn') return room.has(trace.pod.plan.group)
    return page.phase !== 'waiting' || page.reason === 'settling'
  }

  function members(at: number): Member[] {
    const present: Member[] = []
    const seen = new Set<string>()
    for (const pod of cluster.pods()) {
      // A finished pod restarts no more; what stands in its place counts.
      if (pod.phase === 'Succeeded' || pod.phase === 'Failed') continue
      const key = podKey(pod)
      seen.add(key)
      const trace = traceOf(pod)
      if (trace.written && (trace.written.turn === pod.turn || at > trace.written.at + times.echoSeconds * 1000)) delete trace.written
      const paused = pod.paused || cluster.paused(pod.namespace)
      present.push(memberOf({ pod, paused, seen: pages.of(key), written: trace.written, changing: isChanging(trace, at) }, at))
    }
    for (const [key, trace] of traces) {
      if (seen.has(key)) continue
      traces.delete(key)
      gone.set(key, { pod: trace.pod, at })
    }
    for (const [key, one] of gone) {
      if (at > one.at + times.goneSeconds * 1000) gone.delete(key)
      else present.push(goneMember(one.pod))
    }
    return present
  }

  function write(key: string, turn: string, at: number): void {
    const trace = traces.get(key)
    if (!trace) return
    const isGrant = liveTurn(turn) !== undefined
    trace.written = { turn, grantedAt: isGrant ? at : undefined, at }
    const stamp = isGrant ? { [annotation.turnGrantedAt]: new Date(at).toISOString() } : {}
    writer.write(trace.pod, { [annotation.turn]: turn, ...stamp }, true)
  }

  function nudge(at: number): void {
    for (const [key, trace] of traces) {
      const { pod } = trace
      if (trace.nudgedFor === pod.peerHash || !needsNudge(pod, pages.of(key), Math.max(trace.changedAt, pod.createdAt), at)) continue
      if (pod.peerHash !== undefined) trace.nudgedFor = pod.peerHash
      writer.write(pod, { [annotation.nudge]: new Date(at).toISOString() })
    }
  }

  function tellStopped(groups: readonly GroupState[]): void {
    const now = new Set(groups.flatMap(one => one.stopped.map(stop => stop.key)))
    for (const { group, stopped } of groups) {
      for (const { key, why } of stopped) {
        if (stoppedBefore.has(key)) continue
        const pod = traces.get(key)?.pod
        if (pod)
          events.tell(pod, {
            type: 'Warning',
            reason: 'GroupStopped',
            message: `no other node of group ${group} restarts: this one is ${why}`,
          })
        log.warn({ group, pod: key, why }, 'a restarted node has not come back; its group is stopped')
      }
    }
    stoppedBefore.clear()
    for (const key of now) stoppedBefore.add(key)
  }

  return {
    changed(keys) {
      for (const key of keys) {
        const pod = cluster.pod(key)
        if (pod) annotate(pod)
      }
    },
    evaluate() {
      const at = now()
      const all = members(at)
      last = pace(all, at, turnTimes)
      const state = JSON.stringify(last.groups)
      if (state !== shown) log.debug({ groups: last.groups }, 'groups')
      shown = state
      room = new Set(last.groups.filter(one => one.away.length < one.allowed && one.stopped.length === 0).map(one => one.group))
      for (const { key, turn } of last.retire) write(key, turn, at)
      for (const { key, turn } of last.grants) {
        log.info({ pod: key, turn }, 'granting a turn')
        granted?.()
        write(key, turn, at)
      }
      nudge(at)
      tellStopped(last.groups)
      const running = [...traces.values()].filter(({ pod }) => !pod.deleting)
      pages.follow(
        running.map(({ pod }) => ({ key: podKey(pod), ip: pod.ip, uid: pod.uid })),
        isBusy,
      )
    },
    pageChanged(key) {
      const trace = traces.get(key)
      const seen = pages.of(key)
      if (!trace || !seen || !('page' in seen)) return
      for (const event of eventsBetween(trace.page, seen.page)) events.tell(trace.pod, event)
      trace.page = seen.page
      if (trace.timing !== undefined && seen.page.phase === 'settled' && seen.at > trace.timing + 1000) {
        settled?.((seen.at - trace.timing) / 1000)
        delete trace.timing
      }
    },
    groups: () => last.groups,
  }
}

function changeMessage(notes: Readonly<Record<string, string | null>>): string {
  const what = [
    ...(annotation.peerHash in notes ? ['the peer list'] : []),
    ...(annotation.endpoints in notes ? ['addresses of its peers'] : []),
  ]
  return `${what.join(' and ')} changed; the sidecar compares`
}
