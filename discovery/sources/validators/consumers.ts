// Which consumer chains a PeerSet is about, and their ports: the one that it names, or all that its operator validates.
import pLimit from 'p-limit'
import { printable } from '../../../peers/peer-list-error.ts'
import type { Problem } from '../../source.ts'
import { type Claim, claimPorts, portProblems } from './ports.ts'
import { Refusal, type View } from './provider.ts'
import type { Consumer, Validator } from './queries.ts'
import type { ValidatorsSpec } from './spec.ts'

export type ConsumerRead = {
  readonly consumer: Consumer
  readonly port: number
  /** Consensus addresses. */
  readonly optedIn: ReadonlySet<string>
  readonly problems: readonly Problem[]
}
export type ConsumersRead = { readonly consumers: readonly ConsumerRead[]; readonly problems: readonly Problem[] }

/** Consumers with the chain ID in question that are asked about, where the operator has to validate none of them. */
const maxNamesakes = 10
/** Consumers that one PeerSet has lists for: each costs a query and a look at every validator. */
export const maxConsumers = 100
/** Queries of one look at a time. */
const atOnce = 8

/**
 * The consumer of the spec, or with `consumers: all` each that has been launched, and not stopped, and that the
 * operator has to validate (QueryConsumerChainsValidatorHasToValidate), by consumer ID, those of `exclude` (IDs or
 * chain IDs) left out. Throws a Refusal where the one that is named is not there, is not validated by the operator, or
 * has no port.
 */
export async function readConsumers(
  view: View,
  spec: ValidatorsSpec,
  exclude: ReadonlySet<string>,
): Promise<ConsumersRead> {
  const own = view.validators.find(({ operator }) => operator === spec.operator)
  if (!own || own.consensus === '')
    throw new Refusal(`the provider chain ${printable(view.status.network)} has no validator ${spec.operator}`)
  if (spec.consumer === undefined) return readAll(view, spec, own, exclude)
  return { consumers: [await readOne(view, spec, spec.consumer, own)], problems: [] }
}

async function readAll(
  view: View,
  spec: ValidatorsSpec,
  own: Validator,
  exclude: ReadonlySet<string>,
): Promise<ConsumersRead> {
  const claims = await view.duties(own.consensus, spec.portFormula)
  const included = [...claims.values()].filter(
    ({ chain }) => !exclude.has(chain.consumerId) && !exclude.has(chain.chainId),
  )
  const problems: Problem[] = []
  const [listed, beyond] = [included.slice(0, maxConsumers), included.length - maxConsumers]
  if (beyond > 0) {
    const message = `validator ${spec.operator} validates ${included.length} consumers, expected at most ${maxConsumers}; the last ${beyond} are left out`
    problems.push({ code: 'too-many-consumers', subject: `chain ${printable(view.status.network)}`, message })
  }
  const limit = pLimit(atOnce)
  const consumers = await Promise.all(
    listed.flatMap(({ chain }) => {
      const ports = portProblems(chain.consumerId, claims)
      const port = portOf(claims.get(chain.consumerId), undefined)
      if (port === undefined) {
        problems.push(...ports)
        return []
      }
      const read = async () => ({
        consumer: chain,
        port,
        optedIn: await view.optedIn(chain.consumerId),
        problems: ports,
      })
      return [limit(read)]
    }),
  )
  return { consumers, problems }
}

async function readOne(view: View, spec: ValidatorsSpec, name: string, own: Validator): Promise<ConsumerRead> {
  const named = view.consumers.filter(({ consumerId, chainId }) => consumerId === name || chainId === name)
  if (named.length === 0)
    throw new Refusal(`the provider chain has no consumer ${name} that has been launched: nothing is listed`)
  const duties = await view.duties(own.consensus, spec.portFormula)
  // Chain IDs are not unique: anybody can create another consumer with the same one, and as many as it likes.
  const due = named.filter(({ consumerId }) => duties.has(consumerId))
  const candidates = due.length > 0 ? due : named.slice(0, maxNamesakes)
  const opted = await Promise.all(candidates.map(({ consumerId }) => view.optedIn(consumerId)))
  const mine = candidates.flatMap((consumer, index) => {
    const optedIn = opted[index] ?? new Set()
    return optedIn.has(own.consensus) || due.length > 0 ? [{ consumer, optedIn }] : []
  })
  const [first, second] = mine
  if (!first)
    throw new Refusal(`validator ${spec.operator} does not validate consumer ${name}: its list is not touched`)
  if (second) {
    const ids = mine.map(({ consumer }) => consumer.consumerId).join(' and ')
    throw new Refusal(
      `validator ${spec.operator} validates consumers ${ids}, all with chain ID ${name}: name one by its consumer ID`,
    )
  }
  const { consumer, optedIn } = first
  const claims =
    due.length > 0
      ? duties
      : claimPorts([...[...duties.values()].map(({ chain }) => chain), consumer], spec.portFormula)
  const problems = portProblems(consumer.consumerId, claims)
  const port = portOf(claims.get(consumer.consumerId), spec.port)
  if (port === undefined)
    throw new Refusal(
      `${problems[0]?.message ?? 'it has no port'}: agree on another and set spec.source.validators.port`,
    )
  return { consumer, port, optedIn, problems }
}

/** Undefined where it is another's: until one is stated, it has none. */
function portOf(claim: Claim | undefined, stated: number | undefined): number | undefined {
  if (stated !== undefined) return claim && stated
  return claim && !claim.takenBy ? claim.ports.p2p : undefined
}
