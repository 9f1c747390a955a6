// The webhook's HTTPS server, apart from listening: tests inject requests into it.

import type { Server } from 'node:https'
import fastify, { type FastifyInstance } from 'fastify'
import { boundConnections, type ConnectionBounds } from '../http/bound-connections.ts'
import type { Limits } from '../http/bounds.ts'
import { MalformedReview, parseReview } from './admission.ts'
import { type AnswerParts, answerSoon } from './answer.ts'
import type { Deciding } from './apart/deciding.ts'
import { errorCodes } from './error-codes.ts'
import type { WebhookMetrics } from './metrics.ts'
import { readBody } from './read-body.ts'

export type ServerParts = Omit<AnswerParts, 'decide'> & {
  readonly decide: Deciding
  readonly metrics: WebhookMetrics
  /** What is missing until repeer is ready, a sentence each; empty when ready. */
  readonly ready: () => readonly string[]
  /** What does not work, but is no reason to be taken out of service: shown by /readyz. */
  readonly degraded?: () => readonly string[]
  /** While true, every answer asks its client to connect anew, so that clients move to other replicas. */
  readonly draining?: () => boolean
  /** PEM. Without it the server speaks plain HTTP (tests). */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Those of an installation where they are not given. */
  readonly limits?: Limits
}

export type WebhookServer = FastifyInstance<Server>

/**
 * Bytes. An API server accepts objects of up to 3 MiB (apiserver: MaxRequestBodyBytes) and stores up to 1.5 MiB (etcd),
 * so that a review, which holds the object once, stays below this; more than that is nothing to be kept in memory.
 */
const bodyLimit = 3 * 1024 * 1024
/**
 * Bytes. An API server sends some 300 of its own, and what a tracing proxy adds; Node's default.
 */
const maxHeaderSize = 16 * 1024

/**
 * What clients may take in all, and one address of it. An API server speaks HTTP/1.1 (apiserver: util/webhook/client.go
 * says so), a connection for each request at the same time, and keeps 25 of them (client-go: transport/cache.go). It
 * works on at most 200 requests that change something at the same time by default (--max-mutating-requests-inflight),
 * and behind konnectivity several share an address. A connection with TLS takes some 60 KB (seen with Node 24): all of
 * them 31 MiB of the 384 MiB that an installation has.
 */
export const webhookLimits: Limits = {
  connections: 512,
  connectionsOfAddress: 256,
  // Four of the largest reviews of an address at the same time, eight in all.
  bytes: 8 * bodyLimit,
  bytesOfAddress: 4 * bodyLimit,
  phaseMs: {
    // An API server gives up on the admission after 5 s (timeoutSeconds), or after 30 s at most; a proof of life for a
    // client that is slow, since 10 s are 300 KB/s for the largest review.
    opening: 5_000,
    asking: 10_000,
    answering: 10_000,
    // Longer than the 90 s after which Go's clients close an idle connection: the client closes first, and no request
    // meets a closing one.
    idle: 120_000,
  },
  patienceMs: 1_000,
}

/** Older versions are no longer secure (RFC 8996); API servers have offered newer ones since long before 1.30. */
const minVersion = 'TLSv1.2'

/** Routes: POST /mutate, GET /healthz, /readyz, /metrics. */
export function buildServer(parts: ServerParts): WebhookServer {
  const { metrics, limits = webhookLimits } = parts
  const app: WebhookServer = fastify<Server>({
    https: parts.tls ? { ...parts.tls, minVersion, maxHeaderSize, headersTimeout: 0 } : null,
    bodyLimit,
    // The bounds see to it: see boundConnections.
    requestTimeout: 0,
    keepAliveTimeout: limits.phaseMs.idle,
    // A review that arrives while the server closes is answered all the same.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A volume's attribute may be called `__proto__`, a ConfigMap's key `constructor`: fastify would answer 400, and
    // under fail-closed the pod would be refused. Here they are keys as any other, and nobody reads what is inherited.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  })
  const bounds = boundConnections(app.server, { limits, closed: metrics.connectionClosed })
  metrics.showConnections(bounds.counts)
  understandJson(app, bounds)

  app.addHook('onSend', async (request, reply, payload) => {
    if (parts.draining?.()) reply.header('connection', 'close')
    // An answer that its client does not read is held, too.
    if (typeof payload === 'string') bounds.hold(request.raw.socket, payload.length)
  })

  app.post('/mutate', async (request, reply) => {
    const start = performance.now()
    const { socket } = request.raw
    const bytes = Number(request.headers['content-length'] ?? bodyLimit)
    const isAwaited = () => !socket.destroyed
    const answered = await answerSoon(parseReview(request.body), parts, input =>
      parts.decide(input, { bytes, isAwaited }),
    )
    metrics.admitted(answered.outcome, answered.reason, (performance.now() - start) / 1000)
    return reply.send(answered.answer)
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
    reply.code(404).send({ error: errorCodes[404], message })
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

/** Only JSON is understood; fastify would take plain text as well, and a body of any pieces. */
function understandJson(app: WebhookServer, { hold }: ConnectionBounds): void {
  app.removeAllContentTypeParsers()
  const { onProtoPoisoning = 'error', onConstructorPoisoning = 'ignore' } = app.initialConfig
  const parse = app.getDefaultJsonParser(onProtoPoisoning, onConstructorPoisoning)
  app.addContentTypeParser('application/json', (request, body, done) => {
    const declared = request.headers['content-length']
    readBody(body, declared === undefined ? undefined : Number(declared), {
      most: bodyLimit,
      hold: bytes => hold(request.raw.socket, bytes),
    }).then(text => parse(request, text, done), done)
  })
}

/** New connections get this certificate; those that are open go on, and the listening socket is never closed. */
export function useCertificate(app: WebhookServer, { key, cert }: NonNullable<ServerParts['tls']>): void {
  app.server.setSecureContext({ key, cert, minVersion })
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
