// Brings one pod's sidecar to another image, in place, and sees that the node did not notice. Whatever goes wrong, the
// old image is put back.

import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, isStatus } from '../cluster/cluster-access.ts'
import { messageOf } from '../cluster/cluster-error.ts'
import { type ContainerStatus, isStuck, type PodObject, sidecarStatus, stateText } from '../cluster/pod-object.ts'
import { podsPath } from '../cluster/pods.ts'
import { type PageAnswer, statusPage } from '../cluster/status-page.ts'
import type { ImageChange } from './choose.ts'
import { imageWarning } from './image-warning.ts'
import { mustBeSame, mustBeSameProcess } from './same-node.ts'
import { Trouble } from './trouble.ts'

export type UpgradeTimes = {
  /** How long a sidecar may take to run the new image and answer: it may have to be pulled. */
  readonly timeoutMs: number
  readonly pollMs: number
  /**
   * How long a container has to wait for the same trouble (an image that cannot be pulled) before that counts as a
   * failure.
   */
  readonly stuckMs: number
  /** How long a sidecar has to run without starting again where its page cannot be asked. */
  readonly steadyMs: number
}

export const upgradeTimes: UpgradeTimes = { timeoutMs: 120_000, pollMs: 500, stuckMs: 10_000, steadyMs: 10_000 }

export type Upgraded =
  | { readonly ok: true; readonly seconds: number; readonly note?: string }
  /** `putBack`: what became of the old image, as a sentence. */
  | { readonly ok: false; readonly why: string; readonly advice: string; readonly putBack: string }

/** While one of these lasts, the sidecar has the node in its hands. */
const busy: ReadonlySet<string> = new Set(['telling', 'restarting', 'verifying'])
type Parts = {
  readonly cluster: Cluster
  readonly path: string
  readonly read: () => Promise<PodObject>
  readonly times: UpgradeTimes
}

/** Throws nothing but what the cluster's first answers are: no pod, no connection. */
export async function upgradePod(
  cluster: Cluster,
  { pod, changes }: { readonly pod: PodObject; readonly changes: readonly ImageChange[] },
  image: string,
  times: UpgradeTimes,
): Promise<Upgraded> {
  const { namespace, name } = pod.metadata
  const path = `${podsPath(namespace)}/${encodeURIComponent(name)}`
  const parts: Parts = { cluster, path, read: async () => (await cluster.get(path)) as PodObject, times }
  const began = performance.now()
  let patched = false
  try {
    const { before, page } = await quiet(parts)
    await patch(parts, before, changes, image, 'to')
    patched = true
    if (!changes.some(change => change.container === sidecarStatus(before)?.name))
      return { ok: true, seconds: secondsSince(began) }
    const now = await running(parts, before, image)
    const note = await answering(parts, { before, now, page })
    return { ok: true, seconds: secondsSince(began), ...(note ? { note } : {}) }
  } catch (error) {
    const { advice } =
      error instanceof Trouble
        ? error
        : { advice: 'run it again when the cause is gone: pods that are on the image are skipped' }
    const putBack = patched ? await backTo(parts, pod, changes, image) : 'nothing was changed on this pod'
    return { ok: false, why: messageOf(error), advice, putBack }
  }
}

/** The pod and its page at a moment at which its sidecar is not in the middle of a restart. */
async function quiet({ cluster, read, times }: Parts): Promise<{ before: PodObject; page: PageAnswer }> {
  const deadline = performance.now() + times.timeoutMs
  for (;;) {
    const before = await read()
    const page = await pageOf(cluster, before)
    if (!('page' in page) || !busy.has(page.page.phase)) return { before, page }
    if (performance.now() > deadline)
      throw new Trouble(
        `its sidecar has been ${page.page.phase} for ${times.timeoutMs / 1000} s`,
        `see repeer check --namespace ${before.metadata.namespace}, and run this again when the node is settled`,
      )
    await delay(times.pollMs)
  }
}

async function pageOf(cluster: Cluster, { metadata, spec }: PodObject): Promise<PageAnswer> {
  if (spec.hostNetwork) return { unreachable: 'the page listens on loopback only' }
  return statusPage(cluster, metadata.namespace, metadata.name)
}

/** Nothing is changed where the pod is another one by now, or somebody has changed the images. */
async function patch(
  { cluster, path }: Parts,
  pod: PodObject,
  changes: readonly ImageChange[],
  image: string,
  direction: 'to' | 'back',
): Promise<void> {
  const operations = changes.flatMap(({ index, container, from }) => [
    { op: 'test', path: `/spec/initContainers/${index}/name`, value: container },
    { op: 'test', path: `/spec/initContainers/${index}/image`, value: direction === 'to' ? from : image },
    { op: 'replace', path: `/spec/initContainers/${index}/image`, value: direction === 'to' ? image : from },
  ])
  try {
    await cluster.patch(path, [{ op: 'test', path: '/metadata/uid', value: pod.metadata.uid }, ...operations])
  } catch (error) {
    if (isStatus(error, 403)) throw new Trouble(messageOf(error), 'expected the permission patch on pods')
    if (isStatus(error, 422)) throw new Trouble(`the pod has changed meanwhile (${messageOf(error)})`, 'run this again')
    throw error
  }
}

