// Wires the controller: every replica watches, so that a successor knows the cluster already; only the leader writes.
import { once } from 'node:events'
import type { Logger } from 'pino'
import { type Discovery, startDiscovery } from '../discovery/discovery.ts'
import { apiRequest } from '../kubernetes/api-request.ts'
import { evenClock } from '../kubernetes/clock.ts'
import { createEvents, type PodEvent, type Regarding } from '../kubernetes/events.ts'
import { leaseTimeoutMs, runElection } from '../kubernetes/lease.ts'
import { leaseStore } from '../kubernetes/lease-store.ts'
import { loadConfig } from '../kubernetes/load-config.ts'
import { startClusterWatch } from '../rollout/cluster/cluster.ts'
import { createPages } from '../rollout/pages/pages.ts'
import { podPatcher } from '../rollout/patch-pod.ts'
import { createRollout, type Rollout } from '../rollout/rollout.ts'
import { groupOf } from '../rollout/turns/members.ts'
import { createWriter, type Writer } from '../rollout/writes.ts'
import { createMetrics } from './metrics.ts'
import type { ControllerOptions } from './options.ts'
import { buildServer } from './server.ts'
import { createHistory } from './web/history.ts'
import { createWeb } from './web/web.ts'

export type ControllerParts = {
  readonly log: Logger
  /** Aborts to end; the leader gives its Lease back. */
  readonly signal: AbortSignal
  /** Called once with the port, when the server listens. */
  readonly listening?: (port: number) => void
}

/** How often the leader looks at all groups even if nothing has changed: turns end by time, too. */
const evaluateMs = 1_000
/** Pages that say something new are looked at together: each evaluation goes through all pods. */
const evaluateSoonMs = 100

/** Runs until `signal` aborts. Rejects where it cannot start: no kubeconfig, a port in use. */
export async function runController(
  options: ControllerOptions,
  { log, signal, listening }: ControllerParts,
): Promise<void> {
  const config = loadConfig(options.kubeconfig)
  let rollout: Rollout | undefined
  let writer: Writer | undefined
  let discovery: Discovery | undefined
  let leading = false
  let leader: string | undefined
  let leadsSince = 0
  const history = createHistory()
  const cluster = startClusterWatch(config, {
    log,
    clusterDomain: options.clusterDomain,
    onChange: keys => rollout?.changed(keys),
    onWithout: key => rollout?.without(key),
  })
  const metrics = createMetrics({
    pending: () => (rollout?.groups() ?? []).reduce((sum, group) => sum + group.asking.length, 0),
    groups: () =>
      (rollout?.groups() ?? []).map(
        state =>
          [
            state.group,
            { used: state.away.length, allowed: state.allowed, stopped: state.stopped.length > 0 },
          ] as const,
      ),
    watchAge: () => cluster.ageSeconds(),
    tooMuch: () => cluster.tooMuch().keys(),
    queueDepth: () => writer?.pending() ?? 0,
    leading: () => leading,
    peerSets: () => discovery?.figures() ?? [],
  })

  /** Whether anybody is shown the page: what only it has use for is kept then. */
  const isShown = options.web !== 'off'

  /** For the page's timeline. */
  function note({ namespace, name }: Regarding, event: PodEvent): void {
    if (!isShown) return
    const pod = cluster.pod(`${namespace}/${name}`)
    if (pod) history.add({ ...event, at: Date.now(), group: groupOf(pod), namespace, pod: name })
  }

  async function lead(until: AbortSignal, holds: () => boolean): Promise<void> {
    leading = true
    leadsSince = Date.now()
    const request = (call: Parameters<typeof apiRequest>[1]) => apiRequest(config, call)
    const events = createEvents({ request, instance: options.identity, log, dropped: metrics.eventDropped })
    const pages = createPages({
      atOnce: options.pages.atOnce,
      timeoutMs: options.pages.timeoutSeconds * 1000,
      busyMs: options.pages.busySeconds * 1000,
      idleMs: options.pages.idleSeconds * 1000,
      links: isShown,
    })
    writer = createWriter({
      patch: podPatcher(config),
      perSecond: options.writesPerSecond,
      allowed: holds,
      log,
      done: (_pod, _annotations, outcome) => metrics.wrote(outcome),
    })
    const its = createRollout({
      cluster,
      writer,
      pages,
      events: {
        ...events,
        tell: (about, event) => {
          events.tell(about, event)
          note(about, event)
        },
      },
      log,
      now: evenClock.now,
      wallNow: Date.now,
      turnTimes: options.turnTimes,
      granted: pod => {
        metrics.granted()
        note(pod, { type: 'Normal', reason: 'TurnGranted', message: 'may restart now' })
      },
      settled: metrics.settled,
    })
    rollout = its
    let soon: NodeJS.Timeout | undefined
    function evaluate(): void {
      clearTimeout(soon)
      soon = undefined
      its.evaluate()
    }
    pages.onChange(key => {
      its.pageChanged(key)
      soon ??= setTimeout(evaluate, evaluateSoonMs)
    })
    its.changed([...cluster.pods()].map(pod => `${pod.namespace}/${pod.name}`))
    evaluate()
    const timer = setInterval(evaluate, evaluateMs)
    const lists = startDiscovery(config, { log, events, allowed: holds, looked: metrics.looked })
    discovery = lists
    try {
      if (!until.aborted) await once(until, 'abort')
    } finally {
      clearInterval(timer)
      clearTimeout(soon)
      rollout = undefined
      leading = false
      discovery = undefined
      await Promise.all([lists.close(), writer.close(), pages.close()])
      // Last: the others tell on their way out.
      await events.close()
      log.info('this replica leads no longer')
    }
  }

  const degraded = () => [...cluster.behind(), ...(discovery?.behind() ?? [])]
  const web = createWeb({
    audience: options.web,
    state: () =>
      rollout
        ? { known: { pods: [...rollout.pods()], groups: rollout.groups(), degraded: degraded() }, since: leadsSince }
        : { leader },
    history,
    identity: options.identity,
    namespace: options.namespace,
  })
  const server = buildServer({
    registry: metrics.registry,
    watchAge: () => cluster.ageSeconds(),
    missing: () => cluster.pending(),
    degraded,
    web,
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.listen.port, options.listen.host || undefined, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  log.info({ port, identity: options.identity }, 'repeer controller is watching')
  listening?.(port)
  try {
    const { namespace, leaseName: name, leaseTimes: times, identity } = options
    const leases = leaseStore(config, { namespace, name, timeoutMs: leaseTimeoutMs(times) })
    const saw = (holder: string | undefined) => {
      leader = holder
    }
    await runElection({ leases, identity, times, signal, log, saw }, lead)
  } finally {
    web.close()
    await cluster.close()
    server.close()
    server.closeAllConnections()
  }
}
