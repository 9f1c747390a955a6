// One PeerSet: looks when something has changed (gathered for a second), and every interval; then writes what differs.
// One look at a time.
import type { Logger } from 'pino'
import { ApiError } from '../kubernetes/api-client.ts'
import type { Clock } from '../kubernetes/clock.ts'
import type { PodEvent } from '../kubernetes/events.ts'
import { backoffMs } from '../peers/backoff.ts'
import { peerHash } from '../peers/snapshot.ts'
import { choosePeers, nothingKnown } from './choose.ts'
import { invalidStatus, type Outcome, same, statusAfter } from './conditions.ts'
import type { Exposed } from './expose/outcome.ts'
import { isForEach, listsOf, type OneList, together, type Written } from './lists.ts'
import {
  applyBody,
  type Current,
  changeSentence,
  type Decision,
  decideOutput,
  listedIn,
  metadataText,
} from './output.ts'
import type { Outputs, Place } from './outputs.ts'
import type { Condition, PeerSet, PeerSetSpec, PeerSetStatus, SourceKind } from './peer-set.ts'
import { eventsAfter } from './set-events.ts'
import type { Found, Source, SourceParts } from './source.ts'
import type { CreateSource } from './sources/index.ts'
import type { Writes } from './writes.ts'

/**
 * What `spec.expose` asks for, kept up to date: asked after each look. `reconcile` rejects where the API server cannot
 * be asked.
 */
export type Exposure = {
  reconcile(signal: AbortSignal): Promise<Exposed>
  close(): Promise<void>
}

/** Whether the pods of `spec.deliver` have the list: asked after each look. */
export type Delivering = {
  look(status: Pick<PeerSetStatus, 'consumers'>, signal: AbortSignal): Promise<NonNullable<Outcome['delivered']>>
  close(): void
}

export type SetParts = {
  readonly createSource: CreateSource
  readonly createExposure?: ((set: PeerSet, spec: PeerSetSpec, hint: () => void) => Exposure) | undefined
  readonly createDelivering?: ((set: PeerSet, spec: PeerSetSpec, hint: () => void) => Delivering) | undefined
  readonly sourceParts: Omit<SourceParts, 'hint' | 'now' | 'namespace' | 'home' | 'exclude' | 'allowPrivate'>
  readonly outputs: Pick<Outputs, 'get' | 'wrote'>
  readonly writes: Pick<Writes, 'apply' | 'status'>
  readonly mayWrite: (from: string, to: string) => boolean
  readonly tell: (set: PeerSet, event: PodEvent) => void
  /** Asked before each write. */
  readonly allowed: () => boolean
  /** Runs a look when its turn comes. */
  readonly limit: <T>(run: () => Promise<T>) => Promise<T>
  /** For intervals. */
  readonly clock: Clock
  /** Milliseconds since the epoch, for times that are told to others. Default: the clock's. */
  readonly wallNow?: () => number
  readonly random: () => number
  readonly coalesceMs: number
  readonly lookTimeoutMs: number
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  /** What became of each look. */
  readonly looked?: ((source: string, ok: boolean, ms: number) => void) | undefined
}

export type FollowedSet = {
  /** The object as it is now, of the same UID. */
  update(set: PeerSet): void
  /** Something that it depends on has changed. */
  hint(): void
  status(): PeerSetStatus
  figures(): PeerSetFigures
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>
}

/** For metrics. */
export type PeerSetFigures = {
  /** Undefined where the spec cannot be read. */
  readonly source: SourceKind | undefined
  /** In the list as it stands. */
  readonly peers: number
  /** Candidates left out at the last look; the status names the first of them. */
  readonly problems: number
  /** When the source last said all it knows, milliseconds since the epoch; undefined: never. */
  readonly answeredAt: number | undefined
  readonly conditions: readonly Pick<Condition, 'type' | 'status'>[]
}

/** After a look or a write that failed. */
const minRetryMs = 1_000
const maxRetryMs = 60_000

