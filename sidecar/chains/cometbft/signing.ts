// The height of the newest block that holds this validator's signature: after a restart the controller waits for one
// before the next node goes.
import { isRecord } from '../../../peers/is-record.ts'
import { getJson } from '../ask.ts'
import type { Interface } from '../chain.ts'

/** The newest height that the validator was seen to have signed; undefined where that cannot be read. */
export type SigningCheck = (address: string) => Promise<number | undefined>

/** BLOCK_ID_FLAG_ABSENT (CometBFT spec, core/data_structures: BlockIDFlag): no vote of this validator was seen. */
const absent = 1

/** Remembers the newest one, since a block may be made without it now and then. */
export function createSigningCheck(at: Interface): SigningCheck {
  let newest: { readonly address: string; readonly height: number } | undefined
  return async address => {
    const answer = await getJson(at, '/commit').catch(() => undefined)
    const commit = answer?.code === 200 ? readCommit(answer.body, address) : undefined
    if (newest?.address !== address || (commit && commit.height < newest.height)) newest = undefined
    if (commit?.signed) newest = { address, height: commit.height }
    // It was asked, and has signed nothing that was seen.
    return newest?.height ?? (commit ? 0 : undefined)
  }
}

/** The answer to /commit (CometBFT spec, rpc/#commit): of the newest block. Undefined where it is something else. */
export function readCommit(body: unknown, address: string): { height: number; signed: boolean } | undefined {
  const result = isRecord(body) && isRecord(body.result) ? body.result : body
  const header = isRecord(result) && isRecord(result.signed_header) ? result.signed_header : undefined
  const commit = header && isRecord(header.commit) ? header.commit : undefined
  const height = Number(commit?.height)
  if (!commit || !Number.isSafeInteger(height) || !Array.isArray(commit.signatures)) return undefined
  const signed = commit.signatures.some(
    (vote: unknown) =>
      isRecord(vote) && vote.validator_address === address && vote.block_id_flag !== absent && vote.signature !== null,
  )
  return { height, signed }
}
