// Pods as sources see them: what of a raw Pod says whether and where it is a peer. Pure.

import type { ApiObject } from '../../kubernetes/list-watch.ts'
import { isDeleting, isReady } from '../../kubernetes/object-state.ts'
import { isAddress, normalHost } from '../../peers/peer.ts'
import type { IdFrom, PortChoice } from '../peer-set.ts'
import type { Kind } from '../scope.ts'
import { choiceKey, choosePort, declaredPorts, readId } from './endpoint.ts'
import type { Keep } from './keep.ts'

export type PodFacts = {
  readonly ip: string | undefined
  readonly ready: boolean
  readonly deleting: boolean
  /** A sentence where it cannot be told. */
  readonly port: number | string
  readonly id: string | undefined
  /** app.kubernetes.io/instance: whose pod it is. */
  readonly instance: string | undefined
}

export type PodChoice = { readonly port: PortChoice; readonly idFrom: IdFrom }

export function podKind(choice: PodChoice): Kind<PodFacts> {
  return {
    what: 'Pods',
    group: '/api/v1',
    plural: 'pods',
    reader: choiceKey(choice),
    read: object => readPodFacts(object, choice),
  }
}

/** Never throws. */
export function readPodFacts(object: ApiObject, { port, idFrom }: PodChoice): PodFacts {
  const { metadata, spec, status } = object as RawPod
  const host = normalHost(status?.podIP ?? '')
  return {
    ip: host !== undefined && isAddress(host) ? host : undefined,
    ready: isReady(status),
    deleting: isDeleting(metadata),
    port: choosePort(declaredPorts(spec?.containers), port),
    id: readId(object, idFrom),
    instance: metadata?.labels?.['app.kubernetes.io/instance'],
  }
}

/** Why a pod is no peer now; undefined where it is one. */
export function unfit({ ip, ready, deleting }: PodFacts, pod: string, keep: Keep): string | undefined {
  if (deleting) return 'it is being deleted'
  if (ip === undefined) return 'it has no address yet'
  return keep.stays(`ready ${pod} ${ip}`, ready) ? undefined : 'it is not Ready'
}

type RawPod = ApiObject & {
  readonly metadata?: { readonly deletionTimestamp?: unknown }
  readonly spec?: { readonly containers?: Parameters<typeof declaredPorts>[0] }
  readonly status?: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null
  }
}
