// `repeer check`: what repeer found, decided and did for the pods of a namespace, and when.
import { setTimeout as delay } from 'node:timers/promises'
import { check } from '../check/check.ts'
import { checkText } from '../check/report-text.ts'
import { clusterFlags, openCluster, unreachableCode } from '../cluster/cluster-access.ts'
import { ClusterError } from '../cluster/cluster-error.ts'
import { type Command, choiceOf, type Io, listOf, outputFlag, textOf, UsageError, type Values } from '../command.ts'

/** Between two looks of --watch, in seconds. */
const watchSeconds = 2

/** Clears the screen from its top: what `watch` and `clear` do. */
const clear = '\u001b[H\u001b[2J\u001b[3J'

export const command: Command = {
  name: 'check',
  summary: 'show what repeer found, decided and did in a namespace',
  usage: '[--namespace NS | -A | --pre | --install | --web] [-o json|text] [FLAGS]',
  about: `Reads each injected pod's status page and shows one table a group: the state and since when, the connected peers of those listed, the last \
restart, the reach (wrap, signal, observe), and whether its list is the one that the pod should run with; below a row why the node is left \
as it is, which peers are missing, and why it was restarted. Then the pods of the namespace that have no sidecar, with the reason: the webhook's own \
decision about the pod as it is. Pods that were created before a PeerSet delivered a list to them are named, too: create them anew. It changes nothing.

A node that is settled and not connected to all of its peers (nor to repeer.dev/min-peers of them) says to which and why, and counts as something to look at.

LIST says agrees, differs (the kubelet has not delivered an edit yet), edited (since the pod's creation, where no controller runs), unchecked (a list in a \
Secret), none (it names nobody) or unread.

It uses your own credentials: get namespaces, list pods, get pods/proxy, list peersets, and get configmaps for pods without the sidecar. Where pods/proxy is missing it \
shows what the annotations say. Pages are read through the API server; no port is forwarded.

--pre looks at the cluster before an installation: version, rights, clashes, and whether the API server would take each object of the manifests and a pod of each Deployment (dry runs: nothing is made). With -f it takes the manifests as you will apply them. --install looks at an installation: the programs, the certificate, whether the API server reaches and trusts the webhook, the leader, policies, NetworkPolicies, the image, and versions. A line each: ok, warning (a part does not work, or may not be looked at) or failure, with what to do.

--web forwards a port to the controller that leads (get leases, get and create pods/portforward in its namespace), prints the address of its page, which shows all groups, live, and opens it where there is a screen.`,
  flags: {
    namespace: { type: 'string', short: 'n', value: 'NS', help: "the namespace; without it the context's" },
    'all-namespaces': { type: 'boolean', short: 'A', help: 'every namespace that has opted in' },
    ...clusterFlags,
    output: outputFlag,
    pre: { type: 'boolean', help: 'what is in the way of an installation' },
    install: {
      type: 'boolean',
      help: 'whether an installation works; --namespace is its own then, and found where it is not given',
    },
    filename: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'FILE',
      help: 'with --pre: the manifests as they will be applied, a directory, or -',
    },
    wait: {
      type: 'string',
      value: 'SECONDS',
      default: '30',
      help: 'with --install: how long to look again while something is not there yet',
    },
    web: {
      type: 'boolean',
      help: "the controller's page in a browser, until interrupted; --namespace is the controller's then",
    },
    'web-port': { type: 'string', value: 'PORT', help: 'with --web: a port of this machine; without it a free one' },
    watch: { type: 'boolean', short: 'w', help: `look again every ${watchSeconds} s, until interrupted` },
  },
  examples: [
    'repeer check --namespace chain',
    'repeer check -A -o json',
    'until repeer check -n chain; do sleep 5; done',
    'kubectl kustomize manifests/ | repeer check --pre -f -',
    'repeer check --install',
    'repeer check --web',
  ],
  exitCodes: [
    [
      '0',
      'every injected pod is settled and connected, and no other pod of the namespace should have been injected; with --pre or --install: no failure',
    ],
    ['1', 'something is under way, has to be looked at, or could not be seen; with --pre or --install: a failure'],
    ['2', 'wrong usage'],
    ['3', 'the cluster cannot be reached, or its pods may not be listed'],
  ],
  run: async (values, io) => {
    const output = choiceOf(values, 'output', ['text', 'json'] as const)
    const all = values['all-namespaces'] === true
    if (all && textOf(values, 'namespace') !== undefined)
      throw new UsageError('found --namespace and --all-namespaces, expected one of them')
    if (values.watch === true && output === 'json') throw new UsageError('found --watch with -o json, expected -o text')
    const mode = installMode(values)
    if (values.web === true && (mode !== undefined || values.watch === true || output === 'json' || all))
      throw new UsageError('found --web with --pre, --install, --watch, -A or -o json, expected it alone')
    try {
      if (values.web === true) return await (await import('../web/web.ts')).showWeb(values, io)
      if (mode !== undefined) {
        const { runCheckInstall } = await import('../install/run-check-install.ts')
        return await runCheckInstall(values, io, mode, output)
      }
      return await look(values, io, output, all)
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      io.err(`repeer check: ${error.message}\n`)
      return unreachableCode
    }
  },
}

/** Throws UsageError for flags that do not go together. */
function installMode(values: Values): 'pre' | 'install' | undefined {
  const modes = (['pre', 'install'] as const).filter(name => values[name] === true)
  const [mode] = modes
  if (modes.length > 1) throw new UsageError('found --pre and --install, expected one of them')
  if (mode !== 'pre' && listOf(values, 'filename').length > 0)
    throw new UsageError('found --filename without --pre, expected them together')
  const other = mode === undefined ? undefined : ['all-namespaces', 'watch'].find(name => values[name] === true)
  if (other !== undefined) throw new UsageError(`found --${mode} and --${other}, expected one of them`)
  return mode
}

async function look(values: Values, io: Io, output: 'text' | 'json', all: boolean): Promise<number> {
  const cluster = await openCluster(values, io.env)
  const { decide } = await import('../../webhook/decide/decide.ts')
  const names = all ? ('all' as const) : [textOf(values, 'namespace') ?? cluster.namespace]
  const once = () => check({ cluster, decide, now: Date.now }, names)
  if (values.watch !== true) {
    const report = await once()
    io.out(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : checkText(report, io, Date.now()))
    return report.settled ? 0 : 1
  }
  const signal = io.signal()
  for (;;) {
    const report = await once()
    io.out(`${io.colour ? clear : ''}${checkText(report, io, Date.now())}${io.colour ? '' : '\n'}`)
    await delay(watchSeconds * 1000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return report.settled ? 0 : 1
  }
}
