// `repeer explain`: what the webhook would do with manifests, and why. Needs no cluster.
import { type Command, choiceOf, outputFlag } from '../command.ts'
import { explainText } from '../manifests/explain-text.ts'
import { explainFiles, manifestExitCodes, manifestFlags } from './manifest-flags.ts'

export const command: Command = {
  name: 'explain',
  summary: 'say what the webhook would do with manifests, and why',
  usage: '-f FILE... [-o json|text]',
  about: `Takes each Pod, StatefulSet, Deployment, DaemonSet, ReplicaSet, Job and CronJob (also inside a List) through the webhook's own decision: \
inject or skip, the node's container, its profile, where its peers come from, how it would be restarted, and the exact patch, each with the reason. \
It needs no cluster and changes nothing.

ConfigMaps in the same files are read as the pods' sources, by namespace (none means default), and PeerSets that deliver (spec.deliver) give their lists to the \
pods that they select. A Namespace in the files counts with its labels and annotations; one that is not there is taken as opted in, and the answer says so. \
A StatefulSet is explained by its first pod, and the answer says where the second would get something else.

JSON output is an array with one object a pod: file, kind, name, inject, reason, container, profile, sources[{kind, name, key, via, level}], \
peers, strategy (wrap, signal, observe), why, patch. For a workload the patch is the one that its pods would get.`,
  flags: {
    ...manifestFlags,
    output: outputFlag,
  },
  examples: [
    'repeer explain -f statefulset.yaml -f configmap.yaml',
    'kubectl get statefulsets,configmaps -o yaml | repeer explain -f - -o json',
  ],
  exitCodes: manifestExitCodes,
  run: async (values, io) => {
    const output = choiceOf(values, 'output', ['text', 'json'] as const)
    const { explanations, problems } = await explainFiles(values, io)
    const rows = explanations.map(explanation => explanation.row)
    if (output === 'json') io.out(`${JSON.stringify(rows, null, 2)}\n`)
    else if (rows.length > 0) io.out(explainText(rows, io))
    for (const problem of problems) io.err(`repeer explain: ${problem.message}\n`)
    if (rows.length === 0 && problems.length === 0)
      io.err('repeer explain: found no pod and no workload with a pod template in the files\n')
    return problems.length > 0 ? 1 : 0
  },
}
