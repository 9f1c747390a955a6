// The voting power of all validators of a CometBFT chain, so that the controller never takes a third of it away at
// once.
import { isRecord } from '../../../peers/is-record.ts'
import { getJson } from '../ask.ts'
import type { Interface } from '../chain.ts'

/** The sum, or undefined where it cannot be read. */
export type PowerCheck = () => Promise<number | undefined>

/** What the RPC gives on one page at most (CometBFT, rpc/core: maxPerPage). */
const perPage = 100
/** No chain has more validators than a few hundred; a hostile answer must not keep us asking. */
const mostPages = 20

/** Keeps an answer for `keepMs`: powers change with delegations, slowly, and the answer is long. */
export function createPowerCheck(at: Interface, keepMs = 300_000): PowerCheck {
  let known: { readonly askedAt: number; readonly power: number | undefined } | undefined
  return async () => {
    const askedAt = at.now()
    // A question that failed is asked again soon.
    const goodMs = known?.power === undefined ? keepMs / 10 : keepMs
    if (known && Math.abs(askedAt - known.askedAt) < goodMs) return known.power
    known = { askedAt, power: await totalPower(at).catch(() => undefined) }
    return known.power
  }
}

async function totalPower(at: Interface): Promise<number | undefined> {
  let sum = 0
  for (let page = 1, seen = 0; page <= mostPages; page++) {
    const { code, body } = await getJson(at, `/validators?page=${page}&per_page=${perPage}`)
    const answer = code === 200 ? readValidators(body) : undefined
    if (answer === undefined) return undefined
    sum += answer.power
    seen += answer.count
    if (answer.count === 0 || seen >= answer.total) return sum
  }
  return undefined
}

/** One page of the answer to /validators (CometBFT spec, rpc/#validators). Undefined where it is something else. */
export function readValidators(body: unknown): { power: number; count: number; total: number } | undefined {
  const result = isRecord(body) && isRecord(body.result) ? body.result : body
  if (!isRecord(result) || !Array.isArray(result.validators)) return undefined
  const powers = result.validators.map((validator: unknown) =>
    isRecord(validator) ? Number(validator.voting_power) : Number.NaN,
  )
  if (!powers.every(power => Number.isSafeInteger(power) && power >= 0)) return undefined
  return {
    power: powers.reduce((sum, power) => sum + power, 0),
    count: powers.length,
    total: Number(result.total) || powers.length,
  }
}
