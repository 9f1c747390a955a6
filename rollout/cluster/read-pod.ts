// From a Pod as the API has it to what the controller keeps of it. Annotations are a stranger's words: they are
// checked, bounded, and never followed.
import { isIP } from 'node:net'
import { isDeleting } from '../../kubernetes/object-state.ts'
import { parsePause } from '../../peers/pause.ts'
import type { Plan } from '../../peers/plan.ts'
import { parsePlan } from '../../peers/plan-check.ts'
import { annotation, containerName } from '../../peers/pod.ts'
import { present } from '../../peers/present.ts'
import { parseTurnWait } from '../../peers/turn.ts'
import type { InjectedPod } from '../pod.ts'

export type ReadPodOptions = {
  /** The plan that an annotation's text holds; throws an Error where it holds none. Default: parsePlan. */
  readonly plan?: (text: string) => Plan
  /** Told why an injected pod's plan cannot be used, in one line. */
  readonly unusable?: (reason: string) => void
  /** Told what is odd about an annotation that is used all the same, in one sentence. */
  readonly odd?: (sentence: string) => void
}

/**
 * Characters. The longest that the controller writes are shorter; a longer text was written by somebody else, and is
 * not worth its memory.
 */
const longest = { peerHash: 64, turn: 64, endpoints: 64 * 1024 } as const
/** What stands for a text that is too long to keep: it equals none that the controller would write. */
const tooLong = 'too-long'
const maxReason = 500

/**
 * What the controller keeps of a pod, from the raw API object. Undefined where repeer is not in the pod (no annotation
 * repeer.dev/plan, or no container of the sidecar's name), and where its plan cannot be used. Never throws.
 */
export function readPod(object: unknown, options: ReadPodOptions = {}): InjectedPod | undefined {
  const { odd } = options
  const { metadata: meta, spec, status } = fields(object)
  const metadata = fields(meta)
  const { name, namespace, uid, annotations, creationTimestamp } = metadata
  const texts = fields(annotations)
  const planText = texts[annotation.plan]
  if (
    typeof name !== 'string' ||
    typeof namespace !== 'string' ||
    typeof uid !== 'string' ||
    typeof planText !== 'string'
  )
    return undefined
  if (!hasSidecar(fields(spec))) return undefined
  const plan = planOf(planText, options)
  if (!plan) return undefined
  const pause = parsePause(texts[annotation.pause])
  if (pause.odd !== undefined) odd?.(pause.odd)
  const { podIP, phase, conditions } = fields(status)
  const ready = list(conditions)
    .map(fields)
    .find(({ type }) => type === 'Ready')
  return {
    namespace,
    name,
    uid,
    plan,
    ...present('peerHash', bounded(texts[annotation.peerHash], longest.peerHash)),
    ...present('endpoints', bounded(texts[annotation.endpoints], longest.endpoints)),
    ...present('turn', bounded(texts[annotation.turn], longest.turn)),
    ...present('turnWait', parseTurnWait(texts[annotation.turnWait])),
    ...present('turnGrantedAt', timeOf(texts[annotation.turnGrantedAt])),
    paused: pause.held,
    // The controller asks the page at this address: nothing but an address may stand here.
    ...present('ip', typeof podIP === 'string' && isIP(podIP) !== 0 ? podIP : undefined),
    phase: typeof phase === 'string' ? phase : 'Unknown',
    ready: ready?.['status'] === 'True',
    ...present('readySince', timeOf(ready?.['lastTransitionTime'])),
    deleting: isDeleting(metadata),
    createdAt: timeOf(creationTimestamp) ?? 0,
  }
}

function hasSidecar({ initContainers, containers }: Fields): boolean {
  return [...list(initContainers), ...list(containers)].some(
    container => fields(container)['name'] === containerName.sidecar,
  )
}

function planOf(text: string, { plan = parsePlan, unusable }: ReadPodOptions): Plan | undefined {
  try {
    return plan(text)
  } catch (error) {
    unusable?.(error instanceof Error ? error.message.slice(0, maxReason) : String(error))
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Empty counts as absent, as in the file that the sidecar reads. */
function bounded(text: unknown, maxCharacters: number): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  return text.length > maxCharacters ? tooLong : text
}

/** Milliseconds since the epoch. */
function timeOf(text: unknown): number | undefined {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
