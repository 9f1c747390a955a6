// From arguments to an exit code: finds the command, loads only its modules, and turns errors into messages that say
// what to do.

import packageJson from '../package.json' with { type: 'json' }
import { own } from '../peers/own.ts'
import { type Command, type Io, parseFlags, UsageError } from './command.ts'
import { commandHelp, programHelp } from './help.ts'

type Entry = {
  readonly summary: string
  readonly hidden?: true
  readonly load: () => Promise<{ readonly command: Command }>
}

// Summaries stand here too, so that `repeer --help` loads nothing. Each command is loaded alone: a sidecar must not pay
// for the webhook's libraries.
export const commands: Readonly<Record<string, Entry>> = {
  webhook: {
    summary: 'serve the admission webhook that injects the sidecar',
    load: () => import('./commands/webhook.ts'),
  },
  sidecar: { summary: 'follow the peers of the node in this pod', load: () => import('./commands/sidecar.ts') },
  controller: {
    summary: 'tell pods what has changed, and let nodes restart in turn',
    load: () => import('./commands/controller.ts'),
  },
  explain: {
    summary: 'say what the webhook would do with manifests, and why',
    load: () => import('./commands/explain.ts'),
  },
  check: {
    summary: 'show what repeer found, decided and did in a namespace',
    load: () => import('./commands/check.ts'),
  },
  upgrade: {
    summary: "bring running pods' sidecars to the present image, nodes untouched",
    load: () => import('./commands/upgrade.ts'),
  },
  inject: { summary: 'print manifests as the webhook would change them', load: () => import('./commands/inject.ts') },
  'demo-node': {
    summary: 'the built-in node of the demo',
    hidden: true,
    load: () => import('./commands/demo-node.ts'),
  },
  demo: { summary: 'show the whole job on this machine, without a cluster', load: () => import('./commands/demo.ts') },
}

/**
 * Runs the program with its arguments (without node and file); returns the exit code: 0 done, 1 failed, 2 wrong usage.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    io.err(help())
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(help())
    return 0
  }
  if (name === '--version' || name === 'version') {
    io.out(`${packageJson.version}\n`)
    return 0
  }
  const entry = own(commands, name)
  if (!entry) {
    const kind = name.startsWith('-') ? 'flag' : 'command'
    io.err(
      `repeer: found the ${kind} "${name}", expected a command: ${shown()
        .map(([command]) => command)
        .join(', ')}. See repeer --help\n`,
    )
    return 2
  }
  const { command } = await entry.load()
  try {
    const values = parseFlags(command, rest)
    if (values.help === true) {
      io.out(commandHelp(command))
      return 0
    }
    return await command.run(values, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`repeer ${name}: ${error.message}. See repeer ${name} --help\n`)
      return 2
    }
    io.err(`repeer ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    if (io.env.REPEER_STACK && error instanceof Error) io.err(`${error.stack}\n`)
    return 1
  }
}

function help(): string {
  return programHelp(shown())
}

function shown(): [name: string, summary: string][] {
  return Object.entries(commands)
    .filter(([, entry]) => !entry.hidden)
    .map(([name, entry]) => [name, entry.summary])
}
