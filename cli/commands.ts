// The commands of `repeer`, by name. Summaries stand here too, so that `repeer --help` loads nothing; each command is
// loaded alone: a sidecar must not pay for the webhook's libraries.
import type { Entries } from './run.ts'
import { userCommands } from './user-commands.ts'

const { explain, check, upgrade, inject, completion } = userCommands

export const commands: Entries = {
  webhook: {
    summary: 'serve the admission webhook that injects the sidecar',
    load: () => import('./commands/webhook.ts'),
  },
  sidecar: { summary: 'follow the peers of the node in this pod', load: () => import('./commands/sidecar.ts') },
  controller: {
    summary: 'tell pods what has changed, and let nodes restart in turn',
    load: () => import('./commands/controller.ts'),
  },
  explain,
  check,
  upgrade,
  inject,
  completion,
  'demo-node': {
    summary: 'the built-in node of the demo',
    hidden: true,
    load: () => import('./commands/demo-node.ts'),
  },
  demo: { summary: 'show the whole job on this machine, without a cluster', load: () => import('./commands/demo.ts') },
}
