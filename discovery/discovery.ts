// Discovery: every PeerSet of the cluster, followed while this replica leads. Only wires.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { unlessAborted } from '../kubernetes/abort.ts'
import { type Clock, steadyClock } from '../kubernetes/clock.ts'
import type { Events } from '../kubernetes/events.ts'
import { createFairLimit } from '../kubernetes/fair-limit.ts'
import { type ListWatchTimes, listWatch, listWatchTimes } from '../kubernetes/list-watch.ts'
import { watchReader } from '../kubernetes/watch-reader.ts'
import { createWatchStatus, fallenBehind, type WatchStatus } from '../kubernetes/watch-status.ts'
import { createCollections } from './collections.ts'
import { type Consent, createConsents, readConsent } from './consents.ts'
import { createDelivering } from './delivering.ts'
import { createExposure } from './expose/expose.ts'
import { startTidying } from './expose/tidy.ts'
import { type FollowedSet, followSet, type PeerSetFigures, type SetParts } from './follow-set.ts'
import { keysIn } from './lists.ts'
import { peerSets } from './names.ts'
import { followOutputs } from './outputs.ts'
import { type PeerSet, type PeerSetSpec, readPeerSet } from './peer-set.ts'
import { createProbe } from './probe.ts'
import { sources } from './sources/index.ts'
import { createWrites } from './writes.ts'

export type DiscoveryParts = {
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  readonly events: Pick<Events, 'tell'>
  /** Asked right before each write: whether this replica still leads. */
  readonly allowed: () => boolean
  /** Default: one for each kind; see sources/index.ts. */
  readonly createSource?: SetParts['createSource']
  readonly looked?: SetParts['looked']
  readonly clock?: Clock
  /** How long changes are gathered. Default: 1000. */
  readonly coalesceMs?: number
  readonly lookTimeoutMs?: number
  readonly times?: Partial<ListWatchTimes>
}

export type Discovery = {
  /** For metrics: of each PeerSet. */
  figures(): readonly (PeerSetFigures & { readonly namespace: string; readonly name: string })[]
  /** What cannot be followed at the moment. */
  behind(): readonly string[]
  close(): Promise<void>
}

/** Looks at a time, over all PeerSets, by turns of their namespaces. */
const looksAtOnce = 8
/** Longer than a TCP probe and a slow chain take together. */
const lookTimeoutMs = 20_000

/**
 * Starts to read at once, in the background; nothing is written before all PeerSets, ConfigMaps and consents are known.
 */
