// What a PeerSet says under spec.source.validators. Pure.
import { type FieldProblem, Fields } from '../../../peers/fields.ts'
import { readBech32 } from './bech32.ts'
import { defaultPrefix } from './node-id.ts'
import { defaultPortFormula, type PortFormula, portFormulas } from './ports.ts'
import { type ProbeKind, probeKinds } from './probe.ts'

export type ValidatorsSpec = {
  /** CometBFT RPC addresses of nodes of the provider chain, in the order of preference. */
  readonly endpoints: readonly string[]
  /** The provider's chain ID: an endpoint of another chain is not believed. Undefined: not checked. */
  readonly chainId: string | undefined
  /** This operator's validator: cosmosvaloper1.... Only consumers that it validates are touched. */
  readonly operator: string
  /**
   * A consumer ID (a number), or the chain ID of a consumer; undefined: all that have been launched and that the
   * operator validates.
   */
  readonly consumer: string | undefined
  readonly portFormula: PortFormula
  /** Instead of the port that follows from the chain ID. */
  readonly port: number | undefined
  /** The prefix of computed node IDs; undefined: none are computed. */
  readonly computedIds: string | undefined
  readonly unbonded: boolean
  readonly probe: ProbeKind
}

const maxEndpoints = 10

/** Throws an Error that says what is wrong. */
export function readValidatorsSpec(value: unknown): ValidatorsSpec {
  const problems: FieldProblem[] = []
  const fields = new Fields(value, 'spec.source.validators', problems)
  const isUrls = (found: unknown): found is string[] =>
    Array.isArray(found) && found.length > 0 && found.length <= maxEndpoints && found.every(isRpcUrl)
  const spec: ValidatorsSpec = {
    endpoints: fields.value('endpoints', `1 to ${maxEndpoints} addresses such as http://provider:26657`, isUrls) ?? [],
    chainId: fields.matching('chainId', /^[\x21-\x7e]{1,128}$/, 'the chain ID of the provider', 'optional'),
    operator:
      fields.value('operator', 'the operator address of a validator, such as cosmosvaloper1...', isOperator) ?? '',
    consumer: readConsumer(fields),
    portFormula: fields.has('portFormula')
      ? (fields.oneOf('portFormula', portFormulas) ?? defaultPortFormula)
      : defaultPortFormula,
    port: fields.number('port', 1, 65_535, 'integer', 'optional'),
    computedIds: readComputedIds(fields),
    unbonded: fields.get('unbonded') === true,
    probe: fields.get('probe') === undefined ? 'cometbft' : (fields.oneOf('probe', probeKinds) ?? 'cometbft'),
  }
  if (spec.consumer === undefined && spec.port !== undefined)
    fields.problem('port', String(spec.port), 'none with consumers: each has a port of its own')
  fields.rejectUnknown()
  if (problems.length > 0)
    throw new Error(
      problems.map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`).join('; '),
    )
  return { ...spec, endpoints: [...new Set(spec.endpoints.map(url => url.replace(/(?<!\/)\/+$/, '')))] }
}

/** `consumer` or `consumers: all`. */
function readConsumer(fields: Fields): string | undefined {
  if (!fields.has('consumers'))
    return (
      fields.matching(
        'consumer',
        /^[\x21-\x7e]{1,128}$/,
        'a consumer ID or the chain ID of a consumer, or consumers: all',
      ) ?? ''
    )
  fields.oneOf('consumers', ['all'])
  return fields.get('consumer') === undefined
    ? undefined
    : fields.problem('consumer', 'consumer and consumers', 'one of them')
}

/** `computeNodeIds: {}`, or with another prefix. */
function readComputedIds(fields: Fields): string | undefined {
  if (fields.get('computeNodeIds') === undefined) return undefined
  const compute = fields.object('computeNodeIds')
  return (
    compute.matching('prefix', /^[\x20-\x7e]{0,64}$/, 'at most 64 printable characters', 'optional') ?? defaultPrefix
  )
}

function isRpcUrl(text: unknown): boolean {
  if (typeof text !== 'string' || text.length > 2048) return false
  const url = URL.parse(text)
  // fetch refuses names and passwords in an address.
  return (
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    !url.search &&
    !url.hash
  )
}

function isOperator(text: unknown): text is string {
  return typeof text === 'string' && readBech32(text)?.prefix.endsWith('valoper') === true
}
