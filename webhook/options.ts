// The webhook's options, parsed once from the arguments and environment that are passed in, every problem reported
// together, then frozen.
import { type CertificateTimes, keeperDefaults } from '../certs/keeper.ts'
import { dnsLabel, dnsName, type Environment, type Listen, readOptions } from '../options/read-options.ts'
import { ownNamespace, webhook } from '../peers/installed.ts'

export type WebhookOptions = {
  readonly listen: Listen
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
  listen: { default: `:${webhook.port}`, help: 'HOST:PORT to serve on; port 0 takes a free one' },
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
  'service-name': { default: webhook.name, help: 'the Service by which the API server calls' },
  namespace: {
    default: '',
    help: `the namespace of the Service and the Secret (or POD_NAMESPACE; else ${ownNamespace})`,
  },
  'secret-name': { default: webhook.secret, help: 'the Secret that holds the certificate' },
  'webhook-configuration': {
    default: webhook.configuration,
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

/** Parses `repeer webhook`'s arguments. Throws one Error that lists every problem. */
export function parseWebhookOptions(args: readonly string[], env: Environment): WebhookOptions {
  const { text, expect, matching, choice, ...reader } = readOptions('webhook', webhookFlags, args, env)
  const named = (name: keyof typeof webhookFlags, pattern: RegExp, found?: string): string =>
    matching(name, pattern, 'the name of a Kubernetes object', found)

  const listen = reader.listen('listen')
  const image = text('image', 'REPEER_IMAGE')
  expect(/^[^\s]{1,512}$/.test(image), 'image', image, "repeer's image, such as registry.example.com/repeer@sha256:...")
  const drainSeconds = Number(text('drain-seconds'))
  expect(
    /^\d+(\.\d+)?$/.test(text('drain-seconds')) && drainSeconds <= 3600,
    'drain-seconds',
    text('drain-seconds'),
    'seconds, 0 to 3600',
  )
  const certificateTimes = reader.times('certificate-times', keeperDefaults)
  expect(
    certificateTimes !== undefined,
    'certificate-times',
    text('certificate-times'),
    'such as lifetimeSeconds=60,intervalSeconds=1',
  )
  const kubeconfig = reader.kubeconfig('kubeconfig')
  const canRestartAll = choice('can-restart-all', ['auto', 'true', 'false'])
  const parsed: WebhookOptions = {
    listen,
    certDir: text('cert-dir') || undefined,
    kubeconfig,
    image,
    turns: choice('turns', ['self', 'controller']),
    service: Object.freeze({
      name: named('service-name', dnsLabel),
      namespace: named('namespace', dnsLabel, text('namespace', 'POD_NAMESPACE') || ownNamespace),
    }),
    secretName: named('secret-name', dnsName),
    webhookConfiguration: named('webhook-configuration', dnsName),
    canRestartAll: canRestartAll === 'auto' ? 'auto' : canRestartAll === 'true',
    drainSeconds,
    certificateTimes: Object.freeze(certificateTimes ?? {}),
    logLevel: reader.level('log-level'),
    pod:
      env.POD_NAME && env.POD_UID && env.POD_NAMESPACE
        ? { namespace: env.POD_NAMESPACE, name: env.POD_NAME, uid: env.POD_UID }
        : undefined,
  }
  reader.finish()
  return Object.freeze(parsed)
}
