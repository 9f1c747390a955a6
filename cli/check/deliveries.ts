// Which pods lack a list that a PeerSet delivers to them: those that were created before it did. For `repeer check`.

import { type DeliveringSet, deliveriesTo, readDelivering } from '../../peers/peer-set/delivering.ts'
import { optIn } from '../../peers/pod.ts'
import { type Cluster, isStatus } from '../cluster/cluster-access.ts'
import { type NamespaceObject, namespacePath } from '../cluster/namespaces.ts'
import { type PodObject, planOf } from '../cluster/pod-object.ts'
import type { PodReport } from './report.ts'

const path = '/apis/repeer.dev/v1alpha1'

/**
 * The PeerSets that the webhook lets deliver to pods of the namespace. None where there is no such custom resource; a
 * note where they may not be read.
 */
export async function deliveringSets(
  cluster: Cluster,
  namespace: string,
  notes: string[],
): Promise<readonly DeliveringSet[]> {
  const objects = await readAll(cluster, namespace, notes)
  const sets = objects.flatMap(object => readDelivering(object) ?? [])
  const homes = [...new Set(sets.map(set => set.namespace).filter(home => home !== namespace))]
  const known = new Map(await Promise.all(homes.map(async home => [home, await isOptedIn(cluster, home)] as const)))
  return sets.filter(set => set.namespace === namespace || known.get(set.namespace) === true)
}

/** The report about an injected pod, with what PeerSets deliver to it and its plan does not have. */
export function withDeliveries(
  report: PodReport,
  pod: PodObject,
  namespace: NamespaceObject,
  sets: readonly DeliveringSet[],
): PodReport {
  const lacking = lackedBy(pod, namespace, sets)
  if (lacking.length === 0) return report
  const notes = lacking.map(set => `created before PeerSet ${set} delivered to it; create it anew`)
  return {
    ...report,
    verdict: report.verdict === 'settled' ? 'problem' : report.verdict,
    notes: [...report.notes, ...notes],
  }
}

/** NAMESPACE/NAME of each PeerSet whose list is for a pod and in none of the sources of its plan. */
function lackedBy(pod: PodObject, { metadata }: NamespaceObject, sets: readonly DeliveringSet[]): string[] {
  const plan = planOf(pod)
  if (!plan) return []
  const { delivered } = deliveriesTo(
    {
      namespace: { name: metadata.name, annotations: metadata.annotations ?? {} },
      labels: pod.metadata.labels ?? {},
      containers: pod.spec.containers.map(({ name }) => name),
    },
    sets,
  )
  const has = (name: string, key: string) =>
    plan.sources.some(source => source.kind === 'ConfigMap' && source.name === name && source.key === key)
  return delivered.filter(({ configMap, key }) => !has(configMap, key)).map(({ set }) => set)
}

/** Of all namespaces, where that is permitted: those of others may deliver here. */
async function readAll(cluster: Cluster, namespace: string, notes: string[]): Promise<readonly unknown[]> {
  for (const collection of [`${path}/peersets`, `${path}/namespaces/${encodeURIComponent(namespace)}/peersets`]) {
    try {
      return await cluster.list<unknown>(collection)
    } catch (error) {
      if (isStatus(error, 404)) return []
      if (!isStatus(error, 403)) throw error
    }
  }
  notes.push(
    `PeerSets of namespace ${namespace} may not be read (permission list on peersets): which pods lack a list that one delivers is not told`,
  )
  return []
}

async function isOptedIn(cluster: Cluster, name: string): Promise<boolean> {
  try {
    const { metadata } = (await cluster.get(namespacePath(name))) as NamespaceObject
    return metadata.labels?.[optIn.label] === optIn.value
  } catch (error) {
    if (isStatus(error, 403) || isStatus(error, 404)) return false
    throw error
  }
}
