// Which pods `repeer upgrade` changes, in which order, and what of them. Pure.
import { containerName } from '../../peers/pod.ts'
import { groupOf, isInjected, type PodObject, planOf, sidecarStatus, stateText } from '../cluster/pod-object.ts'

/** One container's image. `index`: among the pod's init containers. */
export type ImageChange = { readonly index: number; readonly container: string; readonly from: string }

export type PodUpgrade =
  | { readonly pod: PodObject; readonly do: 'upgrade'; readonly changes: readonly ImageChange[] }
  | { readonly pod: PodObject; readonly do: 'skip'; readonly why: string }
  /** Something is wrong with it already: nothing is changed, here or after it. */
  | { readonly pod: PodObject; readonly do: 'stop'; readonly why: string }

export type GroupUpgrade = { readonly group: string; readonly pods: readonly PodUpgrade[] }

/**
 * The namespace's injected pods by group, groups and pods by name, validators last. The image of repeer-install is
 * changed along: it has run and does not run again, but would when the pod's init containers do (a machine that starts
 * anew), and then the old image need not be there any more.
 * @param group only this one; its name with or without the namespace before it
 */
export function upgradesOf(pods: readonly PodObject[], image: string, group?: string): GroupUpgrade[] {
  const chosen = pods.filter(isInjected).filter(pod => group === undefined || isNamed(groupOf(pod), group))
  return [...Map.groupBy(chosen, groupOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => ({ group: name, pods: members.sort(validatorsLast).map(pod => upgradeOf(pod, image)) }))
}

/** Whether somebody who asks for a group means this one: by its name with or without the namespace before it. */
export function isNamed(group: string, asked: string): boolean {
  return group === asked || group.slice(group.indexOf('/') + 1) === asked
}

function upgradeOf(pod: PodObject, image: string): PodUpgrade {
  if (pod.metadata.deletionTimestamp) return { pod, do: 'skip', why: 'it is being deleted' }
  const phase = pod.status?.phase ?? 'Pending'
  if (phase !== 'Running') return { pod, do: 'skip', why: `it does not run (${phase})` }
  const ours: readonly string[] = [containerName.sidecar, containerName.install]
  const changes = (pod.spec.initContainers ?? []).flatMap((container, index) =>
    ours.includes(container.name) && container.image !== undefined && container.image !== image
      ? [{ index, container: container.name, from: container.image }]
      : [],
  )
  if (changes.length > 0) return { pod, do: 'upgrade', changes }
  const sidecar = sidecarStatus(pod)
  if (sidecar?.state?.running) return { pod, do: 'skip', why: 'on the image already' }
  return { pod, do: 'stop', why: `it has the image already, but its sidecar does not run: ${stateText(sidecar)}` }
}

function validatorsLast(a: PodObject, b: PodObject): number {
  const rank = (pod: PodObject) => (planOf(pod)?.validator ? 1 : 0)
  return rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1)
}
