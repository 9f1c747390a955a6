// `repeer controller`: tells pods at once what has changed, and lets nodes restart in turn.

import { controllerFlags, parseControllerOptions } from '../../controller/options.ts'
import type { Command } from '../command.ts'
import { openLog } from '../log.ts'
import { parsedBy, programFlags } from '../program-flags.ts'

const placeholders: Readonly<Record<string, string>> = {
  listen: 'HOST:PORT',
  kubeconfig: 'FILE',
  'writes-per-second': 'NUMBER',
  'pages-at-once': 'NUMBER',
  'cluster-domain': 'DOMAIN',
  'log-level': 'LEVEL',
}

const flags = programFlags(
  controllerFlags,
  name => placeholders[name] ?? (name.endsWith('-seconds') ? 'SECONDS' : 'NAME'),
  // For tests of the election and the pacing.
  ['lease-times', 'turn-times'],
)

export const command: Command = {
  name: 'controller',
  summary: 'tell pods what has changed, and let nodes restart in turn',
  usage: '[FLAGS]',
  about: `Watches the injected pods, their peer lists and the Services that these name, in namespaces with the label repeer.dev/inject: enabled. What has \
changed it writes to annotations of the pods, so that their sidecars know within a second; and it lets the nodes of a group restart one after the other. \
It never deletes, creates or restarts anything itself: without it, sidecars go on observing, and restarts wait for its return.

Run two replicas: they agree on a leader by a Lease. It serves /healthz, /readyz and /metrics over HTTP.`,
  flags,
  examples: [
    'repeer controller',
    'repeer controller --kubeconfig ~/.kube/config --listen 127.0.0.1:9470 --writes-per-second 10',
  ],
  exitCodes: [
    ['0', 'stopped by SIGTERM or SIGINT, after giving the Lease back'],
    ['1', 'cannot start or cannot go on: no kubeconfig, a port in use; the last line says why'],
    ['2', 'wrong usage'],
  ],
  run: async (values, io) => {
    const { hostname } = await import('node:os')
    const options = parsedBy('controller', controllerFlags, values, args =>
      parseControllerOptions(args, io.env, hostname()),
    )
    const [log, { runController }] = await Promise.all([openLog(options.logLevel), import('../../controller/main.ts')])
    await runController(options, { log, signal: io.signal() })
    return 0
  },
}
