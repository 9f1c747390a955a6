// Events on pods and PeerSets, as `kubectl describe` shows them. They are for people: whatever goes wrong with them is
// only logged, and they can never be so many that they weigh on the API server.
//
// Written by the core API, not by events.k8s.io/v1: that one refuses firstTimestamp, lastTimestamp and count
// (Kubernetes, ValidateEventCreate), by which `kubectl get events --sort-by=.lastTimestamp` and `kubectl describe`
// sort. eventTime and series stand beside them, for whoever reads the newer form.
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { controller } from '../peers/installed.ts'
import type { ApiCall } from './api-request.ts'
import { type Clock, wallClock } from './clock.ts'
import { tokenBucket } from './token-bucket.ts'

export type PodEvent = {
  readonly type: 'Normal' | 'Warning'
  /** In CamelCase, as Kubernetes' own. */
  readonly reason: string
  readonly message: string
}

/** What an event is about: a pod, unless it says another kind. */
export type Regarding = {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly apiVersion?: string
  readonly kind?: string
}

export type Events = {
  /** Never throws and never waits. The same again within 10 minutes only raises the count of the first. */
  tell(about: Regarding, event: PodEvent): void
  /** Takes no more, and resolves when nothing is under way any more. */
  close(): Promise<void>
}

export type EventsOptions = {
  readonly request: (call: ApiCall) => Promise<unknown>
  /** Who tells: the controller, where nothing else is said. */
  readonly component?: string
  /** This replica: the name of its pod. */
  readonly instance: string
  /** Its `now` is what events show: milliseconds since the epoch. */
  readonly clock?: Clock
  readonly log: Pick<Logger, 'warn'>
  /** Called for each event that was left out because there were too many, or that could not be written. */
  readonly dropped?: () => void
}

/** Requests a second: a fifth of what the annotations may take. */
const perSecond = 10
/** How long the same event counts as the same, from when it was last told. */
const sameMs = 10 * 60_000
/** Between two writes of one event's count. */
const countMs = 60_000
/** Events that are remembered in order to recognise them; beyond that the oldest are forgotten. */
const remembered = 5_000
/** An event that comes late is of no use, and the next one waits. */
const timeoutMs = 5_000
/** Bytes of a message, and of the other texts (Kubernetes: ValidateEventCreate). */
const maxMessage = 1024
const maxShort = 128

type Told = {
  readonly path: string
  readonly name: string
  readonly event: object
  count: number
  written: number
  lastAt: number
  cancel: (() => void) | undefined
}

export function createEvents(options: EventsOptions): Events {
  const { request, component = controller.name, instance, clock = wallClock, log, dropped } = options
  const bucket = tokenBucket({ perSecond, burst: perSecond, now: clock.now })
  /** Oldest first, by when they were last told. */
  const told = new Map<string, Told>()
  const running = new Set<Promise<void>>()
  let closed = false
  let failing = false

  function send(
    call: Pick<ApiCall, 'method' | 'path' | 'body' | 'contentType'>,
    then: (answer: unknown) => void = () => {},
  ): void {
    if (!bucket.take()) return void dropped?.()
    const run = request({ ...call, expected: [404], timeoutMs })
      .then(answer => {
        failing = false
        then(answer)
      })
      .catch((err: unknown) => {
        // Once, not for each.
        if (!failing) log.warn({ err }, 'events cannot be written')
        failing = true
        dropped?.()
      })
      .finally(() => running.delete(run))
    running.add(run)
  }

  function begin(
    key: string,
    { namespace, name, uid, apiVersion = 'v1', kind = 'Pod' }: Regarding,
    { type, reason, message }: PodEvent,
  ): void {
    const at = clock.now()
    // Unique as client-go makes it: the object's name and the time; and some chance, since two events can fall into one
    // microsecond.
    const event = `${name.slice(0, 220).replace(/(?<![.-])[.-]+$/, '')}.${Math.round(at * 1000).toString(16)}${randomBytes(2).toString('hex')}`
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: event, namespace },
      eventTime: microTime(at),
      firstTimestamp: wholeSeconds(at),
      lastTimestamp: wholeSeconds(at),
      count: 1,
      source: { component },
      reportingComponent: component,
      reportingInstance: bytes(instance, maxShort),
      action: bytes(reason, maxShort),
      reason: bytes(reason, maxShort),
      involvedObject: { apiVersion, kind, namespace, name, uid },
      message: bytes(oneLine(message), maxMessage),
      type,
    }
    told.set(key, { path, name: event, event: body, count: 1, written: 1, lastAt: at, cancel: undefined })
    send({ method: 'POST', path, body })
  }

  function count(entry: Told): void {
    entry.cancel = undefined
    if (entry.written === entry.count) return
    entry.written = entry.count
    const counted = {
      count: entry.count,
      lastTimestamp: wholeSeconds(entry.lastAt),
      series: { count: entry.count, lastObservedTime: microTime(entry.lastAt) },
    }
    const path = `${entry.path}/${encodeURIComponent(entry.name)}`
    // Events are kept for an hour, or as short as the cluster says: one that is gone is written anew.
    send({ method: 'PATCH', path, body: counted, contentType: 'application/merge-patch+json' }, answer => {
      if (answer === undefined) send({ method: 'POST', path: entry.path, body: { ...entry.event, ...counted } })
    })
  }

  function forget(key: string, entry: Told): void {
    entry.cancel?.()
    told.delete(key)
  }

  return {
    tell(about, event) {
      if (closed) return
      const at = clock.now()
      for (const [key, entry] of told) {
        if (at - entry.lastAt < sameMs && told.size <= remembered) break
        forget(key, entry)
      }
      const key = JSON.stringify([about.uid, event.type, event.reason, event.message])
      const entry = told.get(key)
      if (!entry) return begin(key, about, event)
      // To the end of the order.
      told.delete(key)
      told.set(key, entry)
      entry.count += 1
      entry.lastAt = at
      entry.cancel ??= clock.after(countMs, () => count(entry))
    },
    async close() {
      closed = true
      for (const entry of told.values()) {
        if (!entry.cancel) continue
        entry.cancel()
        count(entry)
      }
      while (running.size > 0) await Promise.allSettled(running)
      told.clear()
    },
  }
}

/** As Kubernetes writes a MicroTime. */
function microTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z')
}

/** As Kubernetes writes a Time. */
function wholeSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim() || '-'
}

/** The beginning of a text, in at most so many bytes of UTF-8 and whole characters. */
function bytes(text: string, most: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= most) return text
  // A character that was cut in two decodes as U+FFFD.
  return `${encoded
    .subarray(0, most - 3)
    .toString()
    .replace(/\ufffd+$/, '')}…`
}
