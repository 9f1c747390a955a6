// Why pods of an opted-in namespace have no sidecar: the webhook's own decision, about the pods as they are.

import type { V1Pod } from '@kubernetes/client-node'
import { isRecord } from '../../peers/is-record.ts'
import { own } from '../../peers/own.ts'
import type { DeliveringSet } from '../../peers/peer-set/delivering.ts'
import type { Plan } from '../../peers/plan.ts'
import type { SkipReason } from '../../peers/reasons.ts'
import type { ConfigMapView, DecideInput, Decision, NamespaceView } from '../../webhook/decide/decision.ts'
import type { NamespaceObject } from '../cluster/namespaces.ts'
import type { PodObject } from '../cluster/pod-object.ts'
import { ago } from '../text/relative-time.ts'
import type { UninjectedReport } from './report.ts'

/** With these there is nothing to do, or nothing that could be done. */
const leftAlone: ReadonlySet<SkipReason> = new Set([
  'not-a-node',
  'no-peers',
  'opted-out',
  'os-windows',
  'static-pod',
  'not-opted-in',
])

/**
 * Rounds of asking for the ConfigMaps that a decision turns out to need: what it finds in one can lead it to another.
 */
const rounds = 3

/**
 * @param sets PeerSets that may deliver to the pod
 * @param decide the webhook's
 * @param configMap reads one; 'unknown' where it may not be read
 */
export async function uninjectedReport(
  pod: PodObject,
  namespace: NamespaceObject,
  sets: readonly DeliveringSet[],
  decide: (input: DecideInput) => Decision,
  configMap: (name: string) => Promise<ConfigMapView>,
  now: number,
): Promise<UninjectedReport> {
  const known = new Map<string, ConfigMapView>()
  const decision = (peerSets = sets) => {
    const asked = new Set<string>()
    const made = decide({
      // A live pod has what a pod at its creation has, and a status.
      pod: structuredClone(pod) as unknown as V1Pod,
      namespace: viewOf(namespace),
      configMap: name => {
        asked.add(name)
        return known.get(name) ?? 'unknown'
      },
      peerSets,
      // Neither decides whether a pod is injected.
      settings: { image: 'repeer', turns: 'self', canRestartAll: true },
      quote: true,
    })
    return { made, missing: [...asked].filter(name => !known.has(name)) }
  }
  let { made, missing } = decision()
  for (let round = 0; round < rounds && missing.length > 0; round++) {
    for (const name of missing) known.set(name, await configMap(name))
    const next = decision()
    made = next.made
    missing = next.missing
  }
  const base = { namespace: pod.metadata.namespace, pod: pod.metadata.name }
  if (made.inject) {
    const { plan } = made
    const since = decision([]).made.inject ? sinceWhen(pod, namespace, now) : beforeSets(plan)
    const why = `${since}; it would be injected now (${plan.container}: ${plan.profile}, ${plan.reach.by})`
    return { ...base, kind: 'create-again', reason: 'not-created-since', why }
  }
  return {
    ...base,
    kind: leftAlone.has(made.reason) ? 'left-alone' : 'refused',
    reason: made.reason,
    why: made.message,
  }
}

/** Nothing but the lists that PeerSets deliver is a reason to inject it. */
function beforeSets({ sources }: Plan): string {
  const names = sources.flatMap(source =>
    source.kind !== 'Literal' && source.deliveredBy !== undefined ? [source.deliveredBy] : [],
  )
  return `created before PeerSet ${names.join(', ')} delivered to it; create it anew`
}

function sinceWhen(pod: PodObject, namespace: NamespaceObject, now: number): string {
  const opted = optedInAt(namespace)
  const created = pod.metadata.creationTimestamp ?? ''
  const age = created ? `created ${ago(created, now)}` : 'created'
  if (opted === undefined) return `${age}, without the webhook having seen it`
  const isOlder = Date.parse(created) < Date.parse(opted)
  return isOlder
    ? `${age}, before the namespace opted in (${ago(opted, now)})`
    : `${age}, after the namespace opted in (${ago(opted, now)}): the webhook was away, or did not know the pod's ConfigMaps yet`
}

/** When the label was set last, as the API server has noted it with the field's owner. */
function optedInAt(namespace: NamespaceObject): string | undefined {
  const owner = namespace.metadata.managedFields?.find(({ fieldsV1 }) =>
    has(has(has(fieldsV1, 'f:metadata'), 'f:labels'), 'f:repeer.dev/inject'),
  )
  return owner?.time
}

function has(value: unknown, key: string): unknown {
  return isRecord(value) ? own(value, key) : undefined
}

function viewOf({ metadata }: NamespaceObject): NamespaceView {
  return { name: metadata.name, labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} }
}
