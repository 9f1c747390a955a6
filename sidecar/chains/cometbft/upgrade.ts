// Whether a software upgrade is pending on a Cosmos chain: its nodes stop at the upgrade's height, and a restart before
// it would be in its way.
import { isRecord } from '../../../peers/is-record.ts'
import { getJson } from '../ask.ts'
import type { Interface } from '../chain.ts'

/** Rejects where the node does not answer: then that is unknown. */
export type UpgradeCheck = () => Promise<boolean>

/** The path of the gRPC query that Cosmos SDK programs answer through abci_query: x/upgrade's Query service. */
const upgradePath = '/cosmos.upgrade.v1beta1.Query/CurrentPlan'

/**
 * Keeps an answer for `keepMs`: an upgrade is announced hours before its height, and the question makes the node's
 * application work.
 */
export function createUpgradeCheck(at: Interface, keepMs = 60_000): UpgradeCheck {
  let known: { readonly askedAt: number; readonly pending: boolean } | undefined
  return async () => {
    const askedAt = at.now()
    if (known && Math.abs(askedAt - known.askedAt) < keepMs) return known.pending
    known = { askedAt, pending: await isUpgradePending(at) }
    return known.pending
  }
}

/**
 * Whether the answer to abci_query holds a QueryCurrentPlanResponse with a plan: `message { Plan plan = 1 }` with a
 * plan that is not empty. An application without the module answers with a code other than 0, or with another message.
 */
export function readUpgradePending(result: unknown): boolean {
  const response = isRecord(result) && isRecord(result.response) ? result.response : {}
  if ((response.code ?? 0) !== 0 || typeof response.value !== 'string') return false
  const bytes = Buffer.from(response.value, 'base64')
  const [tag = 0, ...rest] = bytes
  if (tag !== 0x0a) return false
  const { value: length, size } = varint(rest)
  return length > 0 && bytes.length >= 1 + size + length
}

async function isUpgradePending(at: Interface): Promise<boolean> {
  const answer = await getJson(at, `/abci_query?path=%22${encodeURIComponent(upgradePath)}%22`)
  // A JSON-RPC error is an answer: the application does not know the question.
  return isRecord(answer.body) && readUpgradePending(answer.body.result ?? answer.body)
}

function varint(bytes: readonly number[]): { value: number; size: number } {
  const end = bytes.findIndex(byte => byte < 0x80)
  // A plan is far below 2^28 bytes; anything longer is another message.
  if (end === -1 || end > 3) return { value: 0, size: 0 }
  const value = bytes.slice(0, end + 1).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0)
  return { value, size: end + 1 }
}
