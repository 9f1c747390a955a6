// One list of a PeerSet: decides whether it is to be written, and writes it where it differs from what stands there.
import type { Logger } from 'pino'
import { isRefusal } from '../kubernetes/api-error.ts'
import { peerHash } from '../peers/snapshot.ts'
import { choosePeers } from './choose.ts'
import type { Outcome } from './conditions.ts'
import type { OneList, Written } from './lists.ts'
import {
  applyBody,
  type Current,
  changeSentence,
  type Decision,
  decideOutput,
  listedIn,
  metadataText,
} from './output.ts'
import type { Outputs, Place } from './outputs.ts'
import type { PeerSet, PeerSetSpec } from './peer-set.ts'
import type { Writes } from './writes.ts'

export type WriteListParts = {
  readonly outputs: Pick<Outputs, 'get' | 'wrote'>
  readonly writes: Pick<Writes, 'apply'>
  /** Whether PeerSets of namespace `from` may write in `to`. */
  readonly mayWrite: (from: string, to: string) => boolean
  readonly log: Pick<Logger, 'info'>
}

/**
 * Rejects where the API server cannot be asked, or cannot answer at the moment; what it refuses is an outcome.
 * @param now milliseconds since the epoch
 */
export async function writeList(
  { outputs, writes, mayWrite, log }: WriteListParts,
  set: PeerSet,
  spec: PeerSetSpec,
  list: OneList,
  now: () => number,
  signal: AbortSignal,
): Promise<Written> {
  const { output, found } = list
  const own = { ...spec, output }
  const place: Place = { namespace: output.namespace, name: output.configMap }
  const hasConsent = mayWrite(set.namespace, output.namespace)
  const current = hasConsent ? await outputs.get(place, [output.key, output.metadataKey]) : undefined
  const before = listedIn(current, output)
  const chosen = choosePeers(found, own, before)
  const decision = hasConsent ? decideOutput(own, chosen, current) : noConsent(set.namespace, output.namespace)
  const written = await carryOut(decision)
  const listed = written.ok ? decision.listed : before
  const isChanged = written.ok && decision.text !== undefined && peerHash(before) !== peerHash(listed)
  const change = isChanged ? changeSentence(before, listed) : undefined
  if (change !== undefined)
    log.info(
      { peerSet: `${set.namespace}/${set.name}`, configMap: placeOf(output), change },
      'the peer list has changed',
    )
  return { list, listed, written, problems: chosen.problems, change }

  async function carryOut({ refusal, text, listed }: Decision): Promise<Outcome['written']> {
    if (refusal) return { ok: false, ...refusal }
    if (text === undefined) return { ok: true, reason: 'UpToDate', message: placeOf(output) }
    const facts = { at: now(), considered: found.considered, source: spec.source.kind, peers: listed }
    const body = applyBody(set, output, current, text, metadataText(set, facts))
    try {
      const object = await writes.apply(set, place, body, isHandedOver(current, set), signal)
      outputs.wrote(place, [output.key, output.metadataKey], object)
      return { ok: true, reason: 'UpToDate', message: placeOf(output) }
    } catch (error) {
      if (!isRefusal(error)) throw error
      const isConflict = error.status === 409
      const message = `${placeOf(output)}: ${error.message}${isConflict ? `. ${conflictAdvice}` : ''}`
      return { ok: false, reason: isConflict ? 'Conflict' : 'Refused', message }
    }
  }
}

function isHandedOver(current: Current | undefined, { name }: PeerSet): boolean {
  return current?.handsOverTo === name
}

const conflictAdvice =
  'Take the key out of what its manager applies, or hand it over: kubectl annotate configmap NAME repeer.dev/hand-over-to=NAME-OF-THE-PEERSET'

function placeOf({ namespace, configMap, key }: PeerSetSpec['output']): string {
  return `ConfigMap ${namespace}/${configMap}, key ${key}`
}

function noConsent(from: string, to: string): Decision {
  const message = `namespace ${to} does not let PeerSets of namespace ${from} write: kubectl annotate namespace ${to} repeer.dev/allow-peersets-from=${from}`
  return { listed: [], text: undefined, refusal: { reason: 'NoConsent', message } }
}
