// `repeer webhook`: the admission webhook.

import { parseWebhookOptions, webhookFlags } from '../../webhook/options.ts'
import type { Command } from '../command.ts'
import { openLog } from '../log.ts'
import { parsedBy, programFlags } from '../program-flags.ts'

const placeholders: Readonly<Record<string, string>> = {
  listen: 'HOST:PORT',
  image: 'IMAGE',
  'cert-dir': 'DIRECTORY',
  kubeconfig: 'FILE',
  turns: 'WHO',
  'can-restart-all': 'WHETHER',
  'drain-seconds': 'SECONDS',
  'log-level': 'LEVEL',
}

const flags = programFlags(
  webhookFlags,
  name => placeholders[name] ?? 'NAME',
  // For tests of the rotation.
  ['certificate-times'],
)

export const command: Command = {
  name: 'webhook',
  summary: 'serve the admission webhook that injects the sidecar',
  usage: '--image IMAGE [FLAGS]',
  about: `Answers the API server's AdmissionReviews about new pods: those of a blockchain node in a namespace with the label repeer.dev/inject: enabled \
get the sidecar, everything else is let in unchanged. Whatever goes wrong inside, pods are let in.

It makes its certificate itself, keeps it in a Secret that all replicas share, rotates it, and publishes its CA in the \
MutatingWebhookConfiguration; or it takes one from a directory (cert-manager). It serves /healthz, /readyz and /metrics over HTTPS.`,
  flags,
  examples: [
    'repeer webhook --image registry.example.com/repeer@sha256:...',
    'repeer webhook --kubeconfig ~/.kube/config --listen 127.0.0.1:8443 --image repeer:dev',
  ],
  exitCodes: [
    ['0', 'stopped by SIGTERM or SIGINT, after serving what was under way'],
    ['1', 'cannot start: no kubeconfig, a broken certificate directory, a port in use'],
    ['2', 'wrong usage'],
  ],
  run: async (values, io) => {
    const options = parsedBy('webhook', webhookFlags, values, args => parseWebhookOptions(args, io.env))
    const [log, { runWebhook }] = await Promise.all([openLog(options.logLevel), import('../../webhook/main.ts')])
    await runWebhook(options, { log, signal: io.signal() })
    return 0
  },
}
