// The leader's work: annotate pods with what they should follow, read their pages, grant turns. It keeps nothing that
// the API does not have, but for what it wrote a moment ago; another leader goes on from there.
import type { Logger } from 'pino'
import type { Events } from '../kubernetes/events.ts'
import { annotation, optIn } from '../peers/pod.ts'
import { formatTurnWait, liveTurn } from '../peers/turn.ts'
import { changedAnnotations, changeEvent } from './annotation-changes.ts'
import type { ClusterWatch } from './cluster/cluster.ts'
import { isEchoAwaited, turnWritten } from './echo.ts'
import { needsNudge, nudged } from './nudges.ts'
import { eventsBetween } from './pages/page-events.ts'
import type { Pages } from './pages/pages.ts'
import type { Seen } from './pages/seen-page.ts'
import { type InjectedPod, podKey } from './pod.ts'
import { afterSight } from './rest.ts'
import { settledAfterSeconds, timerArrived, timerStarted } from './settling-timer.ts'
import { createStoppedGroups } from './stopped-groups.ts'
import { type RolloutTimes, rolloutTimes } from './times.ts'
import { isBusy } from './tracked-pod.ts'
import { createTrackedPods } from './tracked-pods.ts'
import { groupOf } from './turns/members.ts'
import { nextTurnWaitText, presentText, turnWaitTextTimes } from './turns/turn-wait-text.ts'
import type { TurnWait } from './turns/turn-waits.ts'
import { type GroupState, type Pace, pace, type TurnTimes } from './turns/turns.ts'
import type { Writer } from './writes.ts'

export type RolloutParts = {
  readonly cluster: ClusterWatch
  readonly writer: Writer
  readonly pages: Pages
  readonly events: Events
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  /** Milliseconds since the epoch, only forward (evenClock), as the pages' times are. */
  readonly now: () => number
  /** Milliseconds since the epoch as the machine has them, for the times in annotations. Default: `now`. */
  readonly wallNow?: () => number
  readonly turnTimes: TurnTimes
  readonly times?: RolloutTimes
  readonly granted?: (pod: InjectedPod) => void
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
  /** All that is known of the pods, to be shown. */
  pods(): Iterable<KnownPod>
}

/** A pod, what was last seen of its page, and why it has no turn where it asks for one. */
export type KnownPod = {
  readonly pod: InjectedPod
  readonly paused: boolean
  readonly seen?: Seen
  readonly wait?: TurnWait
}

