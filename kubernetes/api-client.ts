// Reads from the Kubernetes API: a GET, whole or line by line. KubeConfig (client-node) finds the server and signs the
// request.
//
// client-node's own Watch and informer are not used: a Watch gives up after 30 s without an event and connects anew
// each time, an informer ends at the first error and keeps whole objects, and the typed clients bring the models of
// every API (tens of MB resident).

import http, { type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError, reasonIn } from './api-error.ts'
import { boundedText } from './bounded-text.ts'
import { connectTimeoutMs, limitConnect } from './connect-timeout.ts'

type Query = Readonly<Record<string, string | number | boolean | undefined>>

export type ApiReader = {
  /** The parsed JSON. Throws ApiError for a status other than 200, AnswerTooLong beyond the reader's `maxBytes`. */
  get(path: string, query?: Query): Promise<unknown>
  /**
   * Calls `onOpen` once the server has accepted the request, and `onLine` with each parsed line, until the server ends
   * the answer. Throws ApiError as get does, and where the connection breaks; and what `onLine` throws.
   */
  stream(path: string, query: Query, on: { open: () => void; line: (line: unknown) => void }): Promise<void>
}

export type ReaderOptions = {
  readonly signal: AbortSignal
  /** After which a connection without any byte counts as broken. */
  readonly idleSeconds: number
  /** How long the connection may take to come about; see connectTimeoutMs. */
  readonly connectMs?: number
  /** Of an answer of `get`. 16 MiB: a page of 250 pods of 50 KB each. */
  readonly maxBytes?: number
}

const longestAnswer = 16 * 1024 * 1024

export function apiReader(
  config: KubeConfig,
  { signal, idleSeconds, connectMs = connectTimeoutMs, maxBytes = longestAnswer }: ReaderOptions,
): ApiReader {
  async function open(path: string, query: Query): Promise<IncomingMessage> {
    const server = config.getCurrentCluster()?.server
    if (!server) throw new ApiError('the kubeconfig names no current cluster; expected a context with a cluster', 0)
    const url = new URL(server.replace(/(?<!\/)\/+$/, '') + path)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const options: RequestOptions = { method: 'GET' }
    await config.applyToHTTPSOptions(options)
    options.headers = { ...options.headers, accept: 'application/json' }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (url.protocol === 'http:' ? http : https).request(url, { ...options, signal }, resolve)
      // Finds out within a minute that the other end is gone, also where nothing is to be said for minutes.
      request.on('socket', socket => socket.setKeepAlive(true, 30_000))
      request.setTimeout(idleSeconds * 1000, () =>
        request.destroy(new ApiError(`GET ${path}: no answer for ${idleSeconds} s`, 0)),
      )
      limitConnect(
        request,
        connectMs,
        () => new ApiError(`GET ${path}: no connection to ${url.host} within ${connectMs / 1000} s`, 0),
      )
      request.on('error', reject)
      request.end()
    })
    if (response.statusCode === 200) return response
    const body = await text(response)
    throw new ApiError(
      `GET ${path}: found status ${response.statusCode}, expected 200: ${reasonIn(body, 200)}`,
      response.statusCode ?? 0,
    )
  }

  return {
    get: async (path, query = {}) => JSON.parse(await boundedText(await open(path, query), maxBytes)),
    stream: async (path, query, on) => {
      const response = await open(path, query)
      on.open()
      const lines = createInterface(response)
      let failure: Error | undefined
      response.on('error', error => {
        failure = error
      })
      // readline waits for an end that never comes where the connection breaks.
      response.on('close', () => lines.close())
      try {
        for await (const line of lines) if (line !== '') on.line(JSON.parse(line))
      } finally {
        response.destroy()
      }
      if (failure) throw failure
      if (!response.complete) throw new ApiError(`GET ${path}: the connection broke`, 0)
    },
  }
}
