// What is reported about one injected pod, from its object and its status page. Pure.

import { lastsMs, type Page } from '../peers/page.ts'
import type { Plan } from '../peers/plan.ts'
import { annotation, containerName, statusPort } from '../peers/pod.ts'
import type { HoldReason } from '../peers/reasons.ts'
import { liveTurn } from '../rollout/turns/turns.ts'
import type { ListState, PodReport, Verdict } from './check-report.ts'
import { groupOf, type PodObject, planOf, sidecarStatus, stateText } from './pod-object.ts'
import { ago, duration } from './relative-time.ts'
import type { PageAnswer } from './status-page.ts'

/** Reasons that time and repeer do not end: somebody has to change something. */
const forSomebody: ReadonlySet<string> = new Set<HoldReason>([
  'list-missing',
  'list-malformed',
  'list-empty',
  'list-too-long',
  'list-fixed',
  'mass-removal',
  'needs-rollout',
  'double-sign-check',
  'breaker-open',
  'already-restarted',
  'hot-only',
  'observe',
  'process-ambiguous',
  'process-not-found',
  'not-permitted',
])

/** The sidecar compares at least every 30 s, and its own /healthz gives it three times that and 30 s. */
const staleSeconds = 120

/** What a waiting container says where the kubelet cannot get further without somebody. */
const stuck = /ImagePull|ErrImage|InvalidImage|CreateContainer|RunContainer|CrashLoop/

type State = Pick<PodReport, 'verdict' | 'phase' | 'since' | 'reason' | 'why' | 'until'>

/** @param now milliseconds since the epoch */
export function podReport(pod: PodObject, answer: PageAnswer, now: number): PodReport {
  const plan = planOf(pod)
  const page = 'page' in answer ? answer.page : null
  const list = listOf(pod, page, plan)
  const state = stateOf(pod, answer, now)
  const annotations = pod.metadata.annotations ?? {}
  const turn = liveTurn(annotations[annotation.turn])
  const isStale = page !== null && now - Date.parse(page.lookedAt) > staleSeconds * 1000
  const settled = state.verdict === 'settled'
  return {
    namespace: pod.metadata.namespace,
    pod: pod.metadata.name,
    group: groupOf(pod),
    container: page?.container ?? plan?.container ?? null,
    profile: page?.profile ?? plan?.profile ?? null,
    strategy: page?.strategy ?? plan?.reach.by ?? null,
    ...state,
    verdict: isStale ? 'problem' : settled && list.state === 'differs' ? 'under-way' : state.verdict,
    connected: page?.connected ?? null,
    peers: page ? page.peers.filter(peer => peer.standing !== 'self').length : null,
    list,
    lastRestart: page?.restarts.at(-1) ?? null,
    lastTold: page?.told.at(-1) ?? null,
    turn: {
      granted: turn ?? null,
      grantedAt: turn === undefined ? null : (annotations[annotation.turnGrantedAt] ?? null),
      seen: page?.turn ?? null,
      wait: turn === undefined ? annotations[annotation.turnWait] || null : null,
    },
    turns: plan?.turns ?? null,
    maxUnavailable: plan?.maxUnavailable ?? null,
    notes: [
      ...(isStale
        ? [
            `its last comparison was ${ago(page.lookedAt, now)}; expected one every 30 s: see the log of container repeer`,
          ]
        : []),
      ...(list.state === 'differs'
        ? [
            `the sidecar's files hold list ${short(list.found)}, repeer.dev/peer-hash says ${short(list.annotation)}: the kubelet has not delivered the edit yet`,
          ]
        : []),
      ...(plan ? [] : ['its repeer.dev/plan is not one that this version of repeer can read']),
      ...(annotations[annotation.pause]?.trim() === 'true' ? ['repeer.dev/pause holds its restarts'] : []),
      ...(plan?.notFollowed ?? []).map(
        ({ container, program }) => `container ${container} runs a second node (${program}), which is not followed`,
      ),
      ...(page ? lookupNotes(page) : []),
      ...(page?.node.noStatusApi === undefined ? [] : [page.node.noStatusApi]),
      ...(page ? [] : fromPod(pod, now)),
    ],
    page,
  }
}

