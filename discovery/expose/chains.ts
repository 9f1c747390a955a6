// Which chains there are, and where each can be reached: from the pods that spec.expose selects. Pure.
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import { isDeleting, isReady } from '../../kubernetes/object-state.ts'
import { isAddress, normalHost } from '../../peers/peer.ts'
import type { Kind, Scoped } from '../scope.ts'
import type { Problem } from '../source.ts'
import { choosePort, declaredPorts } from '../sources/endpoint.ts'
import type { ExposeSpec } from './spec.ts'

export type ExposedPod = {
  readonly uid: string
  /** One of each family at most, in normal form. */
  readonly addresses: readonly string[]
  readonly nodeName: string | undefined
  readonly ready: boolean
  readonly deleting: boolean
  /** Undefined where it does not say. */
  readonly chainId: string | undefined
  /** A sentence where it cannot be told. */
  readonly port: number | string
}

export type Endpoint = {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly addresses: readonly string[]
  readonly nodeName: string | undefined
  readonly port: number
  readonly ready: boolean
  readonly deleting: boolean
}
/** `endpoints`: sorted by namespace and name; pods without an address yet are in it, too. */
export type Chain = { readonly id: string; readonly endpoints: readonly Endpoint[] }

export function exposedPods(spec: ExposeSpec): Kind<ExposedPod> {
  const reader = `exposed ${JSON.stringify([spec.chain, spec.targetPort])}`
  return { what: 'Pods', group: '/api/v1', plural: 'pods', reader, read: object => readExposedPod(object, spec) }
}

/** Undefined for a pod that has ended: nothing of it will answer again. Never throws. */
export function readExposedPod(
  object: ApiObject,
  { chain, targetPort }: Pick<ExposeSpec, 'chain' | 'targetPort'>,
): ExposedPod | undefined {
  const { metadata, spec, status } = object as RawPod
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined
  const addresses = (status?.podIPs ?? [{ ip: status?.podIP ?? '' }]).flatMap(({ ip = '' }) => {
    const host = normalHost(ip)
    return host !== undefined && isAddress(host) ? [host] : []
  })
  return {
    uid: metadata?.uid ?? '',
    addresses,
    nodeName: spec?.nodeName,
    ready: isReady(status),
    deleting: isDeleting(metadata),
    chainId: 'id' in chain ? chain.id : metadata?.labels?.[chain.label] || undefined,
    port: choosePort(declaredPorts(spec?.containers), targetPort, 'spec.expose.targetPort'),
  }
}

/** Sorted by chain ID. */
export function chainsOf(
  pods: readonly Scoped<ExposedPod>[],
  { chain }: Pick<ExposeSpec, 'chain'>,
): { readonly chains: readonly Chain[]; readonly problems: readonly Problem[] } {
  const chains = new Map<string, Endpoint[]>()
  const problems: Problem[] = []
  for (const { namespace, name, value } of pods) {
    const subject = `pod ${namespace}/${name}`
    const { chainId, port, ...rest } = value
    if (chainId === undefined)
      problems.push({
        code: 'no-chain',
        subject,
        message: `it has no label ${'label' in chain ? chain.label : ''}, expected its chain ID there`,
      })
    else if (typeof port === 'string') problems.push({ code: 'no-port', subject, message: port })
    else {
      const endpoints = chains.get(chainId) ?? []
      chains.set(chainId, endpoints)
      endpoints.push({ namespace, name, port, ...rest })
    }
  }
  const ids = [...chains.keys()].sort()
  return { chains: ids.map(id => ({ id, endpoints: chains.get(id) ?? [] })), problems }
}

type RawPod = ApiObject & {
  readonly metadata?: { readonly uid?: string; readonly deletionTimestamp?: unknown }
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: Parameters<typeof declaredPorts>[0]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip?: string }[] | null
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null
  }
}
