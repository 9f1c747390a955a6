// `repeer controller`: tells pods at once what has changed, and lets nodes restart in turn.
import { type ControllerOptions, controllerFlags, parseControllerOptions } from '../../controller/options.ts'
import { type Command, type Flags, textOf, UsageError } from '../command.ts'
import { openLog } from '../log.ts'

const placeholders: Readonly<Record<string, string>> = {
  listen: 'HOST:PORT',
  kubeconfig: 'FILE',
  'writes-per-second': 'NUMBER',
  'pages-at-once': 'NUMBER',
  'cluster-domain': 'DOMAIN',
  'log-level': 'LEVEL',
}

/** For tests of the election. */
const hidden = new Set(['lease-times', 'turn-times'])

// An empty default stands for the environment, which the parser asks.
const flags: Flags = Object.fromEntries(
  Object.entries(controllerFlags).map(([name, { default: fallback, help }]) => [
    name,
    {
      type: 'string',
      value: placeholders[name] ?? (name.endsWith('-seconds') ? 'SECONDS' : 'NAME'),
      help,
      ...(fallback === '' ? {} : { default: fallback }),
      hidden: hidden.has(name),
    },
  ]),
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
    const args = Object.keys(controllerFlags).flatMap(name => {
      const value = textOf(values, name)
      return value === undefined ? [] : [`--${name}=${value}`]
    })
    const { hostname } = await import('node:os')
    const options = parsed(args, io.env, hostname())
    const [log, { runController }] = await Promise.all([openLog(options.logLevel), import('../../controller/main.ts')])
    await runController(options, { log, signal: io.signal() })
    return 0
  },
}

function parsed(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  hostname: string,
): ControllerOptions {
  try {
    return parseControllerOptions(args, env, hostname)
  } catch (error) {
    throw new UsageError(
      error instanceof Error ? error.message.replace(/\nSee repeer controller --help\.$/, '') : String(error),
    )
  }
}
