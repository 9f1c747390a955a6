// The container beside the node that remembers the node's process, cosmopilot's node-utils, and whether it can start
// anew with the node. What it does was read in its source (voluzi/cosmopilot, pkg/nodeutils and cmd/nodeutils, 3.0) and
// tried with the real program.
import type { Beside } from '../../../peers/plan.ts'
import { baseName, commandsOf, flagsOf } from '../pod/command-line.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'

/** `problem`: why it cannot start anew with the node, as the end of a sentence that begins with its name. */
export type FoundBeside = { readonly container: string } & ({ readonly beside: Beside } | { readonly problem: string })

/** Its default (cmd/nodeutils/config.go). */
const defaultPort = 8000
/** The image's entrypoint is /nodeutils (Dockerfile.utils). */
const programs = ['nodeutils', 'node-utils'] as const

/**
 * Undefined where no container of the pod remembers the node: there is none, or it cannot see the node's process and
 * reads nothing of it.
 *
 * node-utils finds the node by its process name once, and keeps the PID: after a restart of the node alone it measures,
 * and at an upgrade height stops, a process that is gone. With `--trace-store` the node writes to a FIFO that
 * node-utils reads until the first writer closes it; a node that is started after that waits in open() until a new
 * reader comes.
 */
export function findBeside(pod: PodView, node: ContainerView): FoundBeside | undefined {
  const initial = pod.initContainers.filter(isTracker)
  // An init container of the same image that ends before the node starts (cosmosigner-discovery-wait) remembers
  // nothing.
  const lasting = [...initial.filter(init => init.restartPolicy === 'Always'), ...pod.containers.filter(isTracker)]
  const [found = initial.find(init => init.name === 'node-utils'), second] = lasting
  if (found === undefined || found.name === node.name) return undefined
  const fifo = commandsOf(node).some(command => flagsOf(command, ['trace-store', 'trace_store']).length > 0)
  const shares = pod.shareProcessNamespace === true
  if (!shares && !fifo) return undefined
  const no = (problem: string): FoundBeside => ({ container: found.name, problem })
  if (second) return no(`is not alone: ${second.name} is another one`)
  if (!shares) return no('cannot be ended from here, since the pod does not share its process namespace')
  if (!startsAgain(pod, found)) return no('would not be started again: its restartPolicy is not Always')
  const uid = found.runAsUser ?? pod.runAsUser
  if (uid === undefined) return no('may only be ended by its own user, and no runAsUser is stated for it')
  return {
    container: found.name,
    beside: { container: found.name, names: namesOf(found), uid, port: portOf(found), fifo },
  }
}

function isTracker({ name, image }: ContainerView): boolean {
  return name === 'node-utils' || /(^|\/)node-utils([:@]|$)/.test(image)
}

/** SIGTERM ends it with code 0, after which only Always has the kubelet start it again. */
function startsAgain(pod: PodView, container: ContainerView): boolean {
  if (container.restartPolicy !== undefined) return container.restartPolicy === 'Always'
  return pod.containers.includes(container) && pod.restartPolicy === 'Always'
}

/** The names that its process may have; the kernel cuts one to 15 bytes. */
function namesOf({ command }: ContainerView): string[] {
  const own = command[0] === undefined ? [] : [baseName(command[0])]
  return [...new Set([...own.filter(name => name !== ''), ...programs])]
}

/** Its variable, else its port as declared, else its default. */
function portOf({ env, ports }: ContainerView): number {
  const stated = Number(env.find(({ name }) => name === 'PORT')?.value ?? 0)
  if (Number.isInteger(stated) && stated >= 1 && stated <= 65_535) return stated
  const declared = ports.find(port => port.name === 'node-utils') ?? ports.find(port => port.protocol !== 'UDP')
  return declared?.number ?? defaultPort
}
