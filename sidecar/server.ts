// The sidecar's one way out: a read-only HTTP page.
import type { Server } from 'node:http'
import type { Registry } from 'prom-client'
import { pageServer } from '../http/page-server.ts'
import type { Page } from '../peers/page.ts'

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
  return pageServer((path, request) => {
    switch (path) {
      case '/status': {
        readBy?.(request.headers['user-agent'])
        const current = page()
        return current
          ? { status: 200, json: current }
          : { status: 503, json: { phase: 'starting', sentence: 'the first comparison is not finished' } }
      }
      case '/healthz': {
        const reason = unwell()
        return reason ? { status: 503, json: { ok: false, reason } } : { status: 200, json: { ok: true } }
      }
      case '/metrics':
        return registry.metrics().then(text => ({ status: 200, type: registry.contentType, text }))
      default:
        return undefined
    }
  }, '/status, /healthz or /metrics')
}
