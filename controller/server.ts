// The controller's HTTP server, apart from listening: metrics, health, and the page to look at. It changes nothing.
import type { Server } from 'node:http'
import type { Registry } from 'prom-client'
import { pageServer } from '../http/page-server.ts'
import type { Web } from './web/web.ts'

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
  /** Absent: no page to look at. */
  readonly web?: Pick<Web, 'answer'>
  /** 5 minutes. */
  readonly unwellAfterSeconds?: number
}

/** Longer than a watch that is in order can be silent, and than an API server takes to be upgraded. */
const unwellAfter = 300

/** Routes: GET /metrics, /healthz (503: start the process anew), /readyz; and those of web/web.ts. */
export function buildServer({
  registry,
  watchAge,
  missing,
  degraded = () => [],
  web,
  unwellAfterSeconds = unwellAfter,
}: ServerParts): Server {
  return pageServer((path, request) => {
    switch (path) {
      case '/healthz': {
        const age = watchAge() ?? 0
        if (age <= unwellAfterSeconds) return { status: 200, json: { ok: true } }
        const reason = `the last contact of a watch with the API server was ${Math.round(age)} s ago`
        return { status: 503, json: { ok: false, reason } }
      }
      case '/readyz': {
        const sentences = missing()
        const ready = sentences.length === 0
        return { status: ready ? 200 : 503, json: { ready, missing: sentences, degraded: degraded() } }
      }
      case '/metrics':
        return registry.metrics().then(
          text => ({ status: 200, type: registry.contentType, text }),
          (error: unknown) => ({ status: 500, json: { error: `the metrics cannot be written: ${error}` } }),
        )
      default:
        return web?.answer(path, request)
    }
  }, '/metrics, /healthz or /readyz')
}
