// The webhook's options, parsed once from the arguments and environment that are passed in, every problem reported
// together, then frozen.
import { parseArgs } from 'node:util'
import { type CertificateTimes, keeperDefaults } from '../certs/keeper.ts'

export type WebhookOptions = {
  readonly listen: { readonly host: string; readonly port: number }
  /** A directory with tls.crt, tls.key and ca.crt; undefined: the webhook makes and keeps its certificate itself. */
  readonly certDir: string | undefined
  /** A file; undefined: the service account of the pod. */
  readonly kubeconfig: string | undefined
  readonly image: string
  readonly turns: 'self' | 'controller'
  readonly service: { readonly name: string; readonly namespace: string }
  readonly secretName: string
  readonly webhookConfiguration: string
  readonly canRestartAll: 'auto' | boolean
  readonly drainSeconds: number
  /** Of the certificate that the webhook keeps itself, where they differ from the defaults. */
  readonly certificateTimes: CertificateTimes
  readonly logLevel: string
  /**
   * The webhook's own pod, on which it tells Events; undefined where its name or UID is not known (POD_NAME, POD_UID).
   */
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string } | undefined
}

/** Flag, default and help: one table for parsing and for `repeer webhook --help`. */
export const webhookFlags = {
  listen: { default: ':8443', help: 'HOST:PORT to serve on; port 0 takes a free one' },
  image: {
    default: '',
    help: "repeer's own image, for the injected containers; best by digest (required; or REPEER_IMAGE)",
  },
  'cert-dir': {
    default: '',
    help: 'directory with tls.crt, tls.key and ca.crt; without it the webhook makes and rotates its certificate',
  },
  kubeconfig: { default: '', help: "kubeconfig file (or KUBECONFIG); without it the pod's service account" },
  turns: { default: 'self', help: 'who paces restarts: controller, or self where no controller is installed' },
  'service-name': { default: 'repeer-webhook', help: 'the Service by which the API server calls' },
  namespace: {
    default: '',
    help: 'the namespace of the Service and the Secret (or POD_NAMESPACE; else repeer-system)',
  },
  'secret-name': { default: 'repeer-webhook-tls', help: 'the Secret that holds the certificate' },
  'webhook-configuration': {
    default: 'repeer',
    help: 'the MutatingWebhookConfiguration whose caBundle is kept up to date',
  },
  'can-restart-all': {
    default: 'auto',
    help: 'whether kubelets know restartPolicyRules with RestartAllContainers: true, false, or auto (Kubernetes 1.36 and later)',
  },
  'drain-seconds': {
    default: '10',
    help: 'how long to keep serving after SIGTERM, unready, until no API server sends any more',
  },
  'certificate-times': {
    default: '',
    help: `for tests of the rotation: NAME=SECONDS, comma-separated, of ${Object.keys(keeperDefaults).join(', ')}`,
  },
  'log-level': { default: 'info', help: 'fatal, error, warn, info, debug or trace' },
} as const

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const dnsName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** Parses `repeer webhook`'s arguments. Throws one Error that lists every problem. */
export function parseWebhookOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): WebhookOptions {
  const options = Object.fromEntries(Object.keys(webhookFlags).map(name => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ args: [...args], options, strict: true })
  const text = (name: keyof typeof webhookFlags, variable?: string): string =>
    variable === undefined
      ? (values[name] ?? webhookFlags[name].default)
      : values[name] || env[variable] || webhookFlags[name].default
  const problems: string[] = []
  const expect = (fits: boolean, name: keyof typeof webhookFlags, found: string, expected: string) => {
    if (!fits) problems.push(`--${name}: found "${found}", expected ${expected}`)
  }
  const choice = <T extends string>(name: keyof typeof webhookFlags, allowed: readonly T[]): T => {
    const found = allowed.find(word => word === text(name))
    expect(found !== undefined, name, text(name), `one of ${allowed.join(', ')}`)
    return found ?? (allowed[0] as T)
  }
  const named = (name: keyof typeof webhookFlags, pattern: RegExp, found = text(name)): string => {
    expect(pattern.test(found), name, found, 'the name of a Kubernetes object')
    return found
  }

  const listen = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text('listen'))
  expect(
    listen !== null && Number(listen[3]) <= 65535,
    'listen',
    text('listen'),
    'HOST:PORT, or :PORT for every address',
  )
  const image = text('image', 'REPEER_IMAGE')
  expect(/^[^\s]{1,512}$/.test(image), 'image', image, "repeer's image, such as registry.example.com/repeer@sha256:...")
  const drainSeconds = Number(text('drain-seconds'))
  expect(
    /^\d+(\.\d+)?$/.test(text('drain-seconds')) && drainSeconds <= 3600,
    'drain-seconds',
    text('drain-seconds'),
    'seconds, 0 to 3600',
  )
  const certificateTimes = parseTimes(text('certificate-times'))
  expect(
    certificateTimes !== undefined,
    'certificate-times',
    text('certificate-times'),
    'such as lifetimeSeconds=60,intervalSeconds=1',
  )
  const kubeconfig = text('kubeconfig', 'KUBECONFIG') || undefined
  if (kubeconfig === undefined && !env.KUBERNETES_SERVICE_HOST)
    problems.push(
      '--kubeconfig: found nothing, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set), expected a file',
    )
  const canRestartAll = choice('can-restart-all', ['auto', 'true', 'false'])
  const parsed: WebhookOptions = {
    listen: { host: listen?.[1] ?? listen?.[2] ?? '', port: Number(listen?.[3] ?? 0) },
    certDir: text('cert-dir') || undefined,
    kubeconfig,
    image,
    turns: choice('turns', ['self', 'controller']),
    service: {
      name: named('service-name', dnsLabel),
      namespace: named('namespace', dnsLabel, text('namespace', 'POD_NAMESPACE') || 'repeer-system'),
    },
    secretName: named('secret-name', dnsName),
    webhookConfiguration: named('webhook-configuration', dnsName),
    canRestartAll: canRestartAll === 'auto' ? 'auto' : canRestartAll === 'true',
    drainSeconds,
    certificateTimes: Object.freeze(certificateTimes ?? {}),
    logLevel: choice('log-level', logLevels),
    pod:
      env.POD_NAME && env.POD_UID && env.POD_NAMESPACE
        ? { namespace: env.POD_NAMESPACE, name: env.POD_NAME, uid: env.POD_UID }
        : undefined,
  }
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\nSee repeer webhook --help.`)
  Object.freeze(parsed.listen)
  Object.freeze(parsed.service)
  return Object.freeze(parsed)
}

/** Undefined where it is not a list of NAME=SECONDS with names that the keeper knows. */
function parseTimes(text: string): CertificateTimes | undefined {
  const entries = text
    .split(',')
    .filter(Boolean)
    .map(entry => /^(\w+)=(\d{1,9}(?:\.\d{1,3})?)$/.exec(entry.trim()))
  const known = entries.every(entry => entry !== null && Object.hasOwn(keeperDefaults, entry[1] ?? ''))
  return known ? Object.fromEntries(entries.map(entry => [entry?.[1], Number(entry?.[2])])) : undefined
}
