// `repeer upgrade`: the sidecars of running pods, brought to another image in place.

import { ownNamespace, webhook } from '../../peers/installed.ts'
import { type Cluster, clusterFlags, openCluster, unreachableCode } from '../cluster/cluster-access.ts'
import { ClusterError } from '../cluster/cluster-error.ts'
import { groupOf, isInjected, type PodObject } from '../cluster/pod-object.ts'
import { listPods } from '../cluster/pods.ts'
import { type Command, type Io, numberOf, textOf, UsageError, type Values } from '../command.ts'
import { plainLine } from '../text/plain-line.ts'
import { type GroupUpgrade, type PodUpgrade, upgradesOf } from '../upgrade/choose.ts'
import { injectedImage } from '../upgrade/injected-image.ts'
import { type Upgraded, type UpgradeTimes, upgradePod, upgradeTimes } from '../upgrade/upgrade-pod.ts'

const defaultSeconds = String(upgradeTimes.timeoutMs / 1000)

export const command: Command = {
  name: 'upgrade',
  summary: "bring running pods' sidecars to the present image, nodes untouched",
  usage: '--namespace NS [--image IMAGE] [--group GROUP] [--dry-run] [FLAGS]',
  about: `Sets the image of the sidecar in each injected pod of the namespace, one pod after another, group after group, validators last. An init container's \
image can be changed in a running pod, and a native sidecar restarts alone: the node goes on. After each pod it waits until the sidecar runs and its status \
page answers, and sees that the node's container and process are the ones of before. At the first failure it puts the old image back on that pod, stops, and \
says what to do. Pods that are on the image are skipped, so it can be run again. An interrupt ends it after the pod under way; a second one at once.

Without --image it takes the one that the installed webhook injects now (Deployment ${webhook.name} in ${ownNamespace}).

The supervisor that wraps a node's process is not replaced: it stays as it was until the pod is created anew, and newer sidecars work with it.

It uses your own credentials: list, get and patch pods, get pods/proxy, get deployments in ${ownNamespace}, and list events, which tell \
soonest why an image does not run.`,
  flags: {
    namespace: { type: 'string', short: 'n', value: 'NS', help: 'the namespace; there is no default' },
    image: {
      type: 'string',
      value: 'IMAGE',
      help: 'the image to bring them to; without it the one that the webhook injects',
    },
    group: {
      type: 'string',
      value: 'GROUP',
      help: 'only this group (as repeer check shows it, also without the namespace before it)',
    },
    'dry-run': { type: 'boolean', help: 'say what would be done, and do nothing' },
    'timeout-seconds': {
      type: 'string',
      value: 'N',
      default: defaultSeconds,
      help: 'how long one sidecar may take to run the image and answer',
    },
    ...clusterFlags,
    'poll-ms': { type: 'string', value: 'N', help: 'for tests', hidden: true },
    'steady-ms': { type: 'string', value: 'N', help: 'for tests', hidden: true },
  },
  examples: [
    'repeer upgrade --namespace chain --dry-run',
    'repeer upgrade -n chain --image registry.example.com/repeer@sha256:...',
  ],
  exitCodes: [
    ['0', 'every injected pod that runs is on the image'],
    ['1', 'stopped at a failure; the pods before it are on the image, it and those after it are not'],
    ['2', 'wrong usage'],
    ['3', 'the cluster cannot be reached, or its pods may not be listed'],
  ],
  run: async (values, io) => {
    const namespace = textOf(values, 'namespace')
    if (!namespace) throw new UsageError('found no namespace, expected --namespace NS')
    const times = timesOf(values)
    try {
      const cluster = await openCluster(values, io.env)
      return await upgrade(cluster, namespace, values, times, io)
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      io.err(`repeer upgrade: ${error.message}\n`)
      return unreachableCode
    }
  },
}

function timesOf(values: Values): UpgradeTimes {
  const timeout = numberOf(values, 'timeout-seconds', 1)
  const poll = numberOf(values, 'poll-ms', 1)
  const steady = numberOf(values, 'steady-ms')
  return {
    ...upgradeTimes,
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    ...(poll === undefined ? {} : { pollMs: poll }),
    ...(steady === undefined ? {} : { steadyMs: steady, stuckMs: steady }),
  }
}

