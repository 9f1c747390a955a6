// The lists of one PeerSet: one, or one for each consumer chain, each with its place. And what came of all of them,
// taken together. Pure.
import { type Peer, uniquePeers } from '../peers/peer.ts'
import { printable } from '../peers/peer-list-error.ts'
import {
  canBe,
  fill,
  isTemplate,
  type OutputPlace,
  type OutputSpec,
  placeFor,
  valuesIn,
} from '../peers/peer-set/output.ts'
import { nothingKnown } from './choose.ts'
import type { Outcome } from './conditions.ts'
import type { ConsumerStatus, PeerSetStatus } from './peer-set.ts'
import type { Found, Problem } from './source.ts'

/** `consumer`: whose list it is; undefined where the PeerSet has a single one. */
export type OneList = {
  readonly output: OutputSpec
  readonly found: Found
  readonly consumer?: { readonly consumerId: string; readonly chainId: string }
}

/** What came of one list. */
export type Written = {
  readonly list: OneList
  readonly listed: readonly Peer[]
  readonly written: Outcome['written']
  readonly problems: readonly Problem[]
  /** A sentence, where the list has changed. */
  readonly change: string | undefined
}

/** Whether there is a list for each consumer. */
export function isForEach({ namespace, configMap }: Pick<OutputPlace, 'namespace' | 'configMap'>): boolean {
  return isTemplate(namespace) || isTemplate(configMap)
}

/**
 * @param found by the source; nothing where it has failed
 * @param before where lists were written before: a source that fails takes none of them away
 */
export function listsOf(
  output: OutputSpec,
  found: Found,
  before: Pick<PeerSetStatus, 'consumers'>,
): { readonly lists: readonly OneList[]; readonly problems: readonly Problem[] } {
  if (!isForEach(output)) return { lists: [{ output, found }], problems: [] }
  const problems: Problem[] = []
  const lists = new Map<string, OneList>()
  const known = found.consumers ?? (before.consumers ?? []).map(consumer => ({ ...consumer, found: nothingKnown }))
  for (const { consumerId, chainId, found: its } of known) {
    const subject = `consumer ${consumerId}`
    const place = placeFor(output, { chainId, consumerId })
    if ('invalid' in place) {
      problems.push({ code: 'bad-name', subject, message: `${printable(chainId)}: ${place.invalid}` })
      continue
    }
    const key = `${place.namespace}/${place.configMap}`
    const holder = lists.get(key)
    if (holder) {
      const message = `its list would be that of consumer ${holder.consumer?.consumerId}, which came first: use {consumerId} in spec.output`
      problems.push({ code: 'same-place', subject, message })
      continue
    }
    lists.set(key, { output: { ...output, ...place }, found: its, consumer: { consumerId, chainId } })
  }
  return { lists: [...lists.values()], problems }
}

/** The keys that a PeerSet with this output writes in a ConfigMap; none where it is none of its. */
export function keysIn(output: OutputSpec, namespace: string, configMap: string): readonly string[] {
  if (!canBe(output, namespace, configMap)) return []
  const values = { ...valuesIn(output.namespace, namespace), ...valuesIn(output.configMap, configMap) }
  const key = fill(output.key, values)
  return [...(key === undefined ? [] : [key]), output.metadataKey]
}

export type Together = Pick<Outcome, 'listed' | 'changed' | 'written' | 'problems'> & {
  readonly consumers?: readonly ConsumerStatus[]
  readonly change: string | undefined
}

/** Lists that a sentence names; the condition's message is bounded as well. */
const maxShown = 5

/** One list as it is; many are written where each is, and the first that is not says why. */
export function together(written: readonly Written[], isForEachConsumer: boolean): Together {
  const [only] = written
  if (!isForEachConsumer && only) {
    const { listed, change, problems } = only
    return { listed, changed: change !== undefined, written: only.written, problems, change }
  }
  const failed = written.filter(list => !list.written.ok)
  const [first] = failed
  const say = ({ list, written: { message } }: Written) => `consumer ${list.consumer?.consumerId}: ${message}`
  const more = (count: number) => (count > maxShown ? ` and ${count - maxShown} more` : '')
  const changes = written.flatMap(({ list, change }) =>
    change === undefined ? [] : [`consumer ${list.consumer?.consumerId}: ${change}`],
  )
  return {
    listed: uniquePeers(written.flatMap(({ listed }) => listed)),
    changed: changes.length > 0,
    change: changes.length === 0 ? undefined : changes.slice(0, maxShown).join('; ') + more(changes.length),
    written: first
      ? {
          ok: false,
          reason: first.written.reason,
          message: `${failed.length} of ${written.length} lists: ${failed.slice(0, maxShown).map(say).join('; ')}${more(failed.length)}`,
        }
      : { ok: true, reason: 'UpToDate', message: `${written.length} lists, one for each consumer` },
    problems: written.flatMap(({ list, problems }) =>
      problems.map(problem => ({ ...problem, message: `consumer ${list.consumer?.consumerId}: ${problem.message}` })),
    ),
    consumers: written.map(({ list: { output, consumer }, listed }) => ({
      consumerId: consumer?.consumerId ?? '',
      chainId: consumer?.chainId ?? '',
      namespace: output.namespace,
      configMap: output.configMap,
      key: output.key,
      peers: listed.length,
    })),
  }
}
