// One PeerSet: looks when something has changed (gathered for a second), and every interval; then writes what differs.
import type { Logger } from 'pino'
import type { Clock } from '../kubernetes/clock.ts'
import type { PodEvent } from '../kubernetes/events.ts'
import type { FairLimit } from '../kubernetes/fair-limit.ts'
import { backoffMs } from '../peers/backoff.ts'
import { askSource } from './ask-source.ts'
import { nothingKnown } from './choose.ts'
import { invalidStatus, type Outcome, same, statusAfter } from './conditions.ts'
import { isForEach, listsOf, type OneList, together, type Written } from './lists.ts'
import { createLooks } from './looks.ts'
import type { Condition, PeerSet, PeerSetSpec, PeerSetStatus, SourceKind } from './peer-set.ts'
import { eventsAfter } from './set-events.ts'
import type { Found } from './source.ts'
import { createSpecParts, type SpecPartsOptions } from './spec-parts.ts'
import { type WriteListParts, writeList } from './write-list.ts'
import type { Writes } from './writes.ts'

export type SetParts = SpecPartsOptions &
  WriteListParts & {
    readonly writes: Pick<Writes, 'apply' | 'status'>
    readonly tell: (set: PeerSet, event: PodEvent) => void
    /** Asked before each write. */
    readonly allowed: () => boolean
    /** Runs a look when it is its namespace's turn. */
    readonly limit: FairLimit
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
  /** Between two looks; undefined where the spec cannot be read. */
  readonly intervalMs: number | undefined
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
/** Where there is nothing to look for: the spec is wrong, or this replica does not lead. */
const idleMs = 60_000

export function followSet(first: PeerSet, parts: SetParts): FollowedSet {
  const { writes, clock, log, allowed, coalesceMs, wallNow = clock.now } = parts
  const stop = new AbortController()
  let set = first
  let status = first.status
  // A successor goes on from what its predecessor wrote.
  let answeredAt = timeOf(first.status.lastSuccess)
  let problems = first.status.problems?.length ?? 0
  let failures = 0
  const looks = createLooks({ look, coalesceMs, clock })
  const hint = () => looks.within(coalesceMs)
  const specParts = createSpecParts(parts, { hint, now: clock.now, wallNow })
  const mayGoOn = () => !stop.signal.aborted && allowed()

  function look(): Promise<number> {
    return parts.limit(set.namespace, cycle).catch((error: unknown) => {
      if (mayGoOn()) log.warn({ peerSet: `${set.namespace}/${set.name}`, err: error }, 'a look has failed; retrying')
      failures += 1
      return backoffMs(failures, { minMs: minRetryMs, maxMs: maxRetryMs, random: parts.random })
    })
  }

  /** Returns when to look again, in milliseconds. */
  async function cycle(): Promise<number> {
    const { spec } = set
    if (!mayGoOn() || set.deleting) return idleMs
    if ('invalid' in spec) {
      await specParts.close()
      await tellStatus(invalidStatus({ ...set, status }, spec.invalid, wallNow()), undefined)
      return idleMs
    }
    const began = clock.now()
    const { source, exposure, delivering } = await specParts.of(set, spec)
    const answer = await askSource(source, parts.lookTimeoutMs, stop.signal)
    if (!mayGoOn()) return idleMs
    parts.looked?.(spec.source.kind, typeof answer !== 'string', clock.now() - began)
    const found = typeof answer === 'string' ? nothingKnown : answer
    if (saysAllItKnows(answer)) answeredAt = wallNow()

    const { lists, problems: places } = listsOf(spec.output, found, status)
    const written = await writeLists(spec, lists)
    if (!written) return idleMs
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
    return untilNextMs(spec, parts.random())
  }

  /** One after the other: each is held back by the limit of writes anyway. Undefined where it has to stop. */
  async function writeLists(spec: PeerSetSpec, lists: readonly OneList[]): Promise<readonly Written[] | undefined> {
    const written: Written[] = []
    for (const list of lists) {
      if (!mayGoOn()) return undefined
      written.push(await writeList(parts, set, spec, list, wallNow, stop.signal))
    }
    return written
  }

  async function tellStatus(after: PeerSetStatus, change: string | undefined): Promise<void> {
    // A successor tells what the status does not say yet.
    if (!allowed()) return
    for (const event of eventsAfter(status, after, change)) parts.tell(set, event)
    if (same(after, status)) return
    await writes.status(set, after, stop.signal)
    status = after
  }

  looks.within(0)
  return {
    update: next => {
      const isOther = next.generation !== set.generation || next.deleting !== set.deleting
      set = next
      if (isOther) looks.within(0)
    },
    hint,
    status: () => status,
    figures: () => ({
      ...('invalid' in set.spec
        ? { source: undefined, intervalMs: undefined }
        : { source: set.spec.source.kind, intervalMs: set.spec.intervalMs }),
      peers: status.peers ?? 0,
      problems,
      answeredAt,
      conditions: status.conditions ?? [],
    }),
    close: async () => {
      stop.abort()
      await looks.close()
      await specParts.close()
    },
  }
}

/** An answer that lacks a part is no success: whoever waits for one must not be told that all is known. */
function saysAllItKnows(answer: Found | string): boolean {
  return typeof answer !== 'string' && !answer.incomplete
}

/** The interval, shortened by a random part of up to a tenth: those that started together should not stay together. */
export function untilNextMs({ intervalMs }: Pick<PeerSetSpec, 'intervalMs'>, random: number): number {
  return intervalMs * (1 - random / 10)
}

/** Milliseconds since the epoch. */
function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : at
}
