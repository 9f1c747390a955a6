// The status of a PeerSet: what came of a look and of the write after it. Pure; a condition keeps its time while its
// status stays.

import type { Peer } from '../peers/peer.ts'
import { printable } from '../peers/peer-list-error.ts'
import { present } from '../peers/present.ts'
import { peerHash } from '../peers/snapshot.ts'
import type { Condition, ConsumerStatus, PeerSet, PeerSetStatus } from './peer-set.ts'
import type { Problem } from './source.ts'

export type Outcome = {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Why the source said nothing; undefined where it answered. */
  readonly sourceError: string | undefined
  readonly incomplete: boolean
  /** Of the last look in which the source answered, milliseconds since the epoch. */
  readonly answeredAt: number | undefined
  readonly problems: readonly Problem[]
  readonly source: string
  /** As it stands in the ConfigMap. */
  readonly listed: readonly Peer[]
  /** Whether it was changed just now. */
  readonly changed: boolean
  readonly written: { readonly ok: boolean; readonly reason: string; readonly message: string }
  /** With a list for each consumer. */
  readonly consumers?: readonly ConsumerStatus[] | undefined
  readonly delivered?: { readonly ok: boolean; readonly reason: string; readonly message: string } | undefined
  readonly exposed?: { readonly ok: boolean; readonly reason: string; readonly message: string } | undefined
}

/** Problems that the status holds; the last says how many there are more. */
const maxProblems = 20
const maxMessage = 1024

export function statusAfter(set: Pick<PeerSet, 'generation' | 'status'>, outcome: Outcome): PeerSetStatus {
  const { at, listed, written, delivered, exposed } = outcome
  const before = set.status
  const healthy = sourceCondition(outcome)
  const stays = listed.length > 0 ? `; the last good list (${listed.length} peers) stays` : '; there is no list yet'
  const ready = !written.ok
    ? { ok: false, reason: written.reason, message: written.message }
    : healthy.ok
      ? { ok: true, reason: 'UpToDate', message: `${listed.length} peers are listed` }
      : { ok: false, reason: healthy.reason, message: `${healthy.message}${stays}` }
  const conditions = [
    ['Ready', ready],
    ['SourceHealthy', healthy],
    ['Written', written],
    ...(delivered ? [['Delivered', delivered] as const] : []),
    ...(exposed ? [['Exposed', exposed] as const] : []),
  ] as const
  const hash = peerHash(listed)
  const status: PeerSetStatus = {
    observedGeneration: set.generation,
    source: outcome.source,
    conditions: conditions.map(([type, outcome]) => condition(type, outcome, set, at)),
    peers: listed.length,
    hash,
    ...present('lastChange', outcome.changed ? time(at) : before.lastChange),
    ...present('lastSuccess', before.lastSuccess),
    ...present('consumers', outcome.consumers),
    ...(outcome.problems.length > 0 ? { problems: boundedProblems(outcome.problems) } : {}),
  }
  // Only together with something else: else every look would be a write.
  return same(status, before)
    ? before
    : {
        ...status,
        ...present('lastSuccess', outcome.answeredAt === undefined ? before.lastSuccess : time(outcome.answeredAt)),
      }
}

/** The status of a PeerSet that cannot be followed at all. */
export function invalidStatus(set: Pick<PeerSet, 'generation' | 'status'>, message: string, at: number): PeerSetStatus {
  const status = {
    ...set.status,
    observedGeneration: set.generation,
    conditions: [condition('Ready', { ok: false, reason: 'Invalid', message }, set, at)],
  }
  return same(status, set.status) ? set.status : status
}

function sourceCondition({ sourceError, incomplete, problems }: Outcome): {
  ok: boolean
  reason: string
  message: string
} {
  if (sourceError !== undefined) return { ok: false, reason: 'SourceFailing', message: sourceError }
  if (incomplete) {
    const parts = problems
      .filter(({ code }) => code === 'unreadable')
      .map(({ subject, message }) => `${subject}: ${message}`)
    return { ok: false, reason: 'PartUnknown', message: parts.join('; ') || 'a part of the source could not be read' }
  }
  const left = problems.length === 0 ? '' : `; ${problems.length} left out, see status.problems`
  return { ok: true, reason: 'Answered', message: `the source answers${left}` }
}

function condition(
  type: Condition['type'],
  { ok, reason, message }: { readonly ok: boolean; readonly reason: string; readonly message: string },
  { generation, status }: Pick<PeerSet, 'generation' | 'status'>,
  at: number,
): Condition {
  const before = status.conditions?.find(condition => condition.type === type)
  const value = ok ? 'True' : 'False'
  return {
    type,
    status: value,
    reason,
    message: message.length > maxMessage ? `${message.slice(0, maxMessage - 1)}…` : message,
    observedGeneration: generation,
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : time(at),
  }
}

function boundedProblems(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.map(({ code, subject, message }) => ({
    code,
    subject: printable(subject),
    message: clean(message),
  }))
  if (shown.length <= maxProblems) return shown
  const first = shown.slice(0, maxProblems - 1)
  return [...first, { code: 'more', subject: '', message: `and ${shown.length - first.length} more` }]
}

/** One line of at most 256 characters, whatever a stranger wrote. */
function clean(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > 256 ? `${line.slice(0, 255)}…` : line
}

/** Whether two statuses say the same, lastSuccess aside. */
export function same(a: PeerSetStatus, b: PeerSetStatus): boolean {
  const text = ({ lastSuccess: _, ...rest }: PeerSetStatus) => JSON.stringify(sorted(rest))
  return text(a) === text(b)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  )
}

function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}
