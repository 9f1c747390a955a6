// The controller's HTTP server, apart from listening: metrics and health. It changes nothing and shows no peer.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export type ServerParts = {
  readonly registry: Registry
  /** Seconds since the watches were last in contact with the API server; undefined where nothing is watched. */
  readonly watchAge: () => number | undefined
  /** What is missing until the controller is ready, a sentence each; empty when ready. */
  readonly missing: () => readonly string[]
  /**
   * What cannot be followed at the moment; shown, and no reason to be taken for unready: waiting, or another replica,
   * does not help.
   */
  readonly degraded?: () => readonly string[]
  /** 5 minutes. */
  readonly unwellAfterSeconds?: number
}

/** Longer than a watch that is in order can be silent, and than an API server takes to be upgraded. */
const unwellAfter = 300

/** Routes: GET /metrics, /healthz (503: start the process anew), /readyz. */
export function buildServer({
  registry,
  watchAge,
  missing,
  degraded = () => [],
  unwellAfterSeconds = unwellAfter,
}: ServerParts): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 }, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, 405, { error: `found ${request.method}, expected GET` })
    }
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    switch (path) {
      case '/healthz': {
        const age = watchAge() ?? 0
        if (age <= unwellAfterSeconds) return send(response, 200, { ok: true })
        return send(response, 503, {
          ok: false,
          reason: `the last contact of a watch with the API server was ${Math.round(age)} s ago`,
        })
      }
      case '/readyz': {
        const sentences = missing()
        return send(response, sentences.length === 0 ? 200 : 503, {
          ready: sentences.length === 0,
          missing: sentences,
          degraded: degraded(),
        })
      }
      case '/metrics':
        registry
          .metrics()
          .then(text => response.writeHead(200, { 'content-type': registry.contentType }).end(text))
          .catch((error: unknown) => send(response, 500, { error: `the metrics cannot be written: ${error}` }))
        return
      default:
        return send(response, 404, { error: `found ${path.slice(0, 80)}, expected /metrics, /healthz or /readyz` })
    }
  })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
