// Whether what was decided would be taken: by the API server, which sees the changed pod, and by the sidecar, which
// reads the plan. Either of them refusing would cost the pod its start, so a pod that does not fit is left alone, and
// told why.
import { planProblems } from '../../peers/plan-check.ts'
import { annotation, statusPort } from '../../peers/pod.ts'
import type { SkipReason } from '../../peers/reasons.ts'
import { annotationsOf, controllersOwn } from '../patch/annotations.ts'
import type { Decision } from './decision.ts'
import type { ContainerView, PodView } from './pod/pod-view.ts'

type Injection = Extract<Decision, { inject: true }>

export type Misfit = { readonly reason: SkipReason; readonly detail: string }

/**
 * Bytes of all annotations of an object, names and values (apimachinery, TotalAnnotationSizeLimitB): an API server
 * refuses one more.
 */
const mostAnnotations = 256 * 1024
/**
 * Bytes that the controller's own annotations may take later: 64 KiB of addresses (repeer.dev/endpoints), and turn,
 * words about it, times and names within 4 KiB. Without room for them the pod would never be given a turn.
 */
export const controllersShare = 68 * 1024

/** Problems of a plan that are spelled out. */
const mostProblems = 3

/** The first thing that would be refused; undefined where all fits. */
export function misfit(pod: PodView, injection: Injection): Misfit | undefined {
  return portTaken(pod, injection) ?? tooManyAnnotations(pod, injection) ?? refusedPlan(injection)
}

/** The page's port is open for the whole pod: a program that listens there already keeps the sidecar from starting. */
function portTaken(pod: PodView, { plan }: Injection): Misfit | undefined {
  // There the sidecar takes any free port, on loopback.
  if (plan.hostNetwork) return undefined
  const { number } = statusPort
  const lasting = [...pod.containers, ...pod.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')]
  const container = lasting.find(listensAt)
  const who = container
    ? `container ${container.name}`
    : [plan.p2pPort, plan.rpcPort].includes(number)
      ? 'the node'
      : ''
  if (who === '') return undefined
  return { reason: 'port-conflict', detail: `${who} listens at ${number}, the port of repeer's status page` }
}

function listensAt({ ports, probes }: ContainerView): boolean {
  const { number } = statusPort
  return (
    ports.some(port => port.number === number && port.protocol !== 'UDP') ||
    probes.some(probe => probe.by === 'http' && probe.port === number)
  )
}

function tooManyAnnotations(pod: PodView, injection: Injection): Misfit | undefined {
  const ours = annotationsOf(injection)
  const replaced = new Set<string>([...Object.keys(ours), ...controllersOwn, annotation.peerHash])
  const kept = Object.entries(pod.annotations).filter(([name]) => !replaced.has(name))
  const most = mostAnnotations - controllersShare
  const found = bytesOf(kept) + bytesOf(Object.entries(ours))
  if (found <= most) return undefined
  return {
    reason: 'annotations-too-large',
    detail: `found ${found} bytes with repeer's plan of ${ours[annotation.plan]?.length ?? 0}, expected at most ${most}`,
  }
}

function bytesOf(entries: readonly (readonly [name: string, value: string])[]): number {
  return entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
}

/** The sidecar's own check of its plan: names and paths that no object can have, times and ports out of bounds. */
function refusedPlan({ plan }: Injection): Misfit | undefined {
  const problems = planProblems(plan)
  if (problems.length === 0) return undefined
  const shown = problems.slice(0, mostProblems).map(({ path, expected }) => `${path}: expected ${expected}`)
  const more = problems.length > mostProblems ? [`and ${problems.length - mostProblems} more`] : []
  return { reason: 'plan-refused', detail: [...shown, ...more].join('; ') }
}
