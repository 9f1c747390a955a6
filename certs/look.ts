// One look at the Secret and the caBundles, and what has to be done about them, step by step until there is nothing to
// do for now.
import type { Certificate, Log } from './certificates.ts'
import { plan, type RotationOptions, type Step } from './rotation.ts'
import { firstData, type SecretData, withNext } from './secret.ts'
import type { BundleStore, SecretStore, StoredBundles, StoredSecret } from './store.ts'

export type Look = {
  readonly secrets: SecretStore
  readonly bundles: BundleStore
  readonly rotation: RotationOptions
  /** Issues a CA and leaf, valid from now (ms since 1970) on. */
  readonly issue: (now: number) => Promise<Certificate>
  readonly now: () => number
  readonly log: Log
  /** Ends the look before its next step; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * Called after each reading, before anything is done: what there is to serve. `bundles` is undefined where they could
   * not be read.
   */
  readonly seen: (data: SecretData | undefined, bundles: readonly string[] | undefined, now: number) => void
}

/** A whole rotation takes 8 steps at most, and each conflict means that another replica has done one. */
const maxSteps = 40

/**
 * Looks, and does what `plan` says. Resolves with the step at which it came to rest (`wait` or `nothing`). Rejects
 * where a store fails; the next look goes on from there.
 */
export async function look(input: Look): Promise<Extract<Step, { until: number }>> {
  for (let count = 0; count < maxSteps; count += 1) {
    input.signal?.throwIfAborted()
    const { bundles, stored } = await read(input)
    const now = input.now()
    const texts = bundles?.webhooks.map(webhook => webhook.caBundle) ?? []
    input.seen(stored?.data, texts, now)
    const step = plan(stored?.data, texts, now, input.rotation)
    if (step.do === 'wait' || step.do === 'nothing') return step
    const done = await carryOut(step, stored, bundles, input)
    if (done) logStep(step, input.log)
  }
  throw new Error(
    `After ${maxSteps} steps the certificates still do not rest. Does another program (GitOps, cert-manager's cainjector) write ` +
      "the Secret or the caBundle? Only one may: exclude clientConfig.caBundle from the other's.",
  )
}

/** The caBundles first, the Secret after them: a CA that is published is then known to the Secret (see rotation.ts). */
async function read(input: Look): Promise<{ bundles: StoredBundles | undefined; stored: StoredSecret | undefined }> {
  const [bundles] = await Promise.allSettled([input.bundles.read()])
  const stored = await input.secrets.get()
  if (bundles.status === 'fulfilled') return { bundles: bundles.value, stored }
  // What is in the Secret can be served all the same; nothing is written without knowing what is published.
  input.seen(stored?.data, undefined, input.now())
  throw bundles.reason
}

/** False where somebody else was faster; then the next reading shows what they did. */
async function carryOut(
  step: Exclude<Step, { until: number }>,
  stored: StoredSecret | undefined,
  bundles: StoredBundles | undefined,
  input: Look,
): Promise<boolean> {
  if (step.do === 'publish') return bundles !== undefined && input.bundles.patch(bundles, step.bundle)
  const { secrets, now } = input
  const fresh = () => input.issue(now())
  if (step.do === 'create') return secrets.createIfAbsent(firstData(await fresh(), step.previous, now()))
  if (!stored) return false
  if (step.do === 'replace') return secrets.update(stored.version, firstData(await fresh(), step.previous, now()))
  if (step.do === 'prepare') return secrets.update(stored.version, withNext(stored.data, await fresh()))
  return secrets.update(stored.version, step.data)
}

function logStep(step: Exclude<Step, { until: number }>, log: Log): void {
  log[levelOf(step)]({ step: step.do, ...('problem' in step && { problem: step.problem }) }, sentences[step.do])
}

function levelOf(step: Exclude<Step, { until: number }>): keyof Log {
  if ('problem' in step) return 'error'
  // A Secret that had been there before: its CA is still published.
  const wasDeleted = step.do === 'create' && step.previous.length > 0
  return wasDeleted || step.do === 'unmark' ? 'warn' : 'info'
}

const sentences = {
  create: 'certificates: there was no Secret; created one with a new CA and certificate',
  replace: 'certificates: the Secret could not be served; replaced it with a new CA and certificate',
  prepare: 'certificates: rotation started; the Secret now holds the next CA and certificate too',
  publish: 'certificates: put the CAs that the Secret holds into the caBundle of every webhook',
  mark: 'certificates: the newest CA is in every caBundle',
  unmark:
    'certificates: the newest CA is no longer in every caBundle (a webhook was added, or another program wrote it); publishing it again',
  switch: 'certificates: switched to the next certificate; its CA has long been published',
  forget: 'certificates: the CA before the present one is no longer needed',
} as const