export function startDiscovery(config: KubeConfig, parts: DiscoveryParts): Discovery {
  const { log, events, allowed, clock = steadyClock, coalesceMs = 1_000 } = parts
  const times = listWatchTimes(parts.times)
  const stop = new AbortController()
  const now = () => performance.now()
  const reader = (signal: AbortSignal) =>
    watchReader(config, times.watchSeconds, AbortSignal.any([stop.signal, signal]))
  const leads = () => !stop.signal.aborted && allowed()
  const writes = createWrites(config, leads)
  const collections = createCollections({ reader, times, log, now })
  const consented = collections.follow<Consent>(
    { what: 'Namespaces', path: '/api/v1/namespaces', reader: 'consents', read: readConsent, pageSize: 250 },
    () => hintAll(),
  )
  const consents = createConsents(namespace => consented.items.get(namespace))
  const consentsKnown = () => consented.unknown() === undefined
  const running = new Map<string, { readonly uid: string; readonly followed: FollowedSet; set: PeerSet }>()
  /** Known, and waiting for the rest to be known. */
  const waiting = new Map<string, PeerSet>()
  const closing = new Set<Promise<void>>()
  let isReady = false

  const outputState: WatchStatus = createWatchStatus('ConfigMaps of PeerSets', log, now, { onSynced: () => start() })
  const setState: WatchStatus = createWatchStatus('PeerSets', log, now, { onSynced: () => start() })
  const outputs = followOutputs({
    api: reader(stop.signal),
    times,
    signal: stop.signal,
    state: outputState,
    keysOf: key => sets().flatMap(({ spec }) => ('invalid' in spec ? [] : keysAt(spec, key))),
    changed: key => {
      for (const { set, followed } of running.values())
        if (!('invalid' in set.spec) && keysAt(set.spec, key).length > 0) followed.hint()
    },
    fetch: place => writes.fetchConfigMap(place, stop.signal),
  })

  function sets(): PeerSet[] {
    return [...waiting.values(), ...[...running.values()].map(({ set }) => set)]
  }

  function hintAll(): void {
    for (const { followed } of running.values()) followed.hint()
  }

  /** Once all is known that a first decision depends on. */
  function start(): void {
    if (isReady || !outputState.synced || !setState.synced) return
    // Consents may be unreadable: then only what stays in its own namespace works.
    void consented.settled(stop.signal).then(() => {
      isReady = true
      for (const set of waiting.values()) open(set)
      waiting.clear()
      tidying.hint()
    }, unlessAborted(stop.signal))
  }

  const limit = createFairLimit(looksAtOnce)
  const setParts: SetParts = {
    createSource: parts.createSource ?? sources(),
    createExposure: (set, { expose }, hint) =>
      createExposure(set, expose, hint, { collections, consents, consentsKnown, writes, allowed: leads, now }),
    createDelivering: (set, deliver, hint) =>
      createDelivering(set, deliver, hint, { collections, mayWrite: consents.mayWrite }),
    sourceParts: { log, collections, consents, probe: createProbe() },
    outputs,
    writes,
    mayWrite: consents.mayWrite,
    tell: ({ namespace, name, uid }, event) =>
      events.tell({ namespace, name, uid, apiVersion: peerSets.apiVersion, kind: peerSets.kind }, event),
    allowed: leads,
    limit,
    clock,
    wallNow: parts.clock?.now ?? Date.now,
    random: times.random,
    coalesceMs,
    lookTimeoutMs: parts.lookTimeoutMs ?? lookTimeoutMs,
    log,
    looked: parts.looked,
  }

  const tidying = startTidying({
    collections,
    sets: () => (isReady ? sets() : undefined),
    writes,
    allowed: leads,
    log,
    coalesceMs,
    signal: stop.signal,
  })

  function open(set: PeerSet): void {
    tidying.hint()
    const key = `${set.namespace}/${set.name}`
    if (!isReady) return void waiting.set(key, set)
    const present = running.get(key)
    if (present && present.uid === set.uid) {
      present.set = set
      present.followed.update(set)
      return
    }
    shut(key)
    running.set(key, { uid: set.uid, set, followed: followSet(set, setParts) })
  }

  function shut(key: string): void {
    tidying.hint()
    waiting.delete(key)
    const present = running.get(key)
    if (!present) return
    running.delete(key)
    const done = present.followed.close().finally(() => closing.delete(done))
    closing.add(done)
  }

  const setsFollowed = listWatch<PeerSet>(
    reader(stop.signal),
    { path: `${peerSets.path}/peersets`, allNamespaces: true, pageSize: 250 },
    {
      keep: readPeerSet,
      replace: items => {
        for (const key of [...waiting.keys(), ...running.keys()]) if (!items.has(key)) shut(key)
        for (const set of items.values()) open(set)
      },
      set: (_key, set) => open(set),
      remove: shut,
      ...setState.handlers,
    },
    times,
    stop.signal,
  )

  return {
    figures: () =>
      [...running.values()].map(({ set: { namespace, name }, followed }) => ({
        namespace,
        name,
        ...followed.figures(),
      })),
    behind: () => fallenBehind([setState, outputState, ...collections.statuses()]),
    close: async () => {
      stop.abort()
      for (const key of [...running.keys()]) shut(key)
      await Promise.all([setsFollowed, tidying.done, outputs.done, collections.close(), ...closing])
    },
  }
}

/** What a PeerSet writes in the ConfigMap NAMESPACE/NAME. */
function keysAt({ output }: Pick<PeerSetSpec, 'output'>, key: string): readonly string[] {
  const [namespace = '', name = ''] = key.split('/')
  return keysIn(output, namespace, name)
}
