// The sidecar's one way out: a read-only HTTP page. Plain node:http, since fastify alone would cost a third of the
// memory that the sidecar may use.
import type { Server, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { Page } from '../peers/page.ts'

// Not imported: see http/exchange.ts.
const { createServer } = process.getBuiltinModule('node:http')

export type ServerParts = {
  readonly page: () => Page | null
  /** What is wrong with the sidecar itself, or null. */
  readonly unwell: () => string | null
  readonly registry: Registry
  /** Told who reads the page, by the User-Agent header. */
  readonly readBy?: (agent: string | undefined) => void
}

/** GET /status, /healthz, /metrics; built apart from listening. */
export function buildServer({ page, unwell, registry, readBy }: ServerParts): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 }, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, { error: `found ${request.method}, expected GET` })
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    switch (path) {
      case '/status': {
        readBy?.(request.headers['user-agent'])
        const current = page()
        return current
          ? send(response, 200, current)
          : send(response, 503, { phase: 'starting', sentence: 'the first comparison is not finished' })
      }
      case '/healthz': {
        const reason = unwell()
        return send(response, reason ? 503 : 200, reason ? { ok: false, reason } : { ok: true })
      }
      case '/metrics':
        registry
          .metrics()
          .then(text => response.writeHead(200, { 'content-type': registry.contentType }).end(text))
          .catch(() => send(response, 500, { error: 'the metrics cannot be written' }))
        return
      default:
        return send(response, 404, { error: `found ${path.slice(0, 80)}, expected /status, /healthz or /metrics` })
    }
  })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
