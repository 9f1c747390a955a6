// Source `validators`: the peers of one consumer chain, from what the validators publish on its provider chain.
import { printable } from '../../../../peers/peer-list-error.ts'
import type { Found, Problem, Source, SourceParts } from '../../source.ts'
import { claimPorts, portProblems } from './ports.ts'
import { lookupAll, type ProbeOptions, type PublishedProbe, probePublished } from './probe.ts'
import { Prober } from './prober.ts'
import { createProviders, type ProviderChain, type Providers, Refusal, type View } from './provider.ts'
import type { Consumer } from './queries.ts'
import { type AllSettled, type ChangeLimit, changeLimit, newEndpoints, settle } from './settle.ts'
import { readValidatorsSpec, type ValidatorsSpec } from './spec.ts'
import { wantedPeers } from './wanted.ts'

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
export type ValidatorsParts = Pick<SourceParts, 'hint' | 'log' | 'now' | 'allowPrivate'> & Partial<Pick<SourceParts, 'exclude'>>

/** A provider chain that stands still for so long says nothing new, whatever its validators do. */
const standsStillMs = 300_000
/** Consumers with the chain ID in question that are asked about, where the operator has to validate none of them. */
const maxNamesakes = 10

/** Throws an Error that says what is wrong with the spec. PeerSets of one provider chain should have the same `providers`. */
export function validatorsSource(
  raw: unknown,
  parts: ValidatorsParts,
  providers: Providers = createProviders(parts),
  options: ValidatorsOptions = validatorsDefaults,
): Source {
  const spec = readValidatorsSpec(raw)
  const { hint, log, now, allowPrivate } = parts
  const exclude = new Set(parts.exclude?.names ?? [])
  const provider = providers.open(spec.endpoints, spec.chainId, hint)
  const prober = new Prober({
    probe: options.probe,
    options: { kind: spec.probe, timeoutMs: options.probeTimeoutMs, allowPrivate, lookup: options.lookup },
    retry: options.probeRetry,
    now,
    changed: hint,
  })
  let settled: AllSettled = new Map()
  let chain: string | undefined
  if (spec.computedIds !== undefined) log.warn({ consumer: spec.consumer }, computedWarning)

  return {
    async look(signal): Promise<Found> {
      const { view, consumer, port, optedIn, problems } = await provider.chain.read(one => readConsumer(one, spec), signal)
      // Another chain under the same name: what was settled for the first is none of its peers.
      if (chain !== undefined && chain !== `${consumer.consumerId} ${port}`) settled = new Map()
      chain = `${consumer.consumerId} ${port}`
      const wanted = wantedPeers(
        view.validators,
        optedIn,
        settled,
        { ...spec, chainId: consumer.chainId, port, allowPrivate, exclude },
        provider.chain.registry,
      )
      const answers = await prober.ask(newEndpoints(settled, wanted.peers), options.probeWaitMs)
      const next = settle(settled, wanted.peers, answers, now(), options.changes)
      settled = next.settled
      return {
        peers: [...settled.values()].flatMap(({ peer }) => peer ?? []),
        problems: [...warnings(spec, view, provider.chain, now()), ...problems, ...next.problems, ...wanted.problems],
        considered: wanted.considered,
        // After a start all are new: what is listed stays until each has been asked once.
        ...(next.asking > 0 ? { incomplete: true } : {}),
      }
    },
    close() {
      prober.close()
      provider.close()
      return Promise.resolve()
    },
  }
}

const computedWarning =
  'node IDs are computed from names (computeNodeIds): anyone can compute the private keys, too, and answer in the place of these nodes; publish p2p=NODEID@HOST instead'

type Read = {
  readonly view: View
  readonly consumer: Consumer
  readonly port: number
  readonly optedIn: ReadonlySet<string>
  readonly problems: readonly Problem[]
}

async function readConsumer(view: View, spec: ValidatorsSpec): Promise<Read> {
  const own = view.validators.find(({ operator }) => operator === spec.operator)
  if (!own || own.consensus === '')
    throw new Refusal(`the provider chain ${printable(view.status.network)} has no validator ${spec.operator}`)
  const named = view.consumers.filter(({ consumerId, chainId }) => consumerId === spec.consumer || chainId === spec.consumer)
  if (named.length === 0) throw new Refusal(`the provider chain has no consumer ${spec.consumer} that has been launched: nothing is listed`)
  const duties = await view.duties(own.consensus)
  // Chain IDs are not unique: anybody can create another consumer with the same one, and as many as it likes.
  const due = named.filter(({ consumerId }) => duties.has(consumerId))
  const candidates = due.length > 0 ? due : named.slice(0, maxNamesakes)
  const opted = await Promise.all(candidates.map(({ consumerId }) => view.optedIn(consumerId)))
  const mine = candidates.flatMap((consumer, index) => {
    const optedIn = opted[index] ?? new Set()
    return optedIn.has(own.consensus) || due.length > 0 ? [{ consumer, optedIn }] : []
  })
  const [first, second] = mine
  if (!first) throw new Refusal(`validator ${spec.operator} does not validate consumer ${spec.consumer}: its list is not touched`)
  if (second) {
    const ids = mine.map(({ consumer }) => consumer.consumerId).join(' and ')
    throw new Refusal(
      `validator ${spec.operator} validates consumers ${ids}, all with chain ID ${spec.consumer}: name one by its consumer ID`,
    )
  }
  const { consumer, optedIn } = first
  const claims = due.length > 0 ? duties : claimPorts([...[...duties.values()].map(({ chain }) => chain), consumer])
  const claim = claims.get(consumer.consumerId)
  const problems = portProblems(consumer.consumerId, claims)
  if (!claim || (claim.takenBy && spec.port === undefined)) {
    throw new Refusal(`${problems[0]?.message ?? 'it has no port'}: agree on another and set spec.source.validators.port`)
  }
  return { view, consumer, port: spec.port ?? claim.ports.p2p, optedIn, problems }
}

function warnings(spec: ValidatorsSpec, { status }: View, chain: ProviderChain, now: number): Problem[] {
  const events = chain.events()
  const subject = `chain ${printable(status.network)}`
  const stoodMs = now - status.blockTime
  return [
    ...(spec.computedIds === undefined ? [] : [{ code: 'computed-ids', subject, message: computedWarning }]),
    ...(events === true ? [] : [{ code: 'no-events', subject, message: `changes are found by polling only: ${events}` }]),
    ...(stoodMs < standsStillMs
      ? []
      : [{ code: 'stands-still', subject, message: `its last block, ${status.height}, is ${Math.round(stoodMs / 1000)} s old` }]),
  ]
}
