// Which groups are stopped by a node that has not come back from its restart: told of once when it begins and once when
// it ends, on that node's pod.
import type { Logger } from 'pino'
import type { Events } from '../kubernetes/events.ts'
import type { InjectedPod } from './pod.ts'
import { groupOf } from './turns/members.ts'
import type { GroupState } from './turns/turns.ts'

export type StoppedGroups = {
  /** How all groups stand now. */
  see(groups: readonly GroupState[]): void
}

export type StoppedGroupsOptions = {
  /** By podKey; undefined where it is gone. */
  readonly podOf: (key: string) => InjectedPod | undefined
  readonly events: Pick<Events, 'tell'>
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export function createStoppedGroups({ podOf, events, log }: StoppedGroupsOptions): StoppedGroups {
  /** By the key of the pod that stops it. */
  let stoppedBefore: ReadonlySet<string> = new Set()

  function tellStopped(group: string, { key, why }: GroupState['stopped'][number]): void {
    const pod = podOf(key)
    const message = `no other node of group ${group} restarts: this one is ${why}`
    if (pod) events.tell(pod, { type: 'Warning', reason: 'GroupStopped', message })
    log.warn({ group, pod: key, why }, 'a restarted node has not come back; its group is stopped')
  }

  function tellReleased(key: string, groups: readonly GroupState[]): void {
    const pod = podOf(key)
    if (!pod) return
    const group = groupOf(pod)
    const isStopped = groups.some(state => state.group === group && state.stopped.length > 0)
    const rest = isStopped ? ', which others still do' : ', whose other nodes may restart again'
    events.tell(pod, {
      type: 'Normal',
      reason: 'GroupReleased',
      message: `this node no longer stops its group ${group}${rest}`,
    })
    log.info({ group, pod: key }, 'a restarted node that had not come back stops its group no longer')
  }

  return {
    see: groups => {
      const stopped = new Set<string>()
      for (const { group, stopped: failed } of groups) {
        for (const failure of failed) {
          stopped.add(failure.key)
          if (!stoppedBefore.has(failure.key)) tellStopped(group, failure)
        }
      }
      for (const key of stoppedBefore) if (!stopped.has(key)) tellReleased(key, groups)
      stoppedBefore = stopped
    },
  }
}
