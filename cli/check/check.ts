// Looks at the pods of namespaces for `repeer check`: reads them, their status pages, and why others were not injected.

import { optIn } from '../../peers/pod.ts'
import { configMapValues } from '../../webhook/cache/config-map-values.ts'
import type { ConfigMapView, DecideInput, Decision } from '../../webhook/decide/decision.ts'
import { type Cluster, isStatus } from '../cluster/cluster-access.ts'
import { eachOf } from '../cluster/each-of.ts'
import {
  isOptedIn,
  type NamespaceObject,
  namespaceNamed,
  namespacePath,
  optedInNamespaces,
} from '../cluster/namespaces.ts'
import { isInjected, type PodObject } from '../cluster/pod-object.ts'
import { listPods } from '../cluster/pods.ts'
import { type PageAnswer, statusPage } from '../cluster/status-page.ts'
import { deliveringSets, withDeliveries } from './deliveries.ts'
import { podReport } from './pod-report.ts'
import type { CheckReport, PodReport, UninjectedReport } from './report.ts'
import { uninjectedReport } from './uninjected.ts'

export type CheckParts = {
  readonly cluster: Cluster
  /** The webhook's. */
  readonly decide: (input: DecideInput) => Decision
  readonly now: () => number
}

/**
 * The report about the named namespaces, or about all that have opted in. Throws ClusterError where their pods may not
 * be listed, Error for a namespace that does not exist.
 */
export async function check(parts: CheckParts, names: readonly string[] | 'all'): Promise<CheckReport> {
  const notes: string[] = []
  const namespaces =
    names === 'all'
      ? await optedInNamespaces(parts.cluster)
      : await Promise.all(names.map(name => namespaceNamed(parts.cluster, name, notes)))
  const pods: PodReport[] = []
  const notInjected: UninjectedReport[] = []
  for (const namespace of namespaces) {
    const looked = await lookAt(parts, namespace, notes)
    pods.push(...looked.pods)
    notInjected.push(...looked.notInjected)
  }
  const shown = namespaces.map(namespace => ({ name: namespace.metadata.name, optedIn: isOptedIn(namespace) }))
  if (shown.length === 0) notes.push(`no namespace has the label ${optIn.label}: ${optIn.value}`)
  const isOut = shown.length === 0 || shown.some(({ optedIn }) => optedIn === false)
  return {
    at: new Date(parts.now()).toISOString(),
    namespaces: shown,
    pods: pods.sort((a, b) => order(a.group, b.group) || order(a.namespace, b.namespace) || order(a.pod, b.pod)),
    notInjected: notInjected.sort((a, b) => order(a.namespace, b.namespace) || order(a.pod, b.pod)),
    notes,
    settled:
      pods.every(({ verdict }) => verdict === 'settled' || verdict === 'ended') &&
      notInjected.every(({ kind }) => kind === 'left-alone') &&
      !(isOut && pods.length === 0),
  }
}

async function lookAt(
  { cluster, decide, now }: CheckParts,
  namespace: NamespaceObject,
  notes: string[],
): Promise<{ pods: PodReport[]; notInjected: UninjectedReport[] }> {
  const { name } = namespace.metadata
  const all = await listPods(cluster, name)
  const injected = all.filter(isInjected)
  const others = all.filter(pod => !isInjected(pod) && !hasEnded(pod))
  const sets = isOptedIn(namespace) === true ? await deliveringSets(cluster, name, notes) : []
  let forbidden: string | undefined
  const pods = await eachOf(injected, async pod => {
    const answer = await answerOf(cluster, pod, forbidden)
    if ('forbidden' in answer) forbidden = answer.forbidden
    return withDeliveries(podReport(pod, answer, now()), pod, namespace, sets)
  })
  if (forbidden !== undefined) notes.push(pagePermission(name, forbidden))
  if (isOptedIn(namespace) !== true) {
    const without = `repeer injects pods only where the label ${optIn.label}: ${optIn.value} is`
    if (isOptedIn(namespace) === false)
      notes.push(
        `namespace ${name} has not opted in: ${without} (kubectl label namespace ${name} ${optIn.label}=${optIn.value})`,
      )
    return { pods, notInjected: [] }
  }
  const configMap = configMapReader(cluster, name, notes)
  return {
    pods,
    notInjected: await eachOf(others, pod => uninjectedReport(pod, namespace, sets, decide, configMap, now())),
  }
}

async function answerOf(cluster: Cluster, pod: PodObject, forbidden: string | undefined): Promise<PageAnswer> {
  // The same would be answered for every pod of the namespace.
  if (forbidden !== undefined) return { forbidden }
  const { name, namespace } = pod.metadata
  if (pod.spec.hostNetwork) {
    const where = `the pod uses the machine's network, where the page listens on loopback only`
    return { unreachable: `${where}; see kubectl -n ${namespace} logs ${name} -c repeer` }
  }
  if (pod.status?.phase !== 'Running' || pod.metadata.deletionTimestamp) return { unreachable: 'the pod does not run' }
  return statusPage(cluster, namespace, name)
}

function pagePermission(namespace: string, found: string): string {
  return (
    `the status pages of namespace ${namespace} may not be read, so that only the pods' annotations are shown; expected the permission get on ` +
    `pods/proxy (kubectl create role repeer-check -n ${namespace} --verb=get --resource=pods/proxy, and a role binding): ${found}`
  )
}

function configMapReader(
  cluster: Cluster,
  namespace: string,
  notes: string[],
): (name: string) => Promise<ConfigMapView> {
  const known = new Map<string, Promise<ConfigMapView>>()
  const read = async (name: string): Promise<ConfigMapView> => {
    try {
      const found = await cluster.get(`${namespacePath(namespace)}/configmaps/${encodeURIComponent(name)}`)
      return configMapValues(found)
    } catch (error) {
      if (isStatus(error, 404)) return 'absent'
      const note = `ConfigMaps of namespace ${namespace} may not be read (permission get on configmaps): why pods were not injected is told without them`
      if (isStatus(error, 403) && !notes.includes(note)) notes.push(note)
      return 'unknown'
    }
  }
  return name => {
    const earlier = known.get(name) ?? read(name)
    known.set(name, earlier)
    return earlier
  }
}

function hasEnded(pod: PodObject): boolean {
  return (
    pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
