// The writes of discovery: server-side applies of a ConfigMap's keys, of a Service's ports and of EndpointSlices, and a
// PeerSet's status.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { apiRequest, keepAliveAgent } from '../kubernetes/api-request.ts'
import { tokenBucket } from '../kubernetes/token-bucket.ts'
import { fieldManager, peerSets } from './names.ts'
import type { Place } from './outputs.ts'
import type { PeerSet, PeerSetStatus } from './peer-set.ts'

export type Writes = {
  /**
   * The ConfigMap as it is then. Rejects with an ApiError: 409 where a key has another manager and `force` is false;
   * with NotLeading.
   */
  apply(set: PeerSet, place: Place, body: object, force: boolean, signal: AbortSignal): Promise<unknown>
  /** Resolves where the PeerSet is gone, too. */
  status(set: PeerSet, status: PeerSetStatus, signal: AbortSignal): Promise<void>
  /** As it is then. Reject with an ApiError: 409 where a field has another manager. The body names the object. */
  applyService(manager: string, body: object, signal: AbortSignal): Promise<unknown>
  applySlice(manager: string, body: object, signal: AbortSignal): Promise<unknown>
  fetchConfigMap(place: Place, signal: AbortSignal): Promise<unknown>
}

/** Writes a second, over all PeerSets: a hundred lists that change together are written within five. */
const perSecond = 20
const timeoutMs = 10_000
/** Kubernetes bounds the name of a field manager. */
const maxManager = 128

/** This replica leads no longer: its successor writes. */
export class NotLeading extends Error {
  constructor() {
    super('this replica leads no longer, so it writes nothing')
  }
}

/** @param allowed asked right before each request: whoever waits for a turn may have lost the lead meanwhile */
export function createWrites(config: KubeConfig, allowed: () => boolean): Writes {
  const agent = keepAliveAgent(config)
  const bucket = tokenBucket({ perSecond, burst: perSecond, now: () => performance.now() })

  async function turn(signal: AbortSignal): Promise<void> {
    while (!bucket.take()) await delay(bucket.waitMs(), undefined, { signal })
    if (!allowed()) throw new NotLeading()
  }

  function applied(of: string, manager: string, body: object, force: boolean, signal: AbortSignal): Promise<unknown> {
    const path = `${of}?fieldManager=${encodeURIComponent(manager)}&force=${force}`
    const contentType = 'application/apply-patch+yaml'
    return apiRequest(config, { method: 'PATCH', path, body, contentType, expected: [], timeoutMs, signal, agent })
  }

  return {
    apply: async (set, place, body, force, signal) => {
      await turn(signal)
      return applied(pathOf(place), managerOf(set), body, force, signal)
    },
    applyService: async (manager, body, signal) => {
      await turn(signal)
      return applied(pathOf(placeOf(body), 'api/v1', 'services'), manager, body, false, signal)
    },
    applySlice: async (manager, body, signal) => {
      await turn(signal)
      return applied(pathOf(placeOf(body), 'apis/discovery.k8s.io/v1', 'endpointslices'), manager, body, false, signal)
    },
    status: async (set, status, signal) => {
      await turn(signal)
      const path = `${peerSets.path}/namespaces/${encodeURIComponent(set.namespace)}/peersets/${encodeURIComponent(set.name)}/status`
      // A merge patch takes away only what it names.
      const body = {
        metadata: { uid: set.uid },
        status: { problems: null, lastChange: null, lastSuccess: null, consumers: null, ...status },
      }
      const contentType = 'application/merge-patch+json'
      await apiRequest(config, { method: 'PATCH', path, body, contentType, expected: [404], timeoutMs, signal, agent })
    },
    fetchConfigMap: (place, signal) =>
      apiRequest(config, { method: 'GET', path: pathOf(place), expected: [404], timeoutMs, signal, agent }),
  }
}

function pathOf({ namespace, name }: Place, group = 'api/v1', plural = 'configmaps'): string {
  return `/${group}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`
}

function placeOf(body: object): Place {
  return (body as { metadata: Place }).metadata
}

/** By name, so that a PeerSet that was created anew goes on with its keys. */
export function managerOf({ namespace, name }: Pick<PeerSet, 'namespace' | 'name'>): string {
  const whole = `${fieldManager}/${namespace}/${name}`
  if (whole.length <= maxManager) return whole
  return `${fieldManager}/${createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 32)}`
}
