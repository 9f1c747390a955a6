// spec.expose of one PeerSet: follows its pods, its Service and its EndpointSlices, and applies what differs.
import { isRefusal } from '../../kubernetes/api-error.ts'
import type { Collections } from '../collections.ts'
import type { Consents } from '../consents.ts'
import { sliceManager } from '../names.ts'
import type { PeerSet } from '../peer-set.ts'
import { followScope } from '../scope.ts'
import type { Exposure } from '../spec-parts.ts'
import { managerOf, type Writes } from '../writes.ts'
import { chainsOf, exposedPods } from './chains.ts'
import { createLatest } from './latest.ts'
import { type Exposed, outcomeOf, portsChange } from './outcome.ts'
import { createGrace, decidePorts, portName } from './ports.ts'
import { followSelected } from './selected.ts'
import { isApplied, readService, type ServiceFacts, serviceBody, serviceNotes, unfitService } from './service.ts'
import { desiredSlices, readKnownSlice, sliceBody, slicesToWrite } from './slices.ts'
import { type ExposeSpec, readExposeSpec } from './spec.ts'

export type ExposeParts = {
  readonly collections: Collections
  readonly consents: Consents
  /** Whether consents have been read: before, pods of other namespaces only seem to be gone. */
  readonly consentsKnown: () => boolean
  readonly writes: Pick<Writes, 'applyService' | 'applySlice'>
  /** Asked before each write. */
  readonly allowed: () => boolean
  /** Milliseconds, only forward. */
  readonly now: () => number
}

/** How long a look waits for lists of pods, Services and slices that are still being read. Milliseconds. */
const settleMs = 10_000

export function createExposure(set: PeerSet, expose: unknown, hint: () => void, parts: ExposeParts): Exposure {
  const spec = readExposeSpec(expose, set.namespace)
  if ('invalid' in spec) {
    return {
      reconcile: async () => ({ ok: false, reason: 'Invalid', message: spec.invalid }),
      close: async () => undefined,
    }
  }
  return follow(set, spec, hint, parts)
}