export function createRollout(parts: RolloutParts): Rollout {
  const { cluster, writer, pages, events, log, now, wallNow = now, turnTimes, times = rolloutTimes } = parts
  const { granted, settled } = parts
  const tracked = createTrackedPods({ cluster, pages, times, now, wallNow, unfollowed: tellUnfollowed })
  const stopped = createStoppedGroups({ podOf: key => tracked.get(key)?.pod, events, log })
  let last: Pace = { grants: [], retire: [], groups: [], waits: [] }
  /** Groups in which one more may restart. */
  let withRoom: ReadonlySet<string> = new Set()
  let shown = ''

  function annotate(pod: InjectedPod): void {
    const desired = cluster.desired(pod)
    if (pod.deleting) return
    if (desired === 'unknown') {
      tellUnknown(pod)
      return
    }
    const its = tracked.of(pod)
    const at = now()
    its.rest = afterSight(its.rest, `${desired.peerHash ?? ''}\n${desired.endpoints ?? ''}`, at, times)
    const changes = changedAnnotations(pod, desired)
    if (!changes) {
      its.annotationsEcho = undefined
      its.settling = timerArrived(its.settling, at)
      return
    }
    const text = JSON.stringify(changes)
    if (isEchoAwaited(its.annotationsEcho, text, at, times.echoSeconds)) return
    its.annotationsEcho = { text, at }
    its.settling = timerStarted(its.settling, at)
    writer.write(pod, changes)
    const event = changeEvent(pod, changes)
    if (event) events.tell(pod, event)
  }

  /** Where nothing has been read yet, it soon is. */
  function tellUnknown(pod: InjectedPod): void {
    const why = cluster.tooMuch().get(pod.namespace)
    if (why === undefined || !pod.plan.sources.some(({ kind }) => kind === 'ConfigMap')) return
    events.tell(pod, { type: 'Warning', reason: 'ListsUnknown', message: unknownLists(pod.namespace, why) })
  }

  /** By the machine's clock, as others tell it. */
  const timeText = (at: number) => new Date(at + wallNow() - now()).toISOString()

  /** The last word to pods whose namespace has lost its label: nobody else can tell them why they get no turns. */
  function tellUnfollowed(pod: InjectedPod, at: number): void {
    if (pod.deleting || pod.plan.turns !== 'controller') return
    const why = `namespace ${pod.namespace} has had no label ${optIn.label}: ${optIn.value} since ${timeText(at)}, so nobody gives turns there`
    writer.write(pod, { [annotation.turnWait]: formatTurnWait(why) })
  }

  function writeWaits(waits: readonly TurnWait[], at: number): void {
    const byKey = new Map(waits.map(wait => [wait.key, wait]))
    for (const [key, its] of tracked.all()) {
      const wait = byKey.get(key)
      const { state, write } = nextTurnWaitText(its.waitText, its.pod.turnWait, wait?.why, at, turnWaitTextTimes)
      its.waitText = state
      if (write === undefined || its.pod.deleting) continue
      writer.write(its.pod, { [annotation.turnWait]: write })
      if (wait?.cause === 'paused')
        events.tell(its.pod, {
          type: 'Warning',
          reason: 'RestartHeld',
          message: `paused: a restart is wished for, and ${wait.why}`,
        })
    }
  }

  function writeTurn(key: string, turn: string, at: number): void {
    const its = tracked.get(key)
    if (!its) return
    const isGrant = liveTurn(turn) !== undefined
    its.turnEcho = turnWritten(its.turnEcho, its.pod.turn, turn, isGrant ? at : undefined)
    const grantedText = timeText(at)
    if (isGrant) its.granted = { stamp: Date.parse(grantedText), at }
    const stamp = isGrant ? { [annotation.turnGrantedAt]: grantedText } : {}
    // In one write with the turn, which ends the wait.
    const endsWait = isGrant && presentText(its.waitText, its.pod.turnWait) !== undefined
    if (endsWait) its.waitText = { written: { text: undefined, at } }
    const noWait = endsWait ? { [annotation.turnWait]: null } : {}
    writer.write(its.pod, { [annotation.turn]: turn, ...stamp, ...noWait }, true)
  }

  function nudge(at: number): void {
    for (const [key, its] of tracked.all()) {
      if (!needsNudge(its.pod, pages.of(key), its.nudges, at)) continue
      its.nudges = nudged(its.nudges, at)
      writer.write(its.pod, { [annotation.nudge]: timeText(at) })
    }
  }

  function timeSettling(): void {
    for (const [key, its] of tracked.all()) {
      const seconds = settledAfterSeconds(its.settling, pages.of(key), its.pod)
      if (seconds === undefined) continue
      its.settling = undefined
      settled?.(seconds)
    }
  }

  function isBusyKey(key: string): boolean {
    const its = tracked.get(key)
    if (!its) return false
    const hasRoom = withRoom.has(groupOf(its.pod))
    return isBusy(its, { seen: pages.of(key), hasRoom, now: now(), times, comeBackSeconds: turnTimes.comeBackSeconds })
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
      last = pace(tracked.members(at), at, turnTimes)
      const { groups, grants, retire, waits } = last
      const state = JSON.stringify(groups)
      if (state !== shown) log.debug({ groups }, 'groups')
      shown = state
      withRoom = new Set(groups.filter(hasRoom).map(({ group }) => group))
      for (const { key, turn } of retire) writeTurn(key, turn, at)
      for (const { key, turn } of grants) {
        log.info({ pod: key, turn }, 'granting a turn')
        const pod = tracked.get(key)?.pod
        if (pod) granted?.(pod)
        writeTurn(key, turn, at)
      }
      writeWaits(waits, at)
      nudge(at)
      timeSettling()
      stopped.see(groups)
      const pods = [...tracked.all()].map(([, { pod }]) => pod).filter(({ deleting }) => !deleting)
      pages.follow(
        pods.map(pod => ({ key: podKey(pod), ip: pod.ip, uid: pod.uid, ready: pod.ready })),
        isBusyKey,
      )
    },
    pageChanged(key) {
      const its = tracked.get(key)
      const seen = pages.of(key)
      if (!its || !seen || !('page' in seen)) return
      for (const event of eventsBetween(its.page, seen.page)) events.tell(its.pod, event)
      its.page = seen.page
    },
    without: tracked.replaced,
    groups: () => last.groups,
    *pods() {
      const waits = new Map(last.waits.map(wait => [wait.key, wait]))
      for (const [key, { pod }] of tracked.all()) {
        const [seen, wait] = [pages.of(key), waits.get(key)]
        const paused = pod.paused || cluster.paused(pod.namespace)
        yield { pod, paused, ...(seen ? { seen } : {}), ...(wait ? { wait } : {}) }
      }
    },
  }
}

function unknownLists(namespace: string, why: string): string {
  return `the controller does not know the pod's peer lists, and leaves its annotations as they are: in namespace ${namespace} it ${why}`
}

function hasRoom({ away, allowed, stopped }: GroupState): boolean {
  return away.length < allowed && stopped.length === 0
}
