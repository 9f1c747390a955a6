// `repeer inject`: manifests as the webhook would change them. Needs no cluster.
import type { Command } from '../command.ts'
import { injectedManifests } from '../manifests/inject.ts'
import { explainFiles, manifestExitCodes, manifestFlags } from './manifest-flags.ts'

export const command: Command = {
  name: 'inject',
  summary: 'print manifests as the webhook would change them',
  usage: '-f FILE...',
  about: `Prints every document of the files as YAML, the pods and pod templates that the webhook would inject with its patch applied, everything else as \
it stands. A document that is changed is written anew: its comments and its order of quoting are lost. What is skipped or could not be read \
is told on standard error.

The webhook leaves a pod alone that was injected this way (already-injected). Where the webhook runs there is no need for this command; it \
is for looking, for tests, and for clusters where no webhook is allowed.`,
  flags: manifestFlags,
  examples: [
    'repeer inject -f statefulset.yaml -f configmap.yaml | kubectl apply -f -',
    'diff <(kubectl create --dry-run=client -o yaml -f pod.yaml) <(repeer inject -f pod.yaml)',
  ],
  exitCodes: manifestExitCodes,
  run: async (values, io) => {
    const { documents, explanations, problems } = await explainFiles(values, io)
    io.out(injectedManifests(documents, explanations))
    for (const { row, perPod } of explanations) {
      if (perPod)
        io.err(
          `repeer inject: ${row.kind} ${row.name}: not changed: its pods differ, so no template fits them all; the webhook injects each\n`,
        )
      if (!row.inject) io.err(`repeer inject: ${row.kind} ${row.name}: skipped, ${row.reason}: ${row.why.inject}\n`)
      if (row.why.warnings)
        io.err(`repeer inject: ${row.kind} ${row.name}: warning: ${row.why.warnings.replaceAll('\n', '; ')}\n`)
    }
    for (const problem of problems) io.err(`repeer inject: ${problem.message}\n`)
    return problems.length > 0 ? 1 : 0
  },
}
