// Whether the pods to which a PeerSet delivers have its list: those that were created before it did have to be created
// anew, and somebody has to know.
import { unlessAborted } from '../kubernetes/abort.ts'
import type { ApiObject } from '../kubernetes/list-watch.ts'
import { isDeleting } from '../kubernetes/object-state.ts'
import { allowPeerSetsFrom } from '../peers/peer-set/consent.ts'
import { type DeliveringSet, deliveriesTo } from '../peers/peer-set/delivering.ts'
import { PlanError, parsePlan } from '../peers/plan-check.ts'
import { annotation } from '../peers/pod.ts'
import type { Collections } from './collections.ts'
import type { Outcome } from './conditions.ts'
import { isForEach } from './lists.ts'
import type { PeerSet, PeerSetSpec, PeerSetStatus } from './peer-set.ts'
import type { Delivering } from './spec-parts.ts'

export type DeliveringParts = {
  readonly collections: Collections
  readonly mayWrite: (from: string, to: string) => boolean
}

export type DeliveredPod = {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly string[]
  /** NAME/KEY of the ConfigMaps in its plan; undefined without a plan that can be read. */
  readonly sources: readonly string[] | undefined
}

type Delivered = NonNullable<Outcome['delivered']>

/** Pod names that a sentence holds. */
const maxNames = 5
const pageSize = 250

export function createDelivering(
  set: PeerSet,
  spec: PeerSetSpec,
  hint: () => void,
  { collections, mayWrite }: DeliveringParts,
): Delivering {
  const { output, deliver } = spec
  const isWide = isForEach(output)
  const pods = collections.follow<DeliveredPod>(
    {
      what: isWide ? 'Pods of all namespaces' : `Pods of namespace ${output.namespace}`,
      path: isWide ? '/api/v1/pods' : `/api/v1/namespaces/${encodeURIComponent(output.namespace)}/pods`,
      labelSelector: deliver?.query ?? '',
      allNamespaces: isWide,
      reader: 'delivered lists',
      read: readDeliveredPod,
      pageSize,
    },
    hint,
  )
  return {
    look: async (status, signal) => {
      if (deliver === undefined) return { ok: true, reason: 'NoPods', message: 'nothing is delivered' }
      await pods.settled(signal).catch(unlessAborted(signal))
      const unknown = pods.unknown()
      if (unknown !== undefined)
        return { ok: false, reason: 'Unknown', message: `its pods cannot be followed: ${unknown}` }
      const found = [...pods.items].map(([key, pod]) => ({ name: key.slice(key.indexOf('/') + 1), pod }))
      return deliveredOutcome({ ...set, output, delivery: deliver, consumerIds: idsOf(status) }, found, mayWrite)
    },
    close: pods.close,
  }
}

/** Pure. */
export function deliveredOutcome(
  set: DeliveringSet,
  pods: readonly { readonly name: string; readonly pod: DeliveredPod }[],
  mayWrite: DeliveringParts['mayWrite'],
): Delivered {
  const states = pods.flatMap(({ name, pod }) => {
    // The webhook's own rule, so that both mean the same pods.
    const annotations = { [allowPeerSetsFrom]: mayWrite(set.namespace, pod.namespace) ? '*' : '' }
    const { delivered } = deliveriesTo({ ...pod, namespace: { name: pod.namespace, annotations } }, [set])
    return delivered.map(({ configMap, key }) => ({
      name: `${pod.namespace}/${name}`,
      state: pod.sources === undefined ? 'bare' : pod.sources.includes(`${configMap}/${key}`) ? 'has' : 'older',
    }))
  })
  const of = (state: string) => states.filter(pod => pod.state === state).map(({ name }) => name)
  const [has, older, bare] = [of('has'), of('older'), of('bare')]
  const without = bare.length === 0 ? '' : `${bare.length} without the sidecar (repeer check says why): ${some(bare)}`
  if (states.length === 0) return { ok: true, reason: 'NoPods', message: 'no pod matches spec.deliver yet' }
  if (older.length > 0) {
    const message = `${older.length} of ${states.length} pods were created before this PeerSet delivered to them; create them anew: ${some(older)}`
    return { ok: false, reason: 'CreateAnew', message: [message, without].filter(Boolean).join('; ') }
  }
  if (has.length === 0) {
    const advice = 'the namespaces of the PeerSet and of the pods have to have opted in before the pods are created'
    return { ok: false, reason: 'NotInjected', message: `${without}; ${advice}` }
  }
  return {
    ok: true,
    reason: 'Delivered',
    message: [`${has.length} pods have the list`, without].filter(Boolean).join('; '),
  }
}

/** Undefined for a pod that has ended, or goes. Never throws. */
export function readDeliveredPod(object: ApiObject): DeliveredPod | undefined {
  const { metadata, spec, status } = object as RawPod
  if (isDeleting(metadata) || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined
  return {
    namespace: metadata?.namespace ?? '',
    labels: metadata?.labels ?? {},
    containers: (spec?.containers ?? []).flatMap(({ name }) => name ?? []),
    sources: sourcesIn(metadata?.annotations?.[annotation.plan]),
  }
}

function sourcesIn(plan: string | undefined): readonly string[] | undefined {
  if (plan === undefined) return undefined
  try {
    return parsePlan(plan).sources.flatMap(source =>
      source.kind === 'ConfigMap' ? [`${source.name}/${source.key}`] : [],
    )
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    return undefined
  }
}

function idsOf({ consumers }: Pick<PeerSetStatus, 'consumers'>): ReadonlyMap<string, string> {
  return new Map((consumers ?? []).map(({ chainId, consumerId }) => [chainId, consumerId]))
}

function some(names: readonly string[]): string {
  const more = names.length - maxNames
  return more > 0 ? `${names.slice(0, maxNames).join(', ')} and ${more} more` : names.join(', ')
}

type RawPod = {
  readonly metadata?: ApiObject['metadata'] & { readonly deletionTimestamp?: unknown }
  readonly spec?: { readonly containers?: readonly { readonly name?: string }[] | null }
  readonly status?: { readonly phase?: string }
}
