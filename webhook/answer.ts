// From an admission request to its answer: decide, patch, and what is said about it. Never throws: whatever goes wrong,
// the pod is let in.
import type { Logger } from 'pino'
import { optIn } from '../peers/pod.ts'
import type { SkipReason } from '../peers/reasons.ts'
import { type AdmissionAnswer, type AdmissionRequest, allow, allowPatched } from './admission.ts'
import type { ConfigMapView, DecideInput, Decision, NamespaceView, Settings } from './decide/decision.ts'
import type { Outcome } from './metrics.ts'
import { patchOf } from './patch/patch.ts'

export type AnswerParts = {
  readonly decide: (input: DecideInput) => Decision
  readonly settings: Settings
  /** Undefined for a namespace that is not in the cache (yet). */
  readonly namespace: (name: string) => NamespaceView | undefined
  readonly configMap: (namespace: string, name: string) => ConfigMapView
  /** Of a namespace: see DecideInput. */
  readonly peerSets?: (namespace: string) => NonNullable<DecideInput['peerSets']>
  readonly log: Pick<Logger, 'debug' | 'info' | 'error'>
}

export type Answered = { readonly answer: AdmissionAnswer; readonly outcome: Outcome; readonly reason: string }

/** Reasons that whoever creates the pod knows already: no warning. */
const known: ReadonlySet<SkipReason> = new Set(['opted-out', 'already-injected'])

/**
 * Decides about a request and says what came of it. Never throws: an error inside lets the pod in unchanged, with a
 * warning that does not quote it, and is logged.
 */
export function answer(request: AdmissionRequest, parts: AnswerParts): Answered {
  if (!isOfPod(request)) return ignored(request)
  try {
    return decided(request, parts.decide(inputFor(request, parts)), parts)
  } catch (error) {
    return failed(request, error, parts)
  }
}

/** The same, where the decision may take its time. Never rejects. */
export async function answerSoon(
  request: AdmissionRequest,
  parts: Omit<AnswerParts, 'decide'>,
  decide: (input: DecideInput) => Decision | Promise<Decision>,
): Promise<Answered> {
  if (!isOfPod(request)) return ignored(request)
  try {
    return decided(request, await decide(inputFor(request, parts)), parts)
  } catch (error) {
    return failed(request, error, parts)
  }
}

type PodRequest = AdmissionRequest & { readonly pod: NonNullable<AdmissionRequest['pod']> }

function isOfPod(request: AdmissionRequest): request is PodRequest {
  return request.pod !== undefined
}

function ignored({ uid }: AdmissionRequest): Answered {
  return { answer: allow(uid), outcome: 'ignored', reason: 'not-a-pod' }
}

/** What the log says of a request. */
function fieldsOf({ uid, namespace, pod, dryRun }: PodRequest): Readonly<Record<string, unknown>> {
  const { metadata } = pod
  return { uid, namespace, pod: metadata?.name ?? metadata?.generateName, ...(dryRun ? { dryRun: true } : {}) }
}

function inputFor({ pod, namespace }: PodRequest, parts: Omit<AnswerParts, 'decide' | 'log'>): DecideInput {
  return {
    pod,
    namespace: parts.namespace(namespace) ?? unseen(namespace),
    configMap: name => parts.configMap(namespace, name),
    peerSets: parts.peerSets?.(namespace) ?? [],
    settings: parts.settings,
  }
}

function failed(request: PodRequest, error: unknown, { log }: Pick<AnswerParts, 'log'>): Answered {
  const reason = 'internal-error' satisfies SkipReason
  log.error({ ...fieldsOf(request), reason, err: error }, 'an admission failed inside; the pod was let in unchanged')
  // The error itself stays in the log: it could hold parts of a ConfigMap.
  const warnings = [
    `repeer: ${reason}: repeer failed while looking at the pod, and let it in unchanged; see the webhook's log`,
  ]
  return {
    answer: allow(request.uid, { warnings, auditAnnotations: { outcome: 'failed', reason } }),
    outcome: 'failed',
    reason,
  }
}

function decided(
  request: PodRequest,
  decision: Decision,
  { log, settings }: Pick<AnswerParts, 'log' | 'settings'>,
): Answered {
  const { uid, pod } = request
  const fields = fieldsOf(request)
  const patch = patchOf(pod, decision, settings)
  if (!decision.inject) {
    const { reason, message } = decision
    const outcome = reason === 'internal-error' ? 'failed' : 'skipped'
    log.debug({ ...fields, outcome, reason, message }, 'pod not injected')
    const warnings = known.has(reason) ? [] : [`repeer: ${reason}: ${message}`]
    return { answer: allowPatched(uid, patch, { warnings, auditAnnotations: { outcome, reason } }), outcome, reason }
  }
  const { plan, why, peers } = decision
  const reason = plan.reach.by
  log.info(
    { ...fields, outcome: 'injected', reason, container: plan.container, profile: plan.profile, peers, why },
    'pod injected',
  )
  const auditAnnotations = { outcome: 'injected', reason, container: plan.container, profile: plan.profile }
  const warnings = decision.warnings.map(warning => `repeer: ${warning}`)
  return { answer: allowPatched(uid, patch, { warnings, auditAnnotations }), outcome: 'injected', reason }
}

/**
 * A namespace that the cache does not hold. It has opted in: the webhook configuration's namespaceSelector has matched,
 * or the API server would not have asked. Which Pod Security Standard it enforces is unknown, so the strictest is
 * assumed: that fits everywhere.
 */
function unseen(name: string): NamespaceView {
  return {
    name,
    labels: { [optIn.label]: optIn.value, 'pod-security.kubernetes.io/enforce': 'restricted' },
    annotations: {},
  }
}
