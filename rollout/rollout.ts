// The leader's work: annotate pods with what they should follow, read their pages, grant turns. It keeps nothing that
// the API does not have, but for what it wrote a moment ago; another leader goes on from there.
import type { Logger } from 'pino'
import type { Events, PodEvent } from '../kubernetes/events.ts'
import { annotation, optIn } from '../peers/pod.ts'
import type { ClusterWatch } from './cluster/cluster.ts'
import { changedAnnotations, isAwaited, isOutOfStep, isToldMore, type Nudges, needsNudge } from './nudges.ts'
import { eventsBetween } from './pages/page-events.ts'
import type { Pages } from './pages/pages.ts'
import { type SeenPage, unreachableMs } from './pages/seen-page.ts'
import type { Annotations } from './pod.ts'
import { type InjectedPod, podKey } from './pod.ts'
import { goneMember, groupOf, type Member, memberOf, type Written } from './turns/members.ts'
import { isRecovering } from './turns/recovery.ts'
import { nextTurnWaitText, type TurnWaitText, turnWaitTextTimes } from './turns/turn-wait-text.ts'
import type { TurnWait } from './turns/turn-waits.ts'
import { type GroupState, liveTurn, type Pace, pace, type TurnTimes } from './turns/turns.ts'
import type { Writer } from './writes.ts'

export type RolloutTimes = {
  /**
   * How long what a pod should be told has to rest before a turn is granted: an editor's hand, and a peer that comes
   * up.
   */
  readonly quietSeconds: number
  /** How long changes without a pause can put off turns. */
  readonly longestQuietSeconds: number
  /** How long a pod that is gone uses up its group's budget while no other is in its place. */
  readonly goneSeconds: number
  /** How long after a change a pod's page is read often. */
  readonly busySeconds: number
  /** How long an annotation that is written may take to come back by the watch, before it is written again. */
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
  /** A pod of this name is there that has no sidecar: nothing is missing in its place. */
  without(key: string): void
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
  /** What was written last, as text, and when. */
  noted?: { readonly text: string; readonly at: number }
  nudges: Nudges
  /** `before`: the turns that the watch may still show until this one comes back. */
  written?: Written & { readonly before: ReadonlySet<string | undefined> }
  page?: SeenPage
  /** Its words about why it has no turn. */
  wait?: TurnWaitText
  /** A pod without a sidecar has been seen in its place. */
  isReplaced?: true
  /** When a change was written whose settling is being timed, and when the pod was seen to have it. */
  timing?: { readonly since: number; toldAt?: number }
}

