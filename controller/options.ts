// The controller's options, parsed once from the arguments and environment that are passed in, every problem reported
// together, then frozen.
import { type LeaseTimes, leaseDefaults, leaseTimesProblem } from '../kubernetes/lease.ts'
import { dnsLabel, dnsName, type Environment, type Listen, readOptions } from '../options/read-options.ts'
import { controller, ownNamespace } from '../peers/installed.ts'
import { normalHost } from '../peers/peer.ts'
import { type TurnTimes, turnTimes } from '../rollout/turns/turns.ts'
import { type WebAudience, webAudiences } from './web/audience.ts'

export type ControllerOptions = {
  readonly listen: Listen
  /** A file; undefined: the service account of the pod. */
  readonly kubeconfig: string | undefined
  /** Of the Lease. */
  readonly namespace: string
  /** This replica, in the Lease and in events. */
  readonly identity: string
  readonly leaseName: string
  readonly leaseTimes: LeaseTimes
  /** Of the pacing, where they differ from the defaults. */
  readonly turnTimes: TurnTimes
  readonly writesPerSecond: number
  readonly pages: {
    readonly busySeconds: number
    readonly idleSeconds: number
    readonly timeoutSeconds: number
    readonly atOnce: number
  }
  readonly clusterDomain: string
  readonly web: WebAudience
  readonly logLevel: string
}

/** Flag, default and help: one table for parsing and for `repeer controller --help`. */
export const controllerFlags = {
  listen: { default: `:${controller.port}`, help: 'HOST:PORT to serve metrics and health on; port 0 takes a free one' },
  kubeconfig: { default: '', help: "kubeconfig file (or KUBECONFIG); without it the pod's service account" },
  namespace: { default: '', help: `the namespace of the Lease (or POD_NAMESPACE; else ${ownNamespace})` },
  identity: {
    default: '',
    help: 'the name of this replica, in the Lease and in events (or POD_NAME; else the host name)',
  },
  'lease-name': { default: controller.name, help: 'the Lease by which replicas agree on a leader' },
  'writes-per-second': { default: '50', help: 'how many pods may be annotated a second; fractions too' },
  'busy-page-seconds': {
    default: '0.5',
    help: 'how often to read the status page of a pod in which something is going on',
  },
  'page-seconds': { default: '30', help: 'how often to read the status page of every other pod' },
  'page-timeout-seconds': { default: '2', help: 'how long a status page may take to answer' },
  'pages-at-once': { default: '32', help: 'how many status pages to read at a time' },
  'cluster-domain': { default: 'cluster.local', help: 'the DNS domain of the cluster, under which its Services are' },
  web: {
    default: 'local',
    help: 'who is shown the page to look at, at /: local (port-forwards), all (whoever reaches the port) or off',
  },
  'lease-times': {
    default: '',
    help: `for tests of the election: NAME=SECONDS, comma-separated, of ${Object.keys(leaseDefaults).join(', ')}`,
  },
  'turn-times': {
    default: '',
    help: `for tests of the pacing: NAME=SECONDS, comma-separated, of ${Object.keys(turnTimes).join(', ')}`,
  },
  'log-level': { default: 'info', help: 'fatal, error, warn, info, debug or trace' },
} as const

type Name = keyof typeof controllerFlags

/** Parses `repeer controller`'s arguments. Throws one Error that lists every problem. */
export function parseControllerOptions(args: readonly string[], env: Environment, hostname: string): ControllerOptions {
  const { text, expect, matching, ...reader } = readOptions('controller', controllerFlags, args, env)
  const number = (name: Name, least: number, most: number, unit: string, pattern = /^\d{1,6}(\.\d{1,3})?$/): number => {
    const found = text(name)
    expect(
      pattern.test(found) && Number(found) >= least && Number(found) <= most,
      name,
      found,
      `${unit}, ${least} to ${most}`,
    )
    return Number(found)
  }

  const listen = reader.listen('listen')
  const kubeconfig = reader.kubeconfig('kubeconfig')
  const leaseTimes = withDefaults(reader.times('lease-times', leaseDefaults), leaseDefaults)
  const turns = withDefaults(reader.times('turn-times', turnTimes), turnTimes)
  expect(turns !== undefined, 'turn-times', text('turn-times'), 'such as blindSeconds=10')
  const expectedTimes =
    leaseTimes === undefined
      ? `such as leaseSeconds=2,renewSeconds=1.5,retrySeconds=0.5`
      : leaseTimesProblem(leaseTimes)
  expect(expectedTimes === undefined, 'lease-times', text('lease-times'), expectedTimes ?? '')
  const clusterDomain = text('cluster-domain')
  expect(
    normalHost(clusterDomain) === clusterDomain,
    'cluster-domain',
    clusterDomain,
    'a DNS name such as cluster.local',
  )
  const parsed: ControllerOptions = {
    listen,
    kubeconfig,
    namespace: matching(
      'namespace',
      dnsLabel,
      'the name of a namespace',
      text('namespace', 'POD_NAMESPACE') || ownNamespace,
    ),
    // As long as an event's reportingInstance may be.
    identity: matching(
      'identity',
      /^[!-~]{1,128}$/,
      'a name of at most 128 characters',
      text('identity', 'POD_NAME') || hostname,
    ),
    leaseName: matching('lease-name', dnsName, 'the name of a Kubernetes object'),
    leaseTimes: Object.freeze(leaseTimes ?? leaseDefaults),
    turnTimes: Object.freeze(turns ?? turnTimes),
    writesPerSecond: number('writes-per-second', 0.1, 1000, 'writes a second'),
    pages: Object.freeze({
      busySeconds: number('busy-page-seconds', 0.1, 3600, 'seconds'),
      idleSeconds: number('page-seconds', 0.1, 3600, 'seconds'),
      timeoutSeconds: number('page-timeout-seconds', 0.1, 60, 'seconds'),
      atOnce: number('pages-at-once', 1, 1000, 'a whole number', /^\d{1,4}$/),
    }),
    clusterDomain,
    web: reader.choice('web', webAudiences),
    logLevel: reader.level('log-level'),
  }
  reader.finish()
  return Object.freeze(parsed)
}

function withDefaults<T extends object>(given: Partial<T> | undefined, defaults: T): T | undefined {
  return given && { ...defaults, ...given }
}
