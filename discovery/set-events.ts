// What became of a PeerSet, as Events on it. Pure.
import type { PodEvent } from '../kubernetes/events.ts'
import type { Condition, PeerSetStatus } from './peer-set.ts'

/** @param change of the list, in a sentence; undefined where it was not changed */
export function eventsAfter(before: PeerSetStatus, after: PeerSetStatus, change: string | undefined): PodEvent[] {
  const events: PodEvent[] = []
  if (change !== undefined) events.push({ type: 'Normal', reason: 'PeersChanged', message: change })
  const turned = (type: Condition['type']) => {
    const [was, is] = [before, after].map(status => status.conditions?.find(condition => condition.type === type))
    return is && was?.status !== is.status ? { was, is } : undefined
  }
  const source = turned('SourceHealthy')
  if (source?.is.status === 'False')
    events.push({ type: 'Warning', reason: source.is.reason, message: source.is.message })
  else if (source?.was) events.push({ type: 'Normal', reason: 'SourceAnswers', message: 'the source answers again' })
  for (const type of ['Written', 'Delivered', 'Exposed'] as const) {
    const [was, is] = [before, after].map(status => status.conditions?.find(condition => condition.type === type))
    // A load balancer takes its time to get an address.
    if (is?.status !== 'False' || is.reason === 'NoAddress') continue
    if (was?.status !== 'False' || was.reason !== is.reason)
      events.push({ type: 'Warning', reason: is.reason, message: is.message })
  }
  const ready = turned('Ready')
  if (ready?.is.reason === 'Invalid') events.push({ type: 'Warning', reason: 'Invalid', message: ready.is.message })
  return events
}
