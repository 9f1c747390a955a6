// The commands for people, which `kubectl repeer` has: without the programs of a cluster and the demo, so that it is one
// small file.
import type { Entry } from './run.ts'

export const userCommands = {
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
  completion: {
    summary: 'print the completion of a shell: bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
} satisfies Readonly<Record<string, Entry>>