/**
 * Waits until the sidecar's container is another one than before and runs. `original`: going back, when the node is no
 * longer the question, and the container of the old image may never have ended.
 */
async function running(parts: Parts, before: PodObject, image: string, original?: PodObject): Promise<PodObject> {
  const { cluster, read, times } = parts
  const old = sidecarStatus(before)?.containerID
  const first = original && sidecarStatus(original)?.containerID
  const deadline = performance.now() + times.timeoutMs
  let troubledSince: number | undefined
  for (;;) {
    const now = await read()
    mustBeSame(before, now, original === undefined)
    const sidecar = sidecarStatus(now)
    const isOther = sidecar?.containerID !== old || (first !== undefined && sidecar?.containerID === first)
    if (sidecar?.state?.running && sidecar.ready && isOther) return now
    const warning = sidecar?.state?.running ? undefined : await imageWarning(cluster, now, image)
    const hasEnded = sidecar?.state?.terminated !== undefined && isOther
    const isTroubled = (sidecar && isStuck(sidecar)) || hasEnded || warning !== undefined
    troubledSince = isTroubled ? (troubledSince ?? performance.now()) : undefined
    const hasStayed = troubledSince !== undefined && performance.now() - troubledSince > times.stuckMs
    if (hasStayed || performance.now() > deadline)
      throw notRunning(now, sidecar, warning, hasStayed ? '' : ` after ${times.timeoutMs / 1000} s`)
    await delay(times.pollMs)
  }
}

function notRunning(
  { metadata }: PodObject,
  sidecar: ContainerStatus | undefined,
  warning: string | undefined,
  when: string,
): Trouble {
  const isImage = warning !== undefined || /Image/.test(sidecar?.state?.waiting?.reason ?? '')
  return new Trouble(
    `the sidecar does not run the image${when}: ${warning ?? stateText(sidecar)}`,
    isImage
      ? `see that the image can be pulled in namespace ${metadata.namespace} (its name, the registry, pull secrets), then run this again`
      : `see kubectl -n ${metadata.namespace} logs ${metadata.name} -c repeer --previous, and kubectl describe pod`,
  )
}

/**
 * Waits until the new sidecar's page answers; where pages cannot be asked, until it has run for a while. Returns what
 * there is to say about it.
 */
async function answering(
  { cluster, read, times }: Parts,
  { before, now, page }: { before: PodObject; now: PodObject; page: PageAnswer },
): Promise<string | undefined> {
  const { namespace, name } = before.metadata
  const started = sidecarStatus(now)?.containerID
  const deadline = performance.now() + times.timeoutMs
  const steady = performance.now() + times.steadyMs
  const isAsked = 'page' in page || 'starting' in page
  for (;;) {
    const current = await read()
    mustBeSame(before, current, true)
    if (sidecarStatus(current)?.containerID !== started)
      throw new Trouble(
        'the new sidecar has ended and was started again',
        `see kubectl -n ${namespace} logs ${name} -c repeer --previous`,
      )
    const answer = isAsked ? await pageOf(cluster, current) : page
    if ('page' in answer) {
      mustBeSameProcess(page, answer)
      return undefined
    }
    if (!isAsked && performance.now() > steady)
      return `its status page cannot be asked: ${'forbidden' in answer ? answer.forbidden : 'unreachable' in answer ? answer.unreachable : ''}`
    if (performance.now() > deadline) {
      const why =
        'starting' in answer
          ? 'its first comparison is not finished'
          : 'forbidden' in answer
            ? answer.forbidden
            : answer.unreachable
      throw new Trouble(
        `the new sidecar's status page does not answer: ${why}`,
        `see kubectl -n ${namespace} logs ${name} -c repeer`,
      )
    }
    await delay(times.pollMs)
  }
}

async function backTo(parts: Parts, pod: PodObject, changes: readonly ImageChange[], image: string): Promise<string> {
  const { namespace, name } = pod.metadata
  const old = changes.map(({ container, from }) => `${container}=${from}`).join(' ')
  const byHand = `put it back with kubectl -n ${namespace} set image pod/${name} ${old}`
  try {
    const before = await parts.read()
    if (before.metadata.uid !== pod.metadata.uid) return 'the pod is another one now'
    await patch(parts, pod, changes, image, 'back')
    await running(parts, before, changes.at(-1)?.from ?? '', pod)
    return `the old image is back and its sidecar runs (${old})`
  } catch (error) {
    return `the old image is not known to run again: ${messageOf(error)}; ${byHand}`
  }
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000
}
