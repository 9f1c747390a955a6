// The controller's metrics, in a registry of their own.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Discovery } from '../discovery/discovery.ts'
import { sourceKinds } from '../discovery/peer-set.ts'
import { type WriteOutcome, writeOutcomes } from '../rollout/writes.ts'

export type ControllerMetrics = {
  readonly registry: Registry
  /** A turn was granted. */
  granted(): void
  /** A pod whose annotations were written is settled. `seconds`: from that write to when its page said so. */
  settled(seconds: number): void
  wrote(outcome: WriteOutcome): void
  eventDropped(): void
  /** A PeerSet's source was asked. */
  looked(source: string, ok: boolean, ms: number): void
}

/** What gauges show: read at each scrape. */
export type ControllerGauges = {
  /** Pods that wait for their turn. */
  readonly pending: () => number
  /** By group: pods that are restarting or not Ready, and how many may be. */
  readonly groups: () => Iterable<
    readonly [group: string, budget: { readonly used: number; readonly allowed: number; readonly stopped: boolean }]
  >
  /**
   * Seconds since the watches were last in contact with the API server, of the one for which it is longest; undefined
   * where nothing is watched.
   */
  readonly watchAge: () => number | undefined
  /** Namespaces whose lists are unknown, since they are more than can be kept or read in time. */
  readonly tooMuch: () => Iterable<string>
  /** Pods with annotations that are not written yet. */
  readonly queueDepth: () => number
  readonly leading: () => boolean
  /** Of each PeerSet, on the replica that leads. */
  readonly peerSets: () => ReturnType<Discovery['figures']>
}

// Seconds: from a hot update within the settle time to the last pod of a large group.
const buckets = [1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 900, 3600]

// Seconds: from a source that watches and knows the answer to the time-out of a look.
const lookBuckets = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

const lookOutcomes = ['answered', 'failed'] as const