function follow(set: PeerSet, spec: ExposeSpec, hint: () => void, parts: ExposeParts): Exposure {
  const { collections, consents, writes, allowed, now } = parts
  const { namespace } = set
  const manager = managerOf(set)
  const place = `Service ${namespace}/${spec.service}`
  const below = `namespaces/${encodeURIComponent(namespace)}`
  let handled: string | undefined
  /** What was written here comes back by the watch, and is no news. */
  const changed = () => {
    if (handled !== undefined && stateText() !== handled) hint()
  }
  const pods = followScope(
    { collections, consents, hint, namespace },
    spec.namespaces,
    spec.selector,
    exposedPods(spec),
  )
  const serviceItems = collections.follow<ServiceFacts>(
    {
      what: `Services of namespace ${namespace}`,
      path: `/api/v1/${below}/services`,
      reader: `exposed ${spec.service}`,
      read: object => (object.metadata?.name === spec.service ? readService(object) : undefined),
      pageSize: 250,
    },
    changed,
  )
  const sliceItems = collections.follow(
    {
      what: `EndpointSlices of PeerSets of namespace ${namespace}`,
      path: `/apis/discovery.k8s.io/v1/${below}/endpointslices`,
      labelSelector: `${sliceManager.name}=${sliceManager.value}`,
      reader: 'exposed slices',
      read: readKnownSlice,
      pageSize: 250,
    },
    changed,
  )
  const services = createLatest(serviceItems.items, now)
  const slices = createLatest(sliceItems.items, now)
  const selectedPods = followSelected(namespace, collections, hint)
  const grace = createGrace(spec.keepMs, now)
  const ownSlices = () => slices.all().filter(({ peerSet }) => peerSet === set.name)

  function stateText(): string {
    const { version: _, ...service } = services.get(spec.service) ?? { version: '' }
    return JSON.stringify([service, ownSlices().map(({ version: _, ...slice }) => slice)])
  }

  /** Why nothing can be decided; undefined where all is known. */
  function unknown(notRead: readonly string[]): string | undefined {
    const own = [serviceItems.unknown(), sliceItems.unknown()].flatMap(why => why ?? [])
    const abroad =
      spec.namespaces.some(name => name !== namespace) && !parts.consentsKnown()
        ? ['the consents of namespaces are not known']
        : []
    return [...notRead, ...own, ...abroad][0]
  }

  async function reconcile(signal: AbortSignal): Promise<Exposed> {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(settleMs)])
    // What has not been read by then counts as unknown.
    await Promise.allSettled([pods.settled(soon), serviceItems.settled(soon), sliceItems.settled(soon)])
    signal.throwIfAborted()
    const found = pods.look()
    const why = unknown(found.unknown)
    if (why !== undefined)
      return { ok: false, reason: 'Unknown', message: `${why}; ports and endpoints stay as they are` }

    let current = services.get(spec.service)
    const selected = current && hasSelector(current) ? await selectedPods.count(current.selector, soon) : 0
    if (typeof selected === 'string')
      return {
        ok: false,
        reason: 'Unknown',
        message: `the pods of its selector are not known: ${selected}; ports and endpoints stay as they are`,
      }
    const unfit = current && unfitService(current, selected)
    if (unfit !== undefined) return { ok: false, reason: 'UnfitService', message: `${place}: ${unfit}` }
    const { chains, problems } = chainsOf(found.items, spec)
    grace.present(chains.map(({ id }) => portName(id)))
    const decision = decidePorts(chains, spec, current, manager, grace.stays)
    const { ports } = decision
    const had = portNumbers(current, manager)
    const isWanted = current ? !isApplied(set, manager, spec, ports, current) : ports.length > 0
    if (isWanted && allowed()) {
      current = readService(
        (await writes.applyService(manager, serviceBody(set, spec, ports, current), signal)) as object,
      )
      services.wrote(spec.service, current)
    }
    const desired = current ? desiredSlices(set, spec.service, ports, chains, current) : []
    for (const slice of slicesToWrite(desired, ownSlices(), set.uid)) {
      if (!allowed()) break
      const written = readKnownSlice((await writes.applySlice(manager, sliceBody(set, slice), signal)) as object)
      if (written) slices.wrote(slice.name, written)
    }
    const nodes = new Set(desired.flatMap(({ endpoints }) => endpoints.map(({ nodeName }) => nodeName)))
    const refusals = current
      ? serviceNotes(current).map(message => ({ code: 'odd-service', subject: place, message }))
      : []
    const left = [...refusals, ...found.problems.filter(({ code }) => code !== 'unreadable'), ...problems]
    const outcome = outcomeOf(place, ports, [...decision.problems, ...left], current, nodes.size)
    const change = isWanted ? portsChange(had, ports) : undefined
    return change === undefined ? outcome : { ...outcome, change: `${place}: ${change}` }
  }

  return {
    reconcile: async signal => {
      try {
        return await reconcile(signal)
      } catch (error) {
        if (!isRefusal(error)) throw error
        const reason = error.status === 409 ? 'Conflict' : 'Refused'
        const advice = error.status === 403 ? '. Exposing needs manifests/overlays/expose' : ''
        return { ok: false, reason, message: `${place}: ${error.message}${advice}` }
      } finally {
        handled = stateText()
      }
    },
    close: async () => {
      pods.close()
      serviceItems.close()
      sliceItems.close()
      selectedPods.close()
    },
  }
}

function hasSelector({ selector }: ServiceFacts): boolean {
  return Object.keys(selector).length > 0
}

function portNumbers(current: ServiceFacts | undefined, manager: string): number[] {
  return (current?.applied[manager]?.ports ?? []).map(key => Number.parseInt(key, 10))
}
