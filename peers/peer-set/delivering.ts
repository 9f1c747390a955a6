// PeerSets that deliver, as the webhook, `repeer explain` and `repeer check` see them, and which of them deliver to a
// pod. Pure.

import { type FieldProblem, Fields } from '../fields.ts'
import type { Format } from '../formats/index.ts'
import { own } from '../own.ts'
import { allowPeerSetsFrom, namesIn, permits } from './consent.ts'
import { type Delivery, readDelivery, selects } from './delivery.ts'
import { type OutputSpec, placeFor, readOutput, type Values, valuesIn } from './output.ts'

export type DeliveringSet = {
  readonly namespace: string
  readonly name: string
  readonly output: OutputSpec
  readonly delivery: Delivery
  /** With `consumers: all`: consumer IDs by chain ID, as its status has them. */
  readonly consumerIds: ReadonlyMap<string, string>
}

/** One list that is for a pod. */
export type Delivered = {
  /** NAMESPACE/NAME of the PeerSet. */
  readonly set: string
  readonly delivery: Delivery
  /** In the pod's namespace. */
  readonly configMap: string
  readonly key: string
  readonly format: Format
}

export type PodAddress = {
  readonly namespace: { readonly name: string; readonly annotations: Readonly<Record<string, string>> }
  readonly labels: Readonly<Record<string, string>>
  /** Names of its containers. */
  readonly containers: readonly string[]
}

/** The chain ID of a pod whose namespace does not tell it: cosmopilot's and the ICS operator's label. */
const chainIdLabel = 'chain-id'

/**
 * What is kept of a raw PeerSet; undefined where it delivers nothing, is being deleted, or cannot be read. Never
 * throws.
 */
export function readDelivering(object: unknown): DeliveringSet | undefined {
  const { metadata, spec, status } = (object ?? {}) as Raw
  const { namespace, name, deletionTimestamp } = metadata ?? {}
  if (typeof namespace !== 'string' || typeof name !== 'string' || deletionTimestamp || spec?.deliver === undefined)
    return undefined
  const problems: FieldProblem[] = []
  const output = readOutput(new Fields(spec.output, 'spec.output', problems), namespace, isForAll(spec.source))
  const delivery = readDelivery(new Fields(spec.deliver, 'spec.deliver', problems))
  if (problems.length > 0) return undefined
  const consumers = Array.isArray(status?.consumers) ? (status.consumers as readonly RawConsumer[]) : []
  const consumerIds = consumers.flatMap(consumer =>
    typeof consumer?.chainId === 'string' && typeof consumer.consumerId === 'string'
      ? [[consumer.chainId, consumer.consumerId] as const]
      : [],
  )
  return { namespace, name, output, delivery, consumerIds: new Map(consumerIds) }
}

/** Whether there is a list for each consumer, so that the output is a template. */
export function isForAll(source: unknown): boolean {
  const { validators } = (source ?? {}) as { readonly validators?: { readonly consumers?: unknown } | null }
  return validators?.consumers !== undefined
}

/** The lists that are for a pod, by the names of their PeerSets, and what keeps others from it. */
export function deliveriesTo(
  pod: PodAddress,
  sets: readonly DeliveringSet[],
): { readonly delivered: readonly Delivered[]; readonly warnings: readonly string[] } {
  const delivered: Delivered[] = []
  const warnings: string[] = []
  const consent = namesIn(pod.namespace.annotations[allowPeerSetsFrom])
  for (const set of [...sets].sort(byName)) {
    const { output, delivery } = set
    const values = valuesIn(output.namespace, pod.namespace.name)
    if (values === undefined || !selects(delivery.podSelector, pod.labels)) continue
    const title = `PeerSet ${set.namespace}/${set.name}`
    if (set.namespace !== pod.namespace.name && !permits(consent, set.namespace)) {
      warnings.push(
        `${title} would deliver a list, but namespace ${pod.namespace.name} has no ${allowPeerSetsFrom}: ${set.namespace}`,
      )
    } else if (delivery.container !== undefined && !pod.containers.includes(delivery.container)) {
      warnings.push(`${title} delivers to container ${delivery.container}, which the pod does not have`)
    } else {
      const place = placeFor(output, consumerOf(values, pod.labels, set))
      if ('invalid' in place)
        warnings.push(`${title} would deliver a list, but ${place.invalid} (the pod's label ${chainIdLabel} may tell)`)
      else
        delivered.push({
          set: `${set.namespace}/${set.name}`,
          delivery,
          configMap: place.configMap,
          key: place.key,
          format: output.format,
        })
    }
  }
  return { delivered, warnings }
}

/**
 * Which consumer a pod is of: by its namespace, else by its label; the ID that belongs to the chain ID, as the
 * PeerSet's status has it.
 */
function consumerOf(values: Values, labels: PodAddress['labels'], { consumerIds }: DeliveringSet): Values {
  const byId = [...consumerIds].find(([, consumerId]) => consumerId === values.consumerId)?.[0]
  const chainId = values.chainId ?? own(labels, chainIdLabel) ?? byId
  const consumerId = values.consumerId ?? (chainId === undefined ? undefined : consumerIds.get(chainId))
  return { ...(chainId === undefined ? {} : { chainId }), ...(consumerId === undefined ? {} : { consumerId }) }
}

function byName(a: DeliveringSet, b: DeliveringSet): number {
  const [first, second] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`]
  return first < second ? -1 : first > second ? 1 : 0
}

type RawConsumer = { readonly chainId?: unknown; readonly consumerId?: unknown } | null
type Raw = {
  readonly metadata?: { readonly namespace?: unknown; readonly name?: unknown; readonly deletionTimestamp?: unknown }
  readonly spec?: { readonly source?: unknown; readonly output?: unknown; readonly deliver?: unknown }
  readonly status?: { readonly consumers?: unknown }
}
