// A read-only HTTP server: pages by path, asked for by GET, within bounds. Plain node:http, since fastify alone would
// cost a third of the memory that a sidecar may use.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { boundConnections } from './bound-connections.ts'
import type { Limits } from './bounds.ts'

// Not imported: see exchange.ts.
const { createServer } = process.getBuiltinModule('node:http')

/**
 * `json` is written as JSON; `text` as it is, with its type; `stream` is handed the response when its head is written,
 * and has to end it within the time that an answer may take. `headers` beside content-type.
 */
export type PageAnswer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly json: unknown }
  | { readonly type: string; readonly text: string }
  | { readonly type: string; readonly stream: (response: ServerResponse) => void }
)

/** Undefined where there is no such page; a rejection is an answer of 500 that does not quote it. */
type Pages = (path: string, request: IncomingMessage) => PageAnswer | undefined | Promise<PageAnswer>

/**
 * What clients may take: the kubelet, Prometheus, two controllers and a person ask, each by a connection or two, and
 * so may everybody who reaches the pod. A sidecar has 64 MiB for its heap; a page is at most 1 MiB to whoever reads it,
 * the metrics of 3,000 pods some 2 MB.
 */
export const pageLimits: Limits = {
  connections: 64,
  connectionsOfAddress: 16,
  bytes: 16 * 1024 * 1024,
  bytesOfAddress: 8 * 1024 * 1024,
  phaseMs: {
    // There is no TLS; a request is a line and a few headers.
    opening: 5_000,
    asking: 5_000,
    answering: 10_000,
    // Prometheus keeps its connection from one scrape to the next, mostly 15 to 60 s.
    idle: 75_000,
  },
  patienceMs: 1_000,
}

/** Bytes. A scrape's headers are some 500; those of a request through the API server some 1,500. */
const maxHeaderSize = 8192

/** @param expected the paths in words, for whoever asks for another */
export function pageServer(pages: Pages, expected: string, limits = pageLimits): Server {
  const server = createServer(
    // The bounds see to the times.
    { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: limits.phaseMs.idle, maxHeaderSize },
    (request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return send(request, response, { status: 405, json: { error: `found ${request.method}, expected GET` } })
      const [path = '/'] = (request.url ?? '/').split('?', 1)
      const missing = { status: 404, json: { error: `found ${path.slice(0, 80)}, expected ${expected}` } }
      const answer = pages(path, request) ?? missing
      if (!(answer instanceof Promise)) return send(request, response, answer)
      answer
        .catch(() => ({ status: 500, json: { error: 'the page cannot be written' } }))
        .then(written => send(request, response, written))
    },
  )
  const { hold } = boundConnections(server, { limits })

  function send({ socket, method }: IncomingMessage, response: ServerResponse, answer: PageAnswer): void {
    if ('stream' in answer) {
      response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers })
      if (method === 'HEAD') response.end()
      else answer.stream(response)
      return
    }
    const [type, text] =
      'json' in answer ? ['application/json', `${JSON.stringify(answer.json)}\n`] : [answer.type, answer.text]
    // An answer that its client does not read is held.
    if (hold(socket, text.length))
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers }).end(text)
  }
  return server
}