export function followSet(first: PeerSet, parts: SetParts): FollowedSet {
  const { outputs, writes, clock, log, allowed, wallNow = clock.now } = parts
  const stop = new AbortController()
  let set = first
  let status = first.status
  let made:
    | {
        key: string
        source: Source | { readonly error: string }
        exposure: Exposure | undefined
        delivering: Delivering | undefined
      }
    | undefined
  // A successor goes on from what its predecessor wrote.
  let answeredAt = timeOf(first.status.lastSuccess)
  let problems = first.status.problems?.length ?? 0
  let failures = 0
  let running: Promise<void> | undefined
  let isAgain = false
  let timer: { readonly at: number; readonly cancel: () => void } | undefined

  /** The earlier time counts: a hint does not put off another. */
  function lookIn(ms: number): void {
    if (stop.signal.aborted) return
    const at = clock.now() + ms
    if (timer && timer.at <= at) return
    timer?.cancel()
    timer = { at, cancel: clock.after(ms, begin) }
  }

  function begin(): void {
    timer = undefined
    if (running) {
      isAgain = true
      return
    }
    running = parts.limit(cycle).then(
      nextMs => end(nextMs),
      (error: unknown) => {
        if (!stop.signal.aborted && allowed())
          log.warn({ peerSet: `${set.namespace}/${set.name}`, err: error }, 'a look has failed; retrying')
        failures += 1
        end(backoffMs(failures, { minMs: minRetryMs, maxMs: maxRetryMs, random: parts.random }))
      },
    )
  }

  function end(nextMs: number): void {
    running = undefined
    lookIn(isAgain ? parts.coalesceMs : nextMs)
    isAgain = false
  }

  async function unmake(): Promise<void> {
    const old = made
    made = undefined
    if (old && 'close' in old.source) await old.source.close()
    await old?.exposure?.close()
    old?.delivering?.close()
  }

  /** Made anew where what it was made of has changed. */
  async function make(spec: PeerSetSpec): Promise<NonNullable<typeof made>> {
    const { source, exclude, allowPrivate, output, expose, deliver } = spec
    const key = JSON.stringify([source, exclude.names, allowPrivate, output, expose, deliver])
    if (made?.key === key) return made
    await unmake()
    const { namespace } = set
    const own = {
      hint: () => lookIn(parts.coalesceMs),
      now: clock.now,
      wallNow,
      namespace,
      home: output.namespace,
      exclude,
      allowPrivate,
    }
    made = {
      key,
      source: attempt(() => parts.createSource(source, { ...parts.sourceParts, ...own })),
      exposure: expose === undefined ? undefined : parts.createExposure?.(set, spec, own.hint),
      delivering: deliver === undefined ? undefined : parts.createDelivering?.(set, spec, own.hint),
    }
    return made
  }

  async function ask(source: Source | { readonly error: string }): Promise<Found | string> {
    if ('error' in source) return source.error
    const late = AbortSignal.timeout(parts.lookTimeoutMs)
    const signal = AbortSignal.any([stop.signal, late])
    try {
      // One that does not heed the signal must not hold up the others, nor the end.
      return await Promise.race([source.look(signal), aborted(signal)])
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return late.aborted ? `no answer within ${parts.lookTimeoutMs / 1000} s: ${message}` : message
    }
  }

  async function write(
    spec: PeerSetSpec,
    decision: Decision,
    current: Current | undefined,
    considered: number,
  ): Promise<Outcome['written']> {
    const { output } = spec
    if (decision.refusal) return { ok: false, ...decision.refusal }
    if (decision.text === undefined) return { ok: true, reason: 'UpToDate', message: placeOf(output) }
    const metadata = metadataText(set, { at: wallNow(), considered, source: spec.source.kind, peers: decision.listed })
    const body = applyBody(set, output, current, decision.text, metadata)
    const place: Place = { namespace: output.namespace, name: output.configMap }
    try {
      const written = await writes.apply(set, place, body, current?.handsOverTo === set.name, stop.signal)
      outputs.wrote(place, [output.key, output.metadataKey], written)
      return { ok: true, reason: 'UpToDate', message: placeOf(output) }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500 || error.status === 429) throw error
      const reason = error.status === 409 ? 'Conflict' : 'Refused'
      return {
        ok: false,
        reason,
        message: `${placeOf(output)}: ${error.message}${error.status === 409 ? `. ${conflictAdvice}` : ''}`,
      }
    }
  }

  /** Decides about one list, and writes it where it differs. */
  async function writeList(spec: PeerSetSpec, list: OneList): Promise<Written> {
    const { output, found } = list
    const own = { ...spec, output }
    const hasConsent = parts.mayWrite(set.namespace, output.namespace)
    const keys = [output.key, output.metadataKey]
    const current = hasConsent
      ? await outputs.get({ namespace: output.namespace, name: output.configMap }, keys)
      : undefined
    const before = listedIn(current, output)
    const chosen = choosePeers(found, own, before)
    const decision = hasConsent ? decideOutput(own, chosen, current) : noConsent(set.namespace, output.namespace)
    const written = await write(own, decision, current, found.considered)
    const listed = written.ok ? decision.listed : before
    const isChanged = written.ok && decision.text !== undefined && peerHash(before) !== peerHash(listed)
    const change = isChanged ? changeSentence(before, listed) : undefined
    if (change !== undefined)
      log.info(
        { peerSet: `${set.namespace}/${set.name}`, configMap: placeOf(output), change },
        'the peer list has changed',
      )
    return { list, listed, written, problems: chosen.problems, change }
  }

  async function tellStatus(after: PeerSetStatus, change: string | undefined): Promise<void> {
    // A successor tells what the status does not say yet.
    if (!allowed()) return
    for (const event of eventsAfter(status, after, change)) parts.tell(set, event)
    if (same(after, status)) return
    await writes.status(set, after, stop.signal)
    status = after
  }

  /** Returns when to look again. */
  async function cycle(): Promise<number> {
    const { spec } = set
    if (stop.signal.aborted || !allowed() || set.deleting) return maxRetryMs
    if ('invalid' in spec) {
      await unmake()
      await tellStatus(invalidStatus({ ...set, status }, spec.invalid, wallNow()), undefined)
      return maxRetryMs
    }
    const began = clock.now()
    const { source, exposure, delivering } = await make(spec)
    const answer = await ask(source)
    if (stop.signal.aborted || !allowed()) return maxRetryMs
    parts.looked?.(spec.source.kind, typeof answer !== 'string', clock.now() - began)
    const found = typeof answer === 'string' ? nothingKnown : answer
    if (typeof answer !== 'string' && !answer.incomplete) answeredAt = wallNow()

    const { lists, problems: places } = listsOf(spec.output, found, status)
    const written: Written[] = []
    // One after the other: each is held back by the limit of writes anyway.
    for (const list of lists) {
      if (stop.signal.aborted || !allowed()) return maxRetryMs
      written.push(await writeList(spec, list))
    }
    const all = together(written, isForEach(spec.output))
    const own = found.consumers === undefined ? [] : found.problems

    const exposed = exposure ? await exposure.reconcile(stop.signal) : undefined
    const delivered = await delivering?.look(all, stop.signal)
    if (exposed?.change !== undefined)
      parts.tell(set, { type: 'Normal', reason: 'PortsChanged', message: exposed.change })
    const outcome: Outcome = {
      at: wallNow(),
      sourceError: typeof answer === 'string' ? answer : undefined,
      incomplete: found.incomplete ?? false,
      answeredAt,
      problems: [...own, ...places, ...all.problems],
      source: spec.source.kind,
      listed: all.listed,
      changed: all.changed,
      written: all.written,
      consumers: all.consumers,
      delivered,
      exposed,
    }
    problems = outcome.problems.length
    await tellStatus(statusAfter({ generation: set.generation, status }, outcome), all.change)
    failures = 0
    // Those that started together should not look together for ever.
    return spec.intervalMs * (1 - parts.random() / 10)
  }

  lookIn(0)
  return {
    update: next => {
      const isOther = next.generation !== set.generation || next.deleting !== set.deleting
      set = next
      if (isOther) lookIn(0)
    },
    hint: () => lookIn(parts.coalesceMs),
    status: () => status,
    figures: () => ({
      source: 'invalid' in set.spec ? undefined : set.spec.source.kind,
      peers: status.peers ?? 0,
      problems,
      answeredAt,
      conditions: status.conditions ?? [],
    }),
    close: async () => {
      stop.abort()
      timer?.cancel()
      await running
      await unmake()
    },
  }
}

function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : at
}

const conflictAdvice =
  'Take the key out of what its manager applies, or hand it over: kubectl annotate configmap NAME repeer.dev/hand-over-to=NAME-OF-THE-PEERSET'

function placeOf({ namespace, configMap, key }: PeerSetSpec['output']): string {
  return `ConfigMap ${namespace}/${configMap}, key ${key}`
}

function noConsent(from: string, to: string): Decision {
  const message = `namespace ${to} does not let PeerSets of namespace ${from} write: kubectl annotate namespace ${to} repeer.dev/allow-peersets-from=${from}`
  return { listed: [], text: undefined, refusal: { reason: 'NoConsent', message } }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error('the source has not answered'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

function attempt<T>(make: () => T): T | { readonly error: string } {
  try {
    return make()
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
