// The webhook's metrics, in a registry of their own.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Closed, type ConnectionBounds, closings } from '../http/bound-connections.ts'
import type { Reach } from '../peers/plan.ts'
import { skipReasons } from '../peers/reasons.ts'
import { errorCodes } from './error-codes.ts'

/**
 * injected, skipped: as decided. ignored: not the creation of a pod. failed: something went wrong inside, and the pod
 * was let in unchanged.
 */
export type Outcome = 'injected' | 'skipped' | 'ignored' | 'failed'

export type WebhookMetrics = {
  readonly registry: Registry
  /** `reason`: the strategy of an injected pod, the reason code of a skipped one. */
  admitted(outcome: Outcome, reason: string, seconds: number): void
  /** A pod is decided about in the thread for dear ones. */
  decidedApart(): void
  /** A request that got an HTTP error. */
  refused(status: number): void
  /** A connection that was closed because it took too long, or took what others need. */
  connectionClosed(why: Closed): void
  /** Read at each scrape from now on. */
  showConnections(counts: ConnectionBounds['counts']): void
}

/** What gauges show: read at each scrape. */
export type Gauges = {
  /** Seconds since the epoch; undefined where there is no certificate. */
  readonly certificateExpiry: () => number | undefined
  readonly certificateFailures: () => number
  /** How often the served CA was gone from a caBundle that had held it. */
  readonly caBundleLosses: () => number
  readonly ready: () => boolean
  /** By opted-in namespace: whether its ConfigMaps are known. */
  readonly synced: () => Iterable<readonly [namespace: string, synced: boolean]>
}

const failed = 'internal-error' satisfies keyof typeof skipReasons
/** Every reason with which an outcome is counted. */
const reasons: Readonly<Record<Outcome, readonly string[]>> = {
  injected: ['wrap', 'signal', 'observe'] satisfies readonly Reach['by'][],
  skipped: Object.keys(skipReasons).filter(reason => reason !== failed),
  ignored: ['not-a-pod'],
  failed: [failed],
}

// Seconds. A decision takes less than a millisecond; an API server gives up on the webhook after 5 s.
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5]

/** @param withProcess also Node's and the process's own metrics; they hold a timer, which tests do not want */
export function createMetrics(gauges: Gauges, withProcess = true): WebhookMetrics {
  const registry = new Registry()
  const registers = [registry]
  if (withProcess) collectDefaultMetrics({ register: registry })
  const admissions = new Counter({
    name: 'repeer_webhook_admissions_total',
    help: 'Admission requests by outcome (injected, skipped, ignored, failed) and reason code',
    labelNames: ['outcome', 'reason'],
    registers,
  })
  // A counter that appears with its first event hides it: increase() knows no value before.
  for (const [outcome, each] of Object.entries(reasons))
    for (const reason of each) admissions.inc({ outcome, reason }, 0)
  const duration = new Histogram({
    name: 'repeer_webhook_admission_duration_seconds',
    help: 'Time from the parsed request to the answer',
    buckets,
    registers,
  })
  const apart = new Counter({
    name: 'repeer_webhook_decided_apart_total',
    help: 'Pods that are large or take long, which a thread of its own decides about',
    registers,
  })
  const failures = new Counter({
    name: 'repeer_webhook_failed_requests_total',
    help: 'Requests that were answered with an HTTP error, by status code',
    labelNames: ['code'],
    registers,
  })
  for (const code of Object.keys(errorCodes)) failures.inc({ code }, 0)
  new Gauge({
    name: 'repeer_webhook_certificate_expiry_timestamp_seconds',
    help: 'When the served certificate expires',
    registers,
    collect() {
      const expiry = gauges.certificateExpiry()
      if (expiry !== undefined) this.set(expiry)
    },
  })
  new Gauge({
    name: 'repeer_webhook_certificate_failures',
    help: 'Looks at the certificate that have failed since the start',
    registers,
    collect() {
      this.set(gauges.certificateFailures())
    },
  })
  new Gauge({
    name: 'repeer_webhook_ca_bundle_losses',
    help: 'Times since the start that a caBundle which had held the served CA was found without it',
    registers,
    collect() {
      this.set(gauges.caBundleLosses())
    },
  })
  new Gauge({
    name: 'repeer_webhook_ready',
    help: 'Whether /readyz answers 200',
    registers,
    collect() {
      this.set(gauges.ready() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'repeer_webhook_cache_synced',
    help: 'Whether the ConfigMaps of an opted-in namespace are known',
    labelNames: ['namespace'],
    registers,
    collect() {
      this.reset()
      for (const [namespace, synced] of gauges.synced()) this.set({ namespace }, synced ? 1 : 0)
    },
  })
  const closed = new Counter({
    name: 'repeer_webhook_connections_closed_total',
    help: 'Connections that were closed because they took too long, or took what others need, by why',
    labelNames: ['why'],
    registers,
  })
  for (const why of closings) closed.inc({ why }, 0)
  let counts: ConnectionBounds['counts'] = () => ({ connections: 0, bytes: 0 })
  new Gauge({
    name: 'repeer_webhook_connections',
    help: 'Open connections',
    registers,
    collect() {
      this.set(counts().connections)
    },
  })
  new Gauge({
    name: 'repeer_webhook_held_bytes',
    help: 'Bytes of requests and answers under way that are held in memory',
    registers,
    collect() {
      this.set(counts().bytes)
    },
  })
  return {
    registry,
    admitted: (outcome, reason, seconds) => {
      admissions.inc({ outcome, reason })
      duration.observe(seconds)
    },
    decidedApart: () => apart.inc(),
    refused: status => failures.inc({ code: String(status) }),
    connectionClosed: why => closed.inc({ why }),
    showConnections: read => {
      counts = read
    },
  }
}
