// One request to the Kubernetes API with a JSON body and a JSON answer. KubeConfig (client-node) finds the server and
// signs the request; its typed clients are not used, since they bring the models of every API (20 MB resident).
import http, { type Agent, type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError, reasonIn } from './api-error.ts'
import { boundedText } from './bounded-text.ts'
import { connectTimeoutMs, limitConnect } from './connect-timeout.ts'

export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly body?: unknown
  /** application/json where it is not given. */
  readonly contentType?: string
  /** HTTP status codes that are an answer of their own: undefined. */
  readonly expected: readonly number[]
  readonly timeoutMs?: number
  /** How long the connection may take to come about; see connectTimeoutMs. */
  readonly connectMs?: number
  /** Of the answer: a longer one is an error. Without it there is no bound, as for the API server's own objects. */
  readonly maxBytes?: number
  /** Ends the request. */
  readonly signal?: AbortSignal
  /** See keepAliveAgent; without it each request opens a connection of its own. */
  readonly agent?: Agent | undefined
}

/** Longer than an API server under load takes to answer, short enough that a dead connection costs one look only. */
const requestTimeoutMs = 15_000

/**
 * The parsed answer, or undefined for an expected status code. Other statuses throw an ApiError that says in one line
 * what the API answered.
 */
export async function apiRequest(config: KubeConfig, call: ApiCall): Promise<unknown> {
  const {
    method,
    path,
    body,
    contentType,
    expected,
    timeoutMs = requestTimeoutMs,
    connectMs = connectTimeoutMs,
    maxBytes,
    agent,
  } = call
  const server = config.getCurrentCluster()?.server
  if (!server) throw new Error('The kubeconfig names no current cluster. Expected: a context with a cluster.')
  const url = new URL(server.replace(/(?<!\/)\/+$/, '') + path)
  const options: RequestOptions = { method }
  await config.applyToHTTPSOptions(options)
  const sent = body === undefined ? undefined : JSON.stringify(body)
  options.headers = {
    ...options.headers,
    accept: 'application/json',
    ...(sent === undefined
      ? {}
      : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(sent) }),
  }
  // Of the whole exchange: a server that sends one byte now and then is no better than one that is silent.
  const late = AbortSignal.timeout(timeoutMs)
  const signal = call.signal ? AbortSignal.any([late, call.signal]) : late
  const exchange = async (): Promise<[status: number, answer: string]> => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (url.protocol === 'http:' ? http : https).request(
        url,
        { ...options, ...(agent ? { agent } : {}), signal },
        resolve,
      )
      limitConnect(
        request,
        connectMs,
        () => new Error(`There is no connection to ${url.host} for ${method} ${path} within ${connectMs / 1000} s.`),
      )
      request.on('error', reject)
      request.end(sent)
    })
    return [response.statusCode ?? 0, await (maxBytes === undefined ? text(response) : boundedText(response, maxBytes))]
  }
  const [status, answer] = await exchange().catch((cause: unknown) => {
    if (!late.aborted) throw cause
    throw new Error(`The API server has not answered ${method} ${path} within ${timeoutMs / 1000} s.`, { cause })
  })
  if (status >= 200 && status < 300) return JSON.parse(answer)
  if (expected.includes(status)) return undefined
  throw new ApiError(`The API server answers ${status}: ${reasonIn(answer, 500) || 'no reason given'}`, status)
}

/**
 * Connections to the API server that are used again, for whoever asks often; undefined where the kubeconfig names a
 * proxy, which is reached through the kubeconfig's own agent only. What is verified does not change: CA and client
 * certificate are the request's, and part of what tells connections apart.
 */
export function keepAliveAgent(config: KubeConfig): Agent | undefined {
  const cluster = config.getCurrentCluster()
  if (!cluster || cluster.proxyUrl) return undefined
  return cluster.server.startsWith('http:') ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true })
}
