// How the node's process can be stopped and started: wrap, signal, or not at all (observe, with the reason).
import type { Beside, Reach, Strategy } from '../../../peers/plan.ts'
import type { ObserveReason } from '../../../peers/reasons.ts'
import { chains } from '../../chains/index.ts'
import type { NamespaceView } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { findBeside } from './find-beside.ts'

export type FoundReach =
  | { readonly reach: Reach; readonly why: string; readonly warnings: readonly string[] }
  | { readonly problem: string }

/**
 * The reach of a container. The rows, first match first:
 *
 * | strategy        | command | the rest                                    | reach                             |
 * | --------------- | ------- | ------------------------------------------- | --------------------------------- |
 * | observe         | any     | any                                         | observe: asked-to-observe         |
 * | wrap            | no      | any                                         | bad-annotation                    |
 * | wrap, auto, hot | yes     | no container remembers the node's PID       | wrap                              |
 * | wrap, auto, hot | yes     | one does, and can start anew with the node  | wrap, with that one beside it     |
 * | auto, hot       | yes     | one does, and cannot (see find-beside.ts)   | observe: operator-tracks-pid      |
 * | wrap            | yes     | one does, and cannot                        | bad-annotation                    |
 * | auto, hot, signal | any   | restartPolicy is not Always                 | observe: restart-policy           |
 * | "               | "       | shareProcessNamespace: false                | observe: sharing-refused          |
 * | "               | "       | hostPID: true                               | observe: host-pid                 |
 * | "               | "       | runAsUser is stated                         | signal with that UID              |
 * | "               | "       | not stated, root is permitted               | signal as root with CAP_KILL      |
 * | "               | "       | not stated, root is not permitted           | observe: uid-unknown              |
 *
 * `hot` never restarts, but its reach is what it would be: the annotation can be taken away without another injection.
 */
export function findReach(pod: PodView, node: FollowedNode, namespace: NamespaceView, strategy: Strategy): FoundReach {
  const { container } = node
  const wrappable = container.command.length > 0
  if (strategy === 'observe') return observe('asked-to-observe', 'observe: repeer.dev/strategy says so')
  if (strategy === 'wrap' && !wrappable) return { problem: wrapAdvice(container) }
  if (wrappable && strategy !== 'signal') return wrapped(pod, container, strategy)
  return signal(pod, node, namespace, strategy)
}

function wrapped(pod: PodView, container: ContainerView, strategy: Strategy): FoundReach {
  const because =
    strategy === 'wrap'
      ? `${asked(strategy)}, and the container gives a command`
      : 'the container gives a command, which needs no privilege to wrap'
  const found = findBeside(pod, container)
  if (found === undefined) return { reach: { by: 'wrap' }, why: `wrap: ${because}`, warnings: [] }
  if ('beside' in found)
    return {
      reach: { by: 'wrap', beside: found.beside },
      why: `wrap: ${because}; ${together(found.beside)}`,
      warnings: [],
    }
  const cannot = `container ${found.container} remembers the node's process, so it has to start anew with it, and it ${found.problem}`
  if (strategy !== 'wrap') return observe('operator-tracks-pid', `observe: ${cannot}`)
  return {
    problem: `repeer.dev/strategy is "wrap", but ${cannot}; put that right, or use "auto" (which only observes here), "hot" or "observe"`,
  }
}

/** What a restart does there, in plain words. */
function together({ container, port, fifo }: Beside): string {
  const reads = fifo ? " and reads the node's trace FIFO" : ''
  return (
    `container ${container} remembers the node's process${reads}, so a restart asks it first (localhost:${port}/must_upgrade), stops the node, ` +
    `ends ${container}, which the kubelet starts anew, and starts the node when it answers again; at most once in 10 minutes`
  )
}

function signal(pod: PodView, node: FollowedNode, namespace: NamespaceView, strategy: Strategy): FoundReach {
  const { container } = node
  const first = strategy === 'signal' ? asked(strategy) : 'the container gives no command to wrap'
  if ((container.restartPolicy ?? pod.restartPolicy) !== 'Always')
    return observe('restart-policy', `observe: ${first}, and nothing starts it again`)
  if (pod.shareProcessNamespace === false)
    return observe('sharing-refused', `observe: ${first}, and shareProcessNamespace is false`)
  if (pod.hostPID) return observe('host-pid', `observe: ${first}, and hostPID excludes a shared PID namespace`)
  const names = processNames(node)
  const uid = container.runAsUser ?? pod.runAsUser
  const tracker = findBeside(pod, container)?.container
  const warnings = tracker ? [trackerWarning(tracker)] : []
  if (uid !== undefined)
    return { reach: { by: 'signal', uid, names }, why: `signal: ${first}, and the node runs as UID ${uid}`, warnings }
  if (!rootPermitted(pod, container, namespace))
    return observe('uid-unknown', `observe: ${first}, no runAsUser is stated, and root is not permitted here`)
  return {
    reach: { by: 'signal', uid: null, names },
    why: `signal: ${first}, and no runAsUser is stated, so the sidecar runs as root with CAP_KILL alone`,
    warnings,
  }
}

/**
 * Pod Security: restricted forbids root; runAsNonRoot makes the kubelet refuse it. CAP_KILL is among what baseline
 * allows.
 */
function rootPermitted(pod: PodView, container: ContainerView, namespace: NamespaceView): boolean {
  if (namespace.labels['pod-security.kubernetes.io/enforce'] === 'restricted') return false
  return container.runAsNonRoot !== true && pod.runAsNonRoot !== true
}

/** The kernel cuts a process's name to 15 bytes. */
function processNames({ profile, program }: FollowedNode): string[] {
  const names = new Set([...(program ? [program.name] : []), ...chains[profile].processes])
  return [...names].map(name => name.slice(0, 15))
}

function wrapAdvice(container: ContainerView): string {
  return `repeer.dev/strategy is "wrap", but container ${container.name} has no command to wrap; give it the image's entrypoint as command, or use "auto" or "signal"`
}

function asked(strategy: Strategy): string {
  return `repeer.dev/strategy says ${strategy}`
}

function trackerWarning(tracker: string): string {
  return `container ${tracker} remembers the node's process ID and may act on an old one after a restart in place`
}

function observe(reason: ObserveReason, why: string): FoundReach {
  return { reach: { by: 'observe', reason }, why, warnings: [] }
}
