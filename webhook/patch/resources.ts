// What our containers request and may use, such that the pod's QoS class stays what it was.
import type { V1Container, V1PodSpec, V1ResourceRequirements } from '@kubernetes/client-node'
import { nanos } from './quantity.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** The compute resources that decide about the QoS class. */
const compute = ['cpu', 'memory'] as const
type Totals = Map<string, bigint>

/**
 * The QoS class that Kubernetes gives the pod (pkg/apis/core/v1/helper/qos: ComputePodQOS): resources of the pod where
 * it states them, else the sums over all containers, init containers included; a limit without a request is a request
 * too.
 */
export function qosClass(spec: V1PodSpec): QosClass {
  const requests: Totals = new Map()
  const limits: Totals = new Map()
  const parts = hasPodResources(spec)
    ? [spec.resources]
    : [...spec.containers, ...(spec.initContainers ?? [])].map(container => container.resources)
  let limited = true
  for (const part of parts) {
    for (const name of compute) {
      const limit = positive(part?.limits?.[name])
      const request = positive(part?.requests?.[name]) ?? limit
      if (limit === undefined) limited = false
      else limits.set(name, (limits.get(name) ?? 0n) + limit)
      if (request !== undefined) requests.set(name, (requests.get(name) ?? 0n) + request)
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const equal = requests.size === limits.size && [...requests].every(([name, request]) => limits.get(name) === request)
  return limited && equal ? 'Guaranteed' : 'Burstable'
}

/** Whether the pod states resources for all of its containers together (PodLevelResources). */
function hasPodResources(spec: V1PodSpec): boolean {
  return Object.keys(spec.resources?.requests ?? {}).length + Object.keys(spec.resources?.limits ?? {}).length > 0
}

// Reasons: the sidecar is one Node process of about 60 MiB resident, and idle; twice that leaves room for a large peer
// list. It uses CPU for half a second at its start, and 0.5 of a core keeps that short. The init container runs busybox
// for some milliseconds; some container runtimes cannot start anything below 16 MiB or so. Limits stand beside requests
// because a ResourceQuota can demand both.
const sidecarBurstable = { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } }
const installBurstable = { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '32Mi' } }
// Guaranteed: what is requested is what can be used. A tenth of a core lets the sidecar start within some seconds.
const sidecarGuaranteed = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '100m', memory: '128Mi' } }
const installGuaranteed = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '100m', memory: '32Mi' } }

/**
 * The resources of our containers; undefined where stating any would do harm:
 * - A BestEffort pod would become Burstable. Nor does it need them: a LimitRange's defaults are set before a webhook is
 *   asked (the pod would not be BestEffort) and again after it, for our containers too; and a ResourceQuota that
 *   demands requests or limits refuses the pod with or without us.
 * - Where the pod states its resources as a whole, the sum of its containers may not exceed that, and they share it
 *   anyway.
 */
export function ourResources(
  spec: V1PodSpec,
): { sidecar: V1ResourceRequirements; install: V1ResourceRequirements } | undefined {
  if (hasPodResources(spec)) return undefined
  switch (qosClass(spec)) {
    case 'BestEffort':
      return undefined
    case 'Burstable':
      return { sidecar: sidecarBurstable, install: installBurstable }
    case 'Guaranteed':
      return { sidecar: sidecarGuaranteed, install: installGuaranteed }
  }
}

/** The part of a container that states resources, or nothing. */
export function resourcesPart(resources: V1ResourceRequirements | undefined): Pick<V1Container, 'resources'> {
  return resources ? { resources } : {}
}

function positive(quantity: string | undefined): bigint | undefined {
  const value = quantity === undefined ? undefined : nanos(quantity)
  return value !== undefined && value > 0n ? value : undefined
}
