// Asks one CometBFT RPC endpoint: JSON-RPC over HTTP, with a time-out and a bound on what an answer may take. Every
// provider chain has this RPC (gRPC and the REST gateway are settings of the application, the latter off by default),
// and events come from the same address.
import { printable } from '../../../peers/peer-list-error.ts'
import type { Query } from './queries.ts'

export type RpcOptions = {
  /** For a whole answer. */
  readonly timeoutMs: number
  readonly maxBytes: number
  /** Bytes of all answers that are on their way; counted here. */
  readonly held: { bytes: number }
  readonly fetch: typeof fetch
}

/**
 * Two of the longest answers. Hundreds of queries go out at a time, and an endpoint that answers each at length must
 * not fill the memory.
 */
const maxHeld = (maxBytes: number) => 2 * maxBytes

export const rpcDefaults: Omit<RpcOptions, 'held'> = {
  timeoutMs: 4000,
  maxBytes: 16 * 1024 * 1024,
  fetch: globalThis.fetch,
}

export type ChainStatus = {
  readonly network: string
  readonly height: number
  /** Milliseconds since the epoch. */
  readonly blockTime: number
  readonly catchingUp: boolean
}

/** Rejects with an Error that says what was found. */
export async function readStatus(url: string, options: RpcOptions, signal: AbortSignal): Promise<ChainStatus> {
  const { node_info, sync_info } = (await call(url, 'status', {}, options, signal)) as StatusResult
  const height = Number(sync_info?.latest_block_height)
  const blockTime = Date.parse(String(sync_info?.latest_block_time))
  if (!Number.isSafeInteger(height) || height < 0 || Number.isNaN(blockTime))
    throw new Error('found a status without height and time')
  return { network: String(node_info?.network), height, blockTime, catchingUp: sync_info?.catching_up !== false }
}

/** One query of the application's state as of the last block. */
export async function ask<T>(url: string, query: Query<T>, options: RpcOptions, signal: AbortSignal): Promise<T> {
  const params = { path: query.path, data: query.request.toString('hex'), prove: false }
  const { response } = (await call(url, 'abci_query', params, options, signal)) as QueryResult
  const { code = 0, log = '', value } = response ?? {}
  if (code !== 0) throw new Error(`${query.path}: found code ${printable(String(code))}, ${printable(String(log))}`)
  if (value !== null && value !== undefined && typeof value !== 'string')
    throw new Error(`${query.path}: found no value`)
  try {
    return query.read(Buffer.from(value ?? '', 'base64'))
  } catch (error) {
    throw new Error(`${query.path}: found no answer of its kind: ${(error as Error).message}`)
  }
}

async function call(
  url: string,
  method: string,
  params: object,
  options: RpcOptions,
  signal: AbortSignal,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const own = { bytes: 0 }
  try {
    const response = await options.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout]),
    })
    const text = await readText(response, options, own)
    const { result, error } = parse(text, response.status)
    if (error) throw new Error(`found the error ${printable(String(error.data || error.message))}`)
    if (typeof result !== 'object' || result === null) throw new Error('found no result')
    return result
  } catch (error) {
    if (timeout.aborted && !signal.aborted)
      throw new Error(`${method}: found no answer within ${options.timeoutMs / 1000} s`)
    throw new Error(`${method}: ${reason(error)}`)
  } finally {
    options.held.bytes -= own.bytes
  }
}

/** CometBFT has status 500 for errors, with the same JSON. */
function parse(text: string, status: number): Answer {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Answer
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Error(`found status ${status} and ${text === '' ? 'nothing' : `"${printable(text)}"`}, expected JSON-RPC`)
}

async function readText(response: Response, { maxBytes, held }: RpcOptions, own: { bytes: number }): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body ?? []) {
    own.bytes += chunk.length
    held.bytes += chunk.length
    // Leaving the loop ends the connection.
    if (own.bytes > maxBytes) throw new Error(`found more than ${maxBytes} bytes`)
    if (held.bytes > maxHeld(maxBytes))
      throw new Error(`found more than ${maxHeld(maxBytes)} bytes in answers at one time`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** fetch says "fetch failed" and has the reason as its cause. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error))
  const cause = error.cause as { code?: string; message?: string } | undefined
  return cause?.code ?? cause?.message ?? error.message
}

type Answer = { readonly result?: unknown; readonly error?: { readonly message?: unknown; readonly data?: unknown } }
type StatusResult = {
  readonly node_info?: { readonly network?: unknown }
  readonly sync_info?: {
    readonly latest_block_height?: unknown
    readonly latest_block_time?: unknown
    readonly catching_up?: unknown
  }
}
type QueryResult = { readonly response?: { readonly code?: number; readonly log?: string; readonly value?: unknown } }
