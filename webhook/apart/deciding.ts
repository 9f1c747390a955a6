// Which pods are decided about at once, and which in a thread of their own: whoever may create pods can write some that
// take a quarter of a second, and meanwhile no other would be answered.
import type { Logger } from 'pino'
import { createFairLimit } from '../../kubernetes/fair-limit.ts'
import type { DecideInput, Decision } from '../decide/decision.ts'

/** What is known of a request beside its content. */
export type About = {
  /** Bytes of its body. */
  readonly bytes: number
  /** Whether somebody still waits for the answer. */
  readonly isAwaited: () => boolean
}

export type Deciding = (input: DecideInput, about: About) => Decision | Promise<Decision>

export type DecidingParts = {
  /** Decides within a few ms, or says that it cannot. */
  readonly lightly: (input: DecideInput) => Decision | 'too-dear'
  /** Decides about any; called again only when it has settled. */
  readonly apart: (input: DecideInput) => Promise<Decision>
  /** A pod is decided about apart. */
  readonly decidedApart?: () => void
  /** Milliseconds, from any clock that only goes forward. */
  readonly now: () => number
  readonly log: Pick<Logger, 'info'>
}

/**
 * A pod has some 20 KB. What a pod's own fields cost grows with its size, and faster where mounts and arguments are
 * held against each other: 24 ms for 900 of both.
 */
const mostBytes = 64 * 1024
/**
 * For so long the pods of a namespace that had a dear one are not tried lightly first, which would cost 15 ms each
 * time.
 */
const dearMs = 60_000
/** Namespaces that are remembered; beyond, the eldest is tried again. */
const mostRemembered = 10_000

/**
 * At once where the pod is small and costs little; else apart, one at a time, by turns of namespaces. The decision is
 * the same.
 */
export function createDeciding({ lightly, apart, decidedApart, now, log }: DecidingParts): Deciding {
  /** Until when, by namespace. */
  const dear = new Map<string, number>()
  const limit = createFairLimit(1)

  function isDear(namespace: string): boolean {
    const until = dear.get(namespace)
    if (until === undefined || now() < until) return until !== undefined
    dear.delete(namespace)
    return false
  }

  function remember(namespace: string): void {
    const [eldest] = dear.keys()
    if (dear.size >= mostRemembered && eldest !== undefined) dear.delete(eldest)
    dear.set(namespace, now() + dearMs)
    log.info({ namespace }, 'a pod takes long to be decided about: those of this namespace are, beside all others')
  }

  return (input, { bytes, isAwaited }) => {
    const { name } = input.namespace
    if (bytes <= mostBytes && !isDear(name)) {
      const decision = lightly(input)
      if (decision !== 'too-dear') return decision
      remember(name)
    }
    decidedApart?.()
    return limit(name, async () => (isAwaited() ? apart(input) : nobodyWaits))
  }
}

/** An API server that has given up has let the pod in, or refused it. */
const nobodyWaits: Decision = { inject: false, reason: 'internal-error', message: 'nobody waits for the answer' }
