// What PeerSets leave behind that expose no more: their ports on Services, and the endpoints in their EndpointSlices.
// There is no finalizer: whoever leads looks at who has applied what, so that it does not matter when a PeerSet went,
// or who was there to see it.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { unlessAborted } from '../../kubernetes/abort.ts'
import { isRefusal } from '../../kubernetes/api-error.ts'
import type { Collections } from '../collections.ts'
import { serviceLabel, sliceManager } from '../names.ts'
import type { PeerSet } from '../peer-set.ts'
import { managerOf, type Writes } from '../writes.ts'
import { readService, type ServiceFacts } from './service.ts'
import { type KnownSlice, readKnownSlice, sliceBody } from './slices.ts'
import { serviceOf } from './spec.ts'

export type TidyParts = {
  readonly collections: Collections
  /** All PeerSets; undefined while they are not known. */
  readonly sets: () => readonly PeerSet[] | undefined
  readonly writes: Pick<Writes, 'applyService' | 'applySlice'>
  readonly allowed: () => boolean
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly coalesceMs: number
  readonly signal: AbortSignal
}

/**
 * Managers of PeerSets that have ports on the Service and do not expose with it; none where their removal would leave
 * it without a port.
 */
export function leftPorts(service: ServiceFacts, namespace: string, name: string, sets: readonly PeerSet[]): string[] {
  const using = sets.filter(set => set.namespace === namespace && mayExpose(set, name)).map(managerOf)
  const left = Object.entries(service.applied).filter(
    ([manager, { ports }]) => ports.length > 0 && !using.includes(manager),
  )
  const theirs = new Set(left.flatMap(([, { ports }]) => ports))
  return service.deleting || service.ports.length <= theirs.size ? [] : left.map(([manager]) => manager)
}

/**
 * The PeerSet of a slice that it does not use any more; undefined where the slice is used, empty, or goes with its
 * PeerSet.
 */
export function leftSlice(slice: KnownSlice, namespace: string, sets: readonly PeerSet[]): PeerSet | undefined {
  const set = sets.find(set => set.namespace === namespace && set.name === slice.peerSet)
  return slice.endpoints.length > 0 && set && !set.deleting && !mayExpose(set, slice.service) ? set : undefined
}

/** A PeerSet that cannot be read may mean any Service. */
function mayExpose({ spec }: PeerSet, service: string): boolean {
  if ('invalid' in spec) return true
  if (spec.expose === undefined) return false
  return (serviceOf(spec.expose) ?? service) === service
}

export function startTidying({ collections, sets, writes, allowed, log, coalesceMs, signal }: TidyParts) {
  let wake: (() => void) | undefined
  const hint = () => wake?.()
  const services = collections.follow<ServiceFacts>(
    {
      what: 'Services with ports of PeerSets',
      path: '/api/v1/services',
      labelSelector: `${serviceLabel.name}=${serviceLabel.value}`,
      allNamespaces: true,
      reader: 'exposed',
      read: readService,
      pageSize: 250,
    },
    hint,
  )
  const slices = collections.follow(
    {
      what: 'EndpointSlices of PeerSets',
      path: '/apis/discovery.k8s.io/v1/endpointslices',
      labelSelector: `${sliceManager.name}=${sliceManager.value}`,
      allNamespaces: true,
      reader: 'exposed slices',
      read: readKnownSlice,
      pageSize: 250,
    },
    hint,
  )
  /** Refused, at this version: not tried again until it is another. */
  const refused = new Map<string, string>()

  async function attempt(what: string, version: string, write: () => Promise<unknown>): Promise<void> {
    if (!allowed() || refused.get(what) === version) return
    try {
      await write()
      refused.delete(what)
      log.info({ what }, 'tidied up after a PeerSet that exposes no more')
    } catch (error) {
      if (signal.aborted) return
      if (isRefusal(error)) refused.set(what, version)
      log.warn({ what, err: error }, 'cannot tidy up after a PeerSet that exposes no more')
    }
  }

  async function look(): Promise<void> {
    const all = sets()
    if (!all || services.unknown() !== undefined || slices.unknown() !== undefined) return
    for (const [key, service] of services.items) {
      const [namespace = '', name = ''] = key.split('/')
      for (const manager of leftPorts(service, namespace, name, all)) {
        // Whoever applies nothing owns nothing: the ports go that nobody else has applied. The UID: never another
        // Service of this name.
        const body = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, uid: service.uid } }
        await attempt(`ports of ${manager} on Service ${key}`, service.version, () =>
          writes.applyService(manager, body, signal),
        )
      }
    }
    for (const [key, slice] of slices.items) {
      const set = leftSlice(slice, key.split('/')[0] ?? '', all)
      if (!set) continue
      const body = sliceBody(set, { ...slice, endpoints: [] })
      await attempt(`EndpointSlice ${key}`, slice.version, () => writes.applySlice(managerOf(set), body, signal))
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const hinted = new Promise<void>(resolve => {
        wake = resolve
      })
      await look()
      await hinted
      await delay(coalesceMs, undefined, { signal }).catch(unlessAborted(signal))
    }
  }

  signal.addEventListener('abort', hint, { once: true })
  return { hint, done: run() }
}
