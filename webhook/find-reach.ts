// How the node's process can be stopped and started: wrap, signal, or not at all (observe, with the reason).
import type { Profile, Reach, Strategy } from '../peers/plan.ts'
import type { ObserveReason } from '../peers/reasons.ts'
import { nodeProgram } from './command-clues.ts'
import type { NamespaceView } from './decision.ts'
import type { ContainerView, PodView } from './pod-view.ts'
import { profileFacts } from './profile-facts.ts'

export type FoundReach =
  | { readonly reach: Reach; readonly why: string; readonly warnings: readonly string[] }
  | { readonly problem: string }

/**
 * The reach of a container. The rows, first match first:
 *
 * | strategy        | command | the rest                                    | reach                             |
 * | --------------- | ------- | ------------------------------------------- | --------------------------------- |
 * | observe         | any     | any                                         | observe: asked-to-observe         |
 * | wrap            | yes     | any                                         | wrap                              |
 * | wrap            | no      | any                                         | bad-annotation                    |
 * | auto, hot       | yes     | no operator remembers the node's PID        | wrap                              |
 * | auto, hot       | yes     | one does                                    | observe: operator-tracks-pid      |
 * | auto, hot, signal | any   | restartPolicy is not Always                 | observe: restart-policy           |
 * | "               | "       | shareProcessNamespace: false                | observe: sharing-refused          |
 * | "               | "       | hostPID: true                               | observe: host-pid                 |
 * | "               | "       | runAsUser is stated                         | signal with that UID              |
 * | "               | "       | not stated, root is permitted               | signal as root with CAP_KILL      |
 * | "               | "       | not stated, root is not permitted           | observe: uid-unknown              |
 *
 * `hot` never restarts, but its reach is what it would be: the annotation can be taken away without another injection.
 */
export function findReach(
  pod: PodView,
  container: ContainerView,
  profile: Profile,
  namespace: NamespaceView,
  strategy: Strategy,
): FoundReach {
  const wrappable = container.command.length > 0
  if (strategy === 'observe') return observe('asked-to-observe', 'observe: repeer.dev/strategy says so')
  if (strategy === 'wrap' && !wrappable) return { problem: wrapAdvice(container) }
  const tracker = tracksPid(pod)
  if (wrappable && strategy === 'wrap')
    return wrap(`${asked(strategy)}, and the container gives a command`, tracker ? [trackerWarning(tracker)] : [])
  if (wrappable && strategy !== 'signal') {
    if (tracker) return observe('operator-tracks-pid', `observe: container ${tracker} remembers the node's process ID`)
    return wrap('the container gives a command, which needs no privilege to wrap', [])
  }
  return signal(pod, container, profile, namespace, strategy)
}

function signal(pod: PodView, container: ContainerView, profile: Profile, namespace: NamespaceView, strategy: Strategy): FoundReach {
  const first = strategy === 'signal' ? asked(strategy) : 'the container gives no command to wrap'
  if ((container.restartPolicy ?? pod.restartPolicy) !== 'Always')
    return observe('restart-policy', `observe: ${first}, and nothing starts it again`)
  if (pod.shareProcessNamespace === false) return observe('sharing-refused', `observe: ${first}, and shareProcessNamespace is false`)
  if (pod.hostPID) return observe('host-pid', `observe: ${first}, and hostPID excludes a shared PID namespace`)
  const names = processNames(container, profile)
  const uid = container.runAsUser ?? pod.runAsUser
  const tracker = tracksPid(pod)
  const warnings = tracker ? [trackerWarning(tracker)] : []
  if (uid !== undefined) return { reach: { by: 'signal', uid, names }, why: `signal: ${first}, and the node runs as UID ${uid}`, warnings }
  if (!rootPermitted(pod, container, namespace))
    return observe('uid-unknown', `observe: ${first}, no runAsUser is stated, and root is not permitted here`)
  return {
    reach: { by: 'signal', uid: null, names },
    why: `signal: ${first}, and no runAsUser is stated, so the sidecar runs as root with CAP_KILL alone`,
    warnings,
  }
}

/** A container that remembers the node's process: cosmopilot's node-utils looks the PID up once, in a shared PID namespace. */
function tracksPid(pod: PodView): string | undefined {
  if (pod.shareProcessNamespace !== true) return undefined
  return [...pod.initContainers, ...pod.containers].find(
    ({ name, image }) => name === 'node-utils' || /(^|\/)node-utils([:@]|$)/.test(image),
  )?.name
}

/** Pod Security: restricted forbids root; runAsNonRoot makes the kubelet refuse it. CAP_KILL is among what baseline allows. */
function rootPermitted(pod: PodView, container: ContainerView, namespace: NamespaceView): boolean {
  if (namespace.labels['pod-security.kubernetes.io/enforce'] === 'restricted') return false
  return container.runAsNonRoot !== true && pod.runAsNonRoot !== true
}

/** The kernel cuts a process's name to 15 bytes. */
function processNames(container: ContainerView, profile: Profile): string[] {
  const program = nodeProgram(container)?.name
  return [...new Set([...(program ? [program] : []), ...profileFacts[profile].processes])].map(name => name.slice(0, 15))
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

function wrap(because: string, warnings: readonly string[]): FoundReach {
  return { reach: { by: 'wrap' }, why: `wrap: ${because}`, warnings }
}

function observe(reason: ObserveReason, why: string): FoundReach {
  return { reach: { by: 'observe', reason }, why, warnings: [] }
}