async function upgrade(
  cluster: Cluster,
  namespace: string,
  values: Values,
  times: UpgradeTimes,
  io: Io,
): Promise<number> {
  const group = textOf(values, 'group')
  const named = textOf(values, 'image')
  const image = named ?? (await injectedImage(cluster))
  const pods = await listPods(cluster, namespace)
  const groups = upgradesOf(pods, image, group)
  if (groups.length === 0) {
    io.err(`repeer upgrade: ${nothingText(pods, namespace, group)}\n`)
    return group === undefined ? 0 : 1
  }
  io.out(`image ${plainLine(image, 300)}${named ? '' : ', which the webhook injects now'}\n`)
  if (values['dry-run'] === true) {
    for (const members of groups)
      io.out(`\n${members.group}\n${members.pods.map(pod => `  ${line(pod, members, planText(pod))}\n`).join('')}`)
    const count = groups.flatMap(members => members.pods).filter(pod => pod.do === 'upgrade').length
    io.out(
      `\n${count === 0 ? 'Nothing to do.' : `${count === 1 ? '1 pod' : `${count} pods`} would be upgraded.`} Nothing was changed.\n`,
    )
    return groups.some(members => members.pods.some(pod => pod.do === 'stop')) ? 1 : 0
  }
  return upgradeGroups(cluster, groups, image, times, io)
}

async function upgradeGroups(
  cluster: Cluster,
  groups: readonly GroupUpgrade[],
  image: string,
  times: UpgradeTimes,
  io: Io,
): Promise<number> {
  const signal = io.signal()
  let done = 0
  for (const group of groups) {
    io.out(`\n${plainLine(group.group)}\n`)
    for (const pod of group.pods) {
      if (signal.aborted) {
        io.err('repeer upgrade: interrupted; the pods above are done, run it again for the others\n')
        return 1
      }
      if (pod.do !== 'upgrade') {
        io.out(`  ${line(pod, group, pod.why)}\n`)
        if (pod.do === 'skip') continue
        io.err(`repeer upgrade: stopped at pod ${nameOf(pod)}: ${pod.why}. See kubectl describe pod ${nameOf(pod)}\n`)
        return 1
      }
      io.out(`  ${line(pod, group, '')}`)
      const result = await upgradePod(cluster, pod, image, times)
      io.out(`${resultText(result)}\n`)
      if (!result.ok) {
        const { why, advice, putBack } = result
        io.err(
          `repeer upgrade: stopped at pod ${nameOf(pod)}: ${[why, putBack, advice].map(text => plainLine(text, 600)).join('.\n  ')}.\n`,
        )
        return 1
      }
      done++
    }
  }
  io.out(
    `\n${done === 0 ? 'Nothing to do: every pod that runs is on the image.' : `${done === 1 ? '1 pod' : `${done} pods`} upgraded.`}\n`,
  )
  return 0
}

function nothingText(pods: readonly PodObject[], namespace: string, group: string | undefined): string {
  const injected = pods.filter(isInjected)
  if (injected.length === 0 || group === undefined) return `found no injected pod in namespace ${namespace}`
  return `found no group "${group}" in namespace ${namespace}, expected one of ${[...new Set(injected.map(groupOf))].join(', ')}`
}

function nameOf({ pod }: PodUpgrade): string {
  return pod.metadata.name
}

function line(pod: PodUpgrade, group: GroupUpgrade, text: string): string {
  const width = Math.max(...group.pods.map(pod => nameOf(pod).length))
  return `${nameOf(pod).padEnd(width)}  ${plainLine(text, 300)}`
}

function planText(pod: PodUpgrade): string {
  if (pod.do === 'skip') return `skipped: ${pod.why}`
  if (pod.do === 'stop') return `would stop here: ${pod.why}`
  const images = [...new Set(pod.changes.map(change => change.from))]
  return `would be upgraded from ${images.join(' and ')}`
}

function resultText(result: Upgraded): string {
  if (!result.ok) return 'failed'
  return `upgraded in ${result.seconds.toFixed(1)} s, the node untouched${result.note ? ` (${plainLine(result.note)})` : ''}`
}
