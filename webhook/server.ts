// The webhook's HTTPS server, apart from listening: tests inject requests into it.

import type { Server } from 'node:https'
import fastify, { type FastifyInstance } from 'fastify'
import { MalformedReview, parseReview } from './admission.ts'
import { type AnswerParts, answer } from './answer.ts'
import type { WebhookMetrics } from './metrics.ts'

export type ServerParts = AnswerParts & {
  readonly metrics: WebhookMetrics
  /** What is missing until repeer is ready, a sentence each; empty when ready. */
  readonly ready: () => readonly string[]
  /** What does not work, but is no reason to be taken out of service: shown by /readyz. */
  readonly degraded?: () => readonly string[]
  /** While true, every answer asks its client to connect anew, so that clients move to other replicas. */
  readonly draining?: () => boolean
  /** PEM. Without it the server speaks plain HTTP (tests). */
  readonly tls?: { readonly key: string; readonly cert: string }
}

export type WebhookServer = FastifyInstance<Server>

/**
 * Bytes. An API server accepts objects of up to 3 MiB (apiserver: MaxRequestBodyBytes) and stores up to 1.5 MiB (etcd),
 * so that a review, which holds the object once, stays below this; more than that is nothing to be kept in memory.
 */
const bodyLimit = 3 * 1024 * 1024
/** An API server waits for at most 30 s (timeoutSeconds); whoever sends slower than that is none. */
const requestTimeoutMs = 30_000
/**
 * Longer than the 90 s after which Go's clients close an idle connection: the client closes first, and no request meets
 * a closing one.
 */
const keepAliveTimeoutMs = 120_000

/** Older versions are no longer secure (RFC 8996); API servers have offered newer ones since long before 1.30. */
const minVersion = 'TLSv1.2'

/** Routes: POST /mutate, GET /healthz, /readyz, /metrics. */
export function buildServer(parts: ServerParts): WebhookServer {
  const { metrics } = parts
  const app: WebhookServer = fastify<Server>({
    https: parts.tls ? { ...parts.tls, minVersion } : null,
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // A review that arrives while the server closes is answered all the same.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A volume's attribute may be called `__proto__`, a ConfigMap's key `constructor`: fastify would answer 400, and
    // under fail-closed the pod would be refused. Here they are keys as any other, and nobody reads what is inherited.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  })
  // Only JSON is understood; fastify would take plain text as well.
  app.removeContentTypeParser('text/plain')

  app.addHook('onSend', async (_request, reply) => {
    if (parts.draining?.()) reply.header('connection', 'close')
  })

  app.post('/mutate', (request, reply) => {
    const start = performance.now()
    const answered = answer(parseReview(request.body), parts)
    metrics.admitted(answered.outcome, answered.reason, (performance.now() - start) / 1000)
    reply.send(answered.answer)
  })

  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))

  app.get('/readyz', (_request, reply) => {
    const missing = parts.ready()
    const degraded = parts.degraded?.() ?? []
    reply.code(missing.length === 0 ? 200 : 503).send({ ready: missing.length === 0, missing, degraded })
  })

  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )

  app.setNotFoundHandler((request, reply) => {
    metrics.refused(404)
    const message = `found ${request.method} ${request.url}, expected POST /mutate, or GET /healthz, /readyz or /metrics`
    reply.code(404).send({ error: 'not-found', message })
  })

  app.setErrorHandler((error, _request, reply) => {
    const { status, message } = refusal(error)
    metrics.refused(status)
    if (status >= 500) parts.log.error({ err: error }, 'a request failed')
    // Whoever has asked is told what it was; the log is read by others.
    else parts.log.debug({ status }, 'a request was refused')
    reply.code(status).send({ error: errorCodes[status] ?? 'bad-request', message })
  })
  return app
}

/** New connections get this certificate; those that are open go on, and the listening socket is never closed. */
export function useCertificate(app: WebhookServer, { key, cert }: NonNullable<ServerParts['tls']>): void {
  app.server.setSecureContext({ key, cert, minVersion })
}

const errorCodes: Readonly<Record<number, string>> = {
  400: 'bad-request',
  413: 'too-large',
  415: 'unsupported-media-type',
  500: 'internal-error',
}

/** The status code and one sentence; never a stack. */
function refusal(error: unknown): { status: number; message: string } {
  if (error instanceof MalformedReview) return { status: 400, message: error.message }
  const { statusCode = 500, message = '' } = error as { statusCode?: number; message?: string }
  if (statusCode === 413)
    return { status: 413, message: `found a body of more than ${bodyLimit} bytes, expected an AdmissionReview` }
  if (statusCode === 415) return { status: 415, message: 'expected Content-Type: application/json' }
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, message: `expected an AdmissionReview as JSON: ${message}` }
  return { status: 500, message: "repeer failed; see the webhook's log" }
}