export function createRollout(parts: RolloutParts): Rollout {
  const { cluster, writer, pages, events, log, now, turnTimes, times = rolloutTimes, granted, settled } = parts
  const traces = new Map<string, Trace>()
  const gone = new Map<string, { pod: InjectedPod; at: number }>()
  const stoppedBefore = new Set<string>()
  let last: Pace = { grants: [], retire: [], groups: [], waits: [] }
  let room = new Set<string>()
  let shown = ''

  function traceOf(pod: InjectedPod): Trace {
    const key = podKey(pod)
    const present = traces.get(key)
    if (present?.uid === pod.uid) {
      if (isToldMore(present.pod, pod)) present.nudges = { since: now(), given: 0 }
      present.pod = pod
      return present
    }
    const fresh: Trace = {
      uid: pod.uid,
      pod,
      told: '',
      changedAt: 0,
      changingSince: 0,
      nudges: { since: now(), given: 0 },
    }
    traces.set(key, fresh)
    gone.delete(key)
    return fresh
  }

  function annotate(pod: InjectedPod): void {
    const wanted = cluster.desired(pod)
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
    const notes = changedAnnotations(pod, wanted)
    if (!notes) {
      delete trace.noted
      if (trace.timing) trace.timing.toldAt ??= at
      return
    }
    const text = JSON.stringify(notes)
    // Other changes of the pod come by the watch before this one.
    if (trace.noted?.text === text && at < trace.noted.at + times.echoSeconds * 1000) return
    trace.noted = { text, at }
    trace.timing ??= { since: at }
    writer.write(pod, notes)
    const event = changeEvent(pod, notes)
    if (event) events.tell(pod, event)
  }

  function isChanging({ changedAt, changingSince }: Trace, at: number): boolean {
    return at < changedAt + times.quietSeconds * 1000 && at < changingSince + times.longestQuietSeconds * 1000
  }

  /** Its page is read often: something has changed, it is about to restart, or it could be next. */
  function isBusy(key: string): boolean {
    const trace = traces.get(key)
    if (!trace) return false
    const { page } = trace
    if (now() < trace.changedAt + times.busySeconds * 1000 || liveTurn(trace.pod.turn) !== undefined || trace.written)
      return true
    const seen = pages.of(key)
    if (seen && 'unreachable' in seen && seen.at - seen.since < unreachableMs) return true
    // Its files do not say yet what its annotations do: that its turn is over, for one.
    if (page && isAwaited(trace.nudges) && isOutOfStep(trace.pod, page)) return true
    if (page && seen && 'page' in seen) {
      const recovery = { settleSeconds: trace.pod.plan.times.settleSeconds, signSeconds: turnTimes.comeBackSeconds }
      if (isRecovering(page, Math.max(0, now() - seen.at), true, recovery)) return true
    }
    if (!page || page.phase === 'settled') return false
    if (page.reason === 'awaiting-turn') return room.has(groupOf(trace.pod))
    return page.phase !== 'waiting' || page.reason === 'settling' || page.reason === 'lookups-disagree'
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
      // However long it takes: the writer does not give up while the pod exists.
      if (trace.written && (trace.written.turn === pod.turn || !trace.written.before.has(pod.turn)))
        delete trace.written
      const namespacePaused = cluster.paused(pod.namespace)
      present.push(
        memberOf({
          pod,
          namespacePaused,
          seen: pages.of(key),
          written: trace.written,
          changing: isChanging(trace, at),
        }),
      )
    }
    for (const [key, trace] of traces) {
      if (seen.has(key)) continue
      traces.delete(key)
      if (!cluster.follows(trace.pod.namespace)) tellUnfollowed(trace.pod, at)
      else if (!trace.isReplaced) gone.set(key, { pod: trace.pod, at })
    }
    for (const [key, one] of gone) {
      // A namespace that is not followed any more has no groups: what is missing there is nobody's business, also once
      // it is followed again.
      if (at > one.at + times.goneSeconds * 1000 || !cluster.follows(one.pod.namespace)) gone.delete(key)
      else present.push(goneMember(one.pod))
    }
    return present
  }

  /** The last word to pods whose namespace has lost its label: nobody else can tell them why they get no turns. */
  function tellUnfollowed(pod: InjectedPod, at: number): void {
    if (pod.deleting || pod.plan.turns !== 'controller') return
    const why = `namespace ${pod.namespace} has had no label ${optIn.label}: ${optIn.value} since ${new Date(at).toISOString()}, so nobody gives turns there`
    writer.write(pod, { [annotation.turnWait]: why })
  }

  function noteWaits(waits: readonly TurnWait[], at: number): void {
    const byKey = new Map(waits.map(one => [one.key, one]))
    for (const [key, trace] of traces) {
      const wait = byKey.get(key)
      const { note, write } = nextTurnWaitText(trace.wait ?? {}, trace.pod.turnWait, wait?.why, at, turnWaitTextTimes)
      trace.wait = note
      if (write === undefined || trace.pod.deleting) continue
      writer.write(trace.pod, { [annotation.turnWait]: write })
      if (wait?.cause === 'paused')
        events.tell(trace.pod, {
          type: 'Warning',
          reason: 'RestartHeld',
          message: `paused: a restart is wished for, and ${wait.why}`,
        })
    }
  }

  function write(key: string, turn: string, at: number): void {
    const trace = traces.get(key)
    if (!trace) return
    const isGrant = liveTurn(turn) !== undefined
    const before = new Set(trace.written ? [...trace.written.before, trace.written.turn] : [trace.pod.turn])
    trace.written = { turn, grantedAt: isGrant ? at : undefined, before }
    const stamp = isGrant ? { [annotation.turnGrantedAt]: new Date(at).toISOString() } : {}
    // In one write with the turn, which ends the wait.
    const hasWords = (trace.wait?.written ? trace.wait.written.text : trace.pod.turnWait) !== undefined
    const words = isGrant && hasWords ? { [annotation.turnWait]: null } : {}
    if (isGrant && hasWords) trace.wait = { written: { text: undefined, at } }
    writer.write(trace.pod, { [annotation.turn]: turn, ...stamp, ...words }, true)
  }

  function nudge(at: number): void {
    for (const [key, trace] of traces) {
      const { pod } = trace
      if (!needsNudge(pod, pages.of(key), trace.nudges, at)) continue
      trace.nudges = { since: at, given: trace.nudges.given + 1 }
      writer.write(pod, { [annotation.nudge]: new Date(at).toISOString() })
    }
  }

  /** A page that was read a second after the pod was told speaks of what it was told: the kubelet takes less. */
  function timeSettling(): void {
    for (const [key, trace] of traces) {
      const seen = trace.timing?.toldAt === undefined ? undefined : pages.of(key)
      if (!trace.timing || !seen || !('page' in seen) || seen.page.phase !== 'settled') continue
      if (seen.at < (trace.timing.toldAt ?? 0) + 1000 || (trace.pod.peerHash ?? seen.page.list) !== seen.page.list)
        continue
      settled?.((seen.at - trace.timing.since) / 1000)
      delete trace.timing
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
    for (const key of stoppedBefore) if (!now.has(key)) tellReleased(key)
    stoppedBefore.clear()
    for (const key of now) stoppedBefore.add(key)
  }

  function tellReleased(key: string): void {
    const pod = traces.get(key)?.pod
    if (!pod) return
    const group = groupOf(pod)
    const isFree = !last.groups.some(one => one.group === group && one.stopped.length > 0)
    const message = `this node no longer stops its group ${group}${isFree ? ', whose other nodes may restart again' : ', which others still do'}`
    events.tell(pod, { type: 'Normal', reason: 'GroupReleased', message })
    log.info({ group, pod: key }, 'a restarted node that had not come back stops its group no longer')
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
      room = new Set(
        last.groups.filter(one => one.away.length < one.allowed && one.stopped.length === 0).map(one => one.group),
      )
      for (const { key, turn } of last.retire) write(key, turn, at)
      for (const { key, turn } of last.grants) {
        log.info({ pod: key, turn }, 'granting a turn')
        granted?.()
        write(key, turn, at)
      }
      noteWaits(last.waits, at)
      nudge(at)
      timeSettling()
      tellStopped(last.groups)
      const running = [...traces.values()].filter(({ pod }) => !pod.deleting)
      pages.follow(
        running.map(({ pod }) => ({ key: podKey(pod), ip: pod.ip, uid: pod.uid, ready: pod.ready })),
        isBusy,
      )
    },
    pageChanged(key) {
      const trace = traces.get(key)
      const seen = pages.of(key)
      if (!trace || !seen || !('page' in seen)) return
      for (const event of eventsBetween(trace.page, seen.page)) events.tell(trace.pod, event)
      trace.page = seen.page
    },
    without(key) {
      gone.delete(key)
      const trace = traces.get(key)
      if (trace) trace.isReplaced = true
    },
    groups: () => last.groups,
  }
}

/** What a pod is told for the first time is no change: it has just been created. */
function changeEvent(pod: InjectedPod, notes: Annotations): PodEvent | undefined {
  const what = [
    ...(annotation.peerHash in notes && pod.peerHash !== undefined ? ['the peer list'] : []),
    ...(annotation.endpoints in notes && pod.endpoints !== undefined ? ['addresses of its peers'] : []),
  ]
  if (what.length === 0) return undefined
  return { type: 'Normal', reason: 'PeersChanged', message: `${what.join(' and ')} changed; the sidecar compares` }
}
