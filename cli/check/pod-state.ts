// What is said of one injected pod's state: from its status page, or, where there is none, from its object. Pure.
import type { Page } from '../../peers/page.ts'
import type { Plan } from '../../peers/plan.ts'
import { containerName, statusPort } from '../../peers/pod.ts'
import { lastsMs, needsSomebody } from '../../peers/reasons.ts'
import { type ContainerStatus, isStuck, type PodObject, planOf, stateText } from '../cluster/pod-object.ts'
import type { PageAnswer } from '../cluster/status-page.ts'
import type { PodReport, Verdict } from './report.ts'

/** The part of a pod's report that says how it stands. */
export type PodState = Pick<PodReport, 'verdict' | 'phase' | 'since' | 'reason' | 'why' | 'until'>

/**
 * The page's state where there is a page, else what its object tells.
 * @param now milliseconds since the epoch
 */
export function stateOf(pod: PodObject, answer: PageAnswer, now: number): PodState {
  const own = (verdict: Verdict, phase: string, why: string | null): PodState => ({
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
    const waiting = stuckContainer(pod)
    const why = waiting ? `container ${waiting.name} is ${stateText(waiting)}` : 'the pod has not started'
    return {
      ...own(waiting ? 'problem' : 'under-way', 'pending', why),
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
      : page.reason !== undefined && needsSomebody(page.reason, now - Date.parse(page.since))
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

/** The first container that waits for somebody, ours before the node's. */
function stuckContainer(pod: PodObject): ContainerStatus | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const ours = [containerName.install, containerName.sidecar].map(name => statuses.find(status => status.name === name))
  return [...ours, ...statuses].find(status => status !== undefined && isStuck(status))
}
