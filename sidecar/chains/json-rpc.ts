// One call of JSON-RPC 2.0 over HTTP, as every node but stellar-core takes it. What answers is checked like a stranger.
import { isRecord } from '../../peers/is-record.ts'
import { baseUrl, sentence, short } from './ask.ts'
import type { Interface } from './chain.ts'

export type Reply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly why: Why; readonly detail: string }

export type Why =
  /** The node does not have the method, or not for us, and will not while it runs. */
  | 'refused'
  /** Nobody listens at the port. */
  | 'absent'
  /** No answer that could be used. */
  | 'silent'
  /** The node's own, about this call. */
  | 'error'

/**
 * Method not found (JSON-RPC 2.0; Substrate's answer to an unsafe call from outside, too), method not enabled (besu),
 * unauthorized (besu), and Substrate's former code for the same.
 */
const refusing = new Set([-32601, -32604, -40100, 4003])

/** nethermind answers -32600 for a module that is not enabled, and for one that needs a token. */
const refusingWords = /module is disabled|is disabled for|should be authenticated|unsafe to be called/i

/** Calls `method`; never rejects. A detail names the URL and the method, and says what was found. */
export async function call(at: Interface, method: string, params: unknown): Promise<Reply> {
  const url = baseUrl(at)
  try {
    const { code, text } = await at.exchange(url, {
      timeoutMs: at.timeoutMs,
      post: { jsonrpc: '2.0', id: 1, method, params },
    })
    return readReply(`${url} ${method}`, code, text)
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
    return { ok: false, why: isAbsent ? 'absent' : 'silent', detail: `${method}: ${sentence(error)}` }
  }
}

/** `what`: the URL and the method, for the detail. */
export function readReply(what: string, code: number, text: string): Reply {
  const failed = (why: Why, found: string): Reply => ({ ok: false, why, detail: `${what}: ${found}` })
  const forbidden = code === 401 || code === 403
  const body = parsed(text)
  if (!isRecord(body) || !('result' in body || 'error' in body)) {
    // No authority, no such path, no POST: not what a node that takes JSON-RPC would say.
    const refused = forbidden || code === 404 || code === 405
    return failed(
      refused ? 'refused' : 'silent',
      `HTTP status ${code} and ${short(text)}, expected an answer of JSON-RPC`,
    )
  }
  if (body.error === undefined || body.error === null) return { ok: true, result: body.result }
  const error = isRecord(body.error) ? body.error : {}
  const refused =
    forbidden ||
    refusing.has(Number(error.code)) ||
    (typeof error.message === 'string' && refusingWords.test(error.message))
  // CometBFT's message is the class of the error, and its data says what it is.
  return failed(
    refused ? 'refused' : 'error',
    `answered with an error: ${short(error.data || error.message || body.error)}`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
