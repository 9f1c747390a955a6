// What is reported about one injected pod, from its object and its status page. Pure.

import type { Page } from '../../peers/page.ts'
import { parsePause } from '../../peers/pause.ts'
import type { Plan } from '../../peers/plan.ts'
import { annotation } from '../../peers/pod.ts'
import { liveTurn, parseTurnWait } from '../../peers/turn.ts'
import { groupOf, type PodObject, planOf, sidecarStatus, stateText } from '../cluster/pod-object.ts'
import type { PageAnswer } from '../cluster/status-page.ts'
import { ago, duration } from '../text/relative-time.ts'
import { short, someOf } from '../text/shortened.ts'
import { stateOf } from './pod-state.ts'
import type { ListState, PodReport } from './report.ts'

/** The sidecar compares at least every 30 s, and its own /healthz gives it three times that and 30 s. */
const staleSeconds = 120

/** @param now milliseconds since the epoch */
export function podReport(pod: PodObject, answer: PageAnswer, now: number): PodReport {
  const plan = planOf(pod)
  const page = 'page' in answer ? answer.page : null
  const list = listOf(pod, page, plan)
  const state = stateOf(pod, answer, now)
  const annotations = pod.metadata.annotations ?? {}
  const turn = liveTurn(annotations[annotation.turn])
  const pause = parsePause(annotations[annotation.pause])
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
      wait: turn === undefined ? (parseTurnWait(annotations[annotation.turnWait]) ?? null) : null,
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
      ...(pause.odd !== undefined ? [pause.odd] : pause.held ? ['repeer.dev/pause holds its restarts'] : []),
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