/** @param withProcess also Node's and the process's own metrics; they hold a timer, which tests do not want */
export function createMetrics(gauges: ControllerGauges, withProcess = true): ControllerMetrics {
  const registry = new Registry()
  const registers = [registry]
  if (withProcess) collectDefaultMetrics({ register: registry })
  const granted = new Counter({
    name: 'repeer_controller_turns_granted_total',
    help: 'Turns to restart that were granted',
    registers,
  })
  const settled = new Histogram({
    name: 'repeer_controller_settle_seconds',
    help: "Time from a change written to a pod until the pod's status page says settled",
    buckets,
    registers,
  })
  const writes = new Counter({
    name: 'repeer_controller_writes_total',
    help: 'Writes of pod annotations by outcome: written, gone (the pod was deleted), failed (tried again)',
    labelNames: ['outcome'],
    registers,
  })
  // A counter that appears with its first event hides it: increase() knows no value before.
  for (const outcome of writeOutcomes) writes.inc({ outcome }, 0)
  const dropped = new Counter({
    name: 'repeer_controller_events_dropped_total',
    help: 'Events on pods that were left out because there were too many, or could not be written',
    registers,
  })
  new Gauge({
    name: 'repeer_controller_pending_pods',
    help: 'Pods that wait for their turn to restart',
    registers,
    collect() {
      this.set(gauges.pending())
    },
  })
  new Gauge({
    name: 'repeer_controller_group_pods',
    help: 'Pods of a group that are restarting or not Ready (used), and how many may be at a time (allowed)',
    labelNames: ['group', 'budget'],
    registers,
    collect() {
      this.reset()
      for (const [group, { used, allowed }] of gauges.groups()) {
        this.set({ group, budget: 'used' }, used)
        this.set({ group, budget: 'allowed' }, allowed)
      }
    },
  })
  new Gauge({
    name: 'repeer_controller_group_stopped',
    help: '1 while a pod that has not come back from its restart stops its group',
    labelNames: ['group'],
    registers,
    collect() {
      this.reset()
      for (const [group, { stopped }] of gauges.groups()) this.set({ group }, stopped ? 1 : 0)
    },
  })
  new Gauge({
    name: 'repeer_controller_watch_age_seconds',
    help: 'Time since the watches were last in contact with the API server, of the one for which it is longest',
    registers,
    collect() {
      // A value that is absent tells more than one that is wrong.
      this.reset()
      const age = gauges.watchAge()
      if (age === undefined) this.remove()
      else this.set(age)
    },
  })
  new Gauge({
    name: 'repeer_controller_lists_too_much',
    help: '1 while the peer lists of a namespace are unknown, since they are more than can be kept or read in time',
    labelNames: ['namespace'],
    registers,
    collect() {
      this.reset()
      for (const namespace of gauges.tooMuch()) this.set({ namespace }, 1)
    },
  })
  new Gauge({
    name: 'repeer_controller_write_queue_depth',
    help: 'Pods with annotations that are not written yet',
    registers,
    collect() {
      this.set(gauges.queueDepth())
    },
  })
  new Gauge({
    name: 'repeer_controller_leader',
    help: '1 where this replica leads, 0 where another does',
    registers,
    collect() {
      this.set(gauges.leading() ? 1 : 0)
    },
  })
  const looks = new Counter({
    name: 'repeer_controller_looks_total',
    help: "Looks at PeerSets' sources by kind and outcome: answered, failed (the last good list stays)",
    labelNames: ['source', 'outcome'],
    registers,
  })
  const lookSeconds = new Histogram({
    name: 'repeer_controller_look_seconds',
    help: "Time that a look at a PeerSet's source took",
    labelNames: ['source'],
    buckets: lookBuckets,
    registers,
  })
  for (const source of sourceKinds) {
    for (const outcome of lookOutcomes) looks.inc({ source, outcome }, 0)
    lookSeconds.zero({ source })
  }
  new Gauge({
    name: 'repeer_controller_peer_sets',
    help: 'PeerSets by condition and its status',
    labelNames: ['condition', 'status'],
    registers,
    collect() {
      this.reset()
      for (const { conditions } of gauges.peerSets())
        for (const { type, status } of conditions) this.inc({ condition: type, status })
    },
  })
  const each = ['source', 'namespace', 'name'] as const
  const ofPeerSet = (name: string, help: string, value: (figures: Figures) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: each,
      registers,
      collect() {
        this.reset()
        for (const figures of gauges.peerSets()) {
          const { source = 'invalid', namespace, name } = figures
          const found = value(figures)
          if (found !== undefined) this.set({ source, namespace, name }, found)
        }
      },
    })
  ofPeerSet(
    'repeer_controller_peer_set_peers',
    'Peers in the list of a PeerSet, as it stands in the ConfigMap',
    ({ peers }) => peers,
  )
  ofPeerSet(
    'repeer_controller_peer_set_problems',
    'Candidates that a PeerSet leaves out, and other problems of its source',
    figures => figures.problems,
  )
  ofPeerSet(
    'repeer_controller_peer_set_last_success_timestamp_seconds',
    'When the source of a PeerSet last said all it knows; absent: never',
    ({ answeredAt }) => (answeredAt === undefined ? undefined : answeredAt / 1000),
  )
  ofPeerSet(
    'repeer_controller_peer_set_interval_seconds',
    'Time between two looks at the source of a PeerSet',
    ({ intervalMs }) => (intervalMs === undefined ? undefined : intervalMs / 1000),
  )
  return {
    registry,
    granted: () => granted.inc(),
    settled: seconds => settled.observe(seconds),
    wrote: outcome => writes.inc({ outcome }),
    eventDropped: () => dropped.inc(),
    looked: (source, ok, ms) => {
      looks.inc({ source, outcome: (ok ? 'answered' : 'failed') satisfies (typeof lookOutcomes)[number] })
      lookSeconds.observe({ source }, ms / 1000)
    },
  }
}

type Figures = ReturnType<Discovery['figures']>[number]