function stateOf(pod: PodObject, answer: PageAnswer, now: number): State {
  const own = (verdict: Verdict, phase: string, why: string | null): State => ({
    verdict,
    phase,
    why,
    since: null,
    reason: null,
    until: null,
  })
  if (pod.metadata.deletionTimestamp)
    return { ...own('under-way', 'ending', 'the pod is being deleted'), since: pod.metadata.deletionTimestamp }
  const podPhase = pod.status?.phase ?? 'Pending'
  if (podPhase === 'Succeeded' || podPhase === 'Failed')
    return own('ended', 'ended', `the pod has ${podPhase.toLowerCase()}`)
  if (podPhase === 'Pending') {
    const why = pendingText(pod)
    return {
      ...own(stuck.test(why) ? 'problem' : 'under-way', 'pending', why),
      since: pod.metadata.creationTimestamp ?? null,
    }
  }
  if ('starting' in answer) return own('under-way', 'starting', 'the sidecar has not finished its first comparison')
  if ('forbidden' in answer) return own('unseen', 'unseen', 'its status page may not be read, see below')
  if ('unreachable' in answer) {
    const hint = pod.spec.hostNetwork
      ? ''
      : `; the API server has to reach TCP ${statusPort.number} of the pod (a NetworkPolicy may forbid it)`
    return own('unseen', 'unseen', `its status page cannot be read: ${answer.unreachable}${hint}`)
  }
  const { page } = answer
  const lacking = lackingOf(page, planOf(pod))
  const said = [page.sentence, page.detail].filter(text => text !== undefined && text !== '').join(': ')
  const why = said || (lacking ? `nothing is left to do, and ${lacking.peers} of its peers are not connected` : '')
  const verdict =
    page.phase === 'settled'
      ? settledVerdict(lacking, now)
      : forSomebody.has(page.reason ?? '')
        ? 'problem'
        : 'under-way'
  return {
    verdict,
    phase: page.phase,
    since: page.since,
    reason: page.reason ?? null,
    why: why || null,
    until: page.until ?? null,
  }
}

/**
 * Settled, and not connected to all of its peers: a peer that restarts is back within seconds, and most that moved
 * within this time.
 */
function settledVerdict(lacking: Page['lacking'], now: number): Verdict {
  if (lacking === undefined) return 'settled'
  return now - Date.parse(lacking.since) < lastsMs ? 'under-way' : 'problem'
}

/** A sidecar of an older version does not say so itself: then by its peers' standings. */
function lackingOf(page: Page, plan: Plan | undefined): Page['lacking'] {
  if (page.lacking !== undefined || page.sentence !== undefined || page.phase !== 'settled') return page.lacking
  const missing = page.peers.filter(({ standing }) => standing === 'absent' || standing === 'former').length
  const isEnough = plan?.minPeers !== undefined && page.connected >= plan.minPeers
  return missing === 0 || isEnough ? undefined : { peers: missing, since: page.since }
}

/** The first container that waits, ours before the node's. */
function pendingText(pod: PodObject): string {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const reasonOf = (name: string) => statuses.find(one => one.name === name)
  const ours = [containerName.install, containerName.sidecar].map(reasonOf)
  const waiting = [...ours, ...statuses].find(one => one?.state?.waiting && stuck.test(one.state.waiting.reason ?? ''))
  return waiting ? `container ${waiting.name} is ${stateText(waiting)}` : 'the pod has not started'
}

function listOf(pod: PodObject, page: Page | null, plan: Plan | undefined): PodReport['list'] {
  const wanted = pod.metadata.annotations?.[annotation.peerHash] ?? null
  const found = page?.list ?? null
  return { state: listState(page, found, wanted, plan), found, annotation: wanted }
}

function listState(page: Page | null, found: string | null, wanted: string | null, plan: Plan | undefined): ListState {
  if (page === null) return 'unseen'
  if (found === null) return page.reason === undefined ? 'none' : 'unread'
  if (wanted === null) return 'unchecked'
  if (found === wanted) return 'agrees'
  return plan?.turns === 'controller' ? 'differs' : 'edited'
}

function lookupNotes(page: Page): string[] {
  const failing = page.lookups.map(
    ({ host, failures, error }) => `${host} (${failures} times${error ? `, ${error}` : ''})`,
  )
  return failing.length === 0 ? [] : [`DNS look-ups fail, the last good answer stays in use: ${someOf(failing, 3)}`]
}

/** What can be said without the page: from the pod's annotations and its containers. */
function fromPod(pod: PodObject, now: number): string[] {
  if (pod.status?.phase !== 'Running') return []
  const status = pod.metadata.annotations?.[annotation.status]
  const sidecar = sidecarStatus(pod)
  const started = sidecar?.state?.running?.startedAt
  const restarts = sidecar?.restartCount ?? 0
  const age = started ? ` for ${duration((now - Date.parse(started)) / 1000)}` : ''
  return [
    ...(status ? [`when it was created: ${status}`] : []),
    `the sidecar is ${stateText(sidecar)}${age}${restarts > 0 ? `, started again ${restarts} times` : ''}`,
  ]
}

/** A hash as people compare it: its kind and 8 digits. */
export function short(hash: string | null): string {
  return hash === null ? 'none' : hash.slice(0, 11)
}

/** The first few, and how many more there are. */
export function someOf(texts: readonly string[], most: number): string {
  const more = texts.length - most
  return more > 0 ? `${texts.slice(0, most).join(', ')} and ${more} more` : texts.join(', ')
}
