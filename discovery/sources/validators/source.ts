// Source `validators`: the peers of one consumer chain, or of all that this operator validates, from what the
// validators publish on its provider chain.
import { uniquePeers } from '../../../peers/peer.ts'
import { printable } from '../../../peers/peer-list-error.ts'
import type { Found, Problem, Source, SourceParts } from '../../source.ts'
import { type ChainPeers, chainPeers } from './chain-peers.ts'
import { type ConsumerRead, readConsumers } from './consumers.ts'
import { lookupAll, type ProbeOptions, type PublishedProbe, probePublished } from './probe.ts'
import { Prober } from './prober.ts'
import { createProviders, type ProviderChain, type Providers, type View } from './provider.ts'
import { type AllSettled, type ChangeLimit, changeLimit, newEndpoints, settle } from './settle.ts'
import { readValidatorsSpec, type ValidatorsSpec } from './spec.ts'

export type ValidatorsOptions = {
  readonly probe: PublishedProbe
  readonly lookup: ProbeOptions['lookup']
  readonly probeTimeoutMs: number
  /** How long a look waits for probes; those that take longer are heard of when they end. */
  readonly probeWaitMs: number
  readonly probeRetry: { readonly minRetryMs: number; readonly maxRetryMs: number; readonly random: () => number }
  readonly changes: ChangeLimit
}

export const validatorsDefaults: ValidatorsOptions = {
  probe: probePublished,
  lookup: lookupAll,
  probeTimeoutMs: 3000,
  probeWaitMs: 500,
  probeRetry: { minRetryMs: 5000, maxRetryMs: 300_000, random: Math.random },
  changes: changeLimit,
}

/** What is read of SourceParts. */
export type ValidatorsParts = Pick<SourceParts, 'hint' | 'log' | 'now' | 'allowPrivate'> &
  Partial<Pick<SourceParts, 'exclude' | 'wallNow'>>

/** A provider chain that stands still for so long says nothing new, whatever its validators do. */
const standsStillMs = 300_000

/**
 * Throws an Error that says what is wrong with the spec. PeerSets of one provider chain should have the same
 * `providers`.
 */
export function validatorsSource(
  raw: unknown,
  parts: ValidatorsParts,
  providers: Providers = createProviders(parts),
  options: ValidatorsOptions = validatorsDefaults,
): Source {
  const spec = readValidatorsSpec(raw)
  const { hint, log, now, wallNow = now, allowPrivate } = parts
  const exclude = new Set(parts.exclude?.names ?? [])
  const provider = providers.open(spec.endpoints, spec.chainId, hint)
  const prober = new Prober({
    probe: options.probe,
    options: { kind: spec.probe, timeoutMs: options.probeTimeoutMs, allowPrivate, lookup: options.lookup },
    retry: options.probeRetry,
    now,
    changed: hint,
  })
  /** Of each consumer, by its ID and port: another chain under the same name, or another port, begins anew. */
  let settled: ReadonlyMap<string, AllSettled> = new Map()
  if (spec.computedIds !== undefined) log.warn({ consumer: spec.consumer ?? 'all' }, computedWarning)

  /** What is wanted for one consumer. */
  function chainPeersFor(view: View, { consumer, port, optedIn, problems }: ConsumerRead) {
    const key = `${consumer.consumerId} ${port}`
    const before: AllSettled = settled.get(key) ?? new Map()
    const options = { ...spec, chainId: consumer.chainId, port, allowPrivate, exclude }
    return {
      key,
      consumer,
      before,
      problems,
      chainPeers: chainPeers(view.validators, optedIn, before, options, provider.chain.registry),
    }
  }

  return {
    async look(signal): Promise<Found> {
      const read = async (view: View) => ({ view, ...(await readConsumers(view, spec, exclude)) })
      const { view, consumers, problems } = await provider.chain.read(read, signal)
      const parts = consumers.map(consumer => chainPeersFor(view, consumer))
      const added = new Map(parts.flatMap(({ before, chainPeers: listed }) => [...newEndpoints(before, listed.peers)]))
      const answers = await prober.ask(added, options.probeWaitMs)
      const each = parts.map(part => {
        const next = settle(part.before, part.chainPeers.peers, answers, now(), options.changes)
        return { ...part, next, found: foundOf(part.chainPeers, next, part.problems) }
      })
      settled = new Map(each.map(({ key, next }) => [key, next.settled]))
      const common = [...warnings(spec, view, provider.chain, wallNow()), ...problems]
      const [first] = each
      // Of one chain the list is the PeerSet's own; of all, each has a list, and the whole is what all of them have.
      if (spec.consumer !== undefined && first)
        return { ...first.found, problems: [...common, ...first.found.problems] }
      return {
        peers: uniquePeers(each.flatMap(({ found }) => found.peers)),
        problems: common,
        considered: each.reduce((sum, { found }) => sum + found.considered, 0),
        consumers: each.map(({ consumer, found }) => ({ ...consumer, found })),
      }
    },
    close() {
      prober.close()
      provider.close()
      return Promise.resolve()
    },
  }
}

function foundOf(listed: ChainPeers, next: ReturnType<typeof settle>, problems: readonly Problem[]): Found {
  return {
    peers: [...next.settled.values()].flatMap(({ peer }) => peer ?? []),
    problems: [...problems, ...next.problems, ...listed.problems],
    considered: listed.considered,
    // After a start all are new: what is listed stays until each has been asked once.
    ...(next.asking > 0 ? { incomplete: true } : {}),
  }
}

const computedWarning =
  'node IDs are computed from names (computeNodeIds): anyone can compute the private keys, too, and answer in the place of these nodes; publish p2p=NODEID@HOST instead'

function warnings(spec: ValidatorsSpec, { status }: View, chain: ProviderChain, now: number): Problem[] {
  const events = chain.events()
  const subject = `chain ${printable(status.network)}`
  const stoodMs = now - status.blockTime
  return [
    ...(spec.computedIds === undefined ? [] : [{ code: 'computed-ids', subject, message: computedWarning }]),
    ...(events === true
      ? []
      : [{ code: 'no-events', subject, message: `changes are found by polling only: ${events}` }]),
    ...(stoodMs < standsStillMs
      ? []
      : [
          {
            code: 'stands-still',
            subject,
            message: `its last block, ${status.height}, is ${Math.round(stoodMs / 1000)} s old`,
          },
        ]),
  ]
}
