// Wires the webhook: cluster cache, certificate, decision, server.
import type { Logger } from 'pino'
import { expiryOf } from '../certs/pem.ts'
import { loadConfig } from '../kubernetes/load-config.ts'
import { createDecideThread } from './apart/decide-thread.ts'
import { createDeciding } from './apart/deciding.ts'
import { startClusterCache } from './cache/cluster-cache.ts'
import { canRestartAll } from './can-restart-all.ts'
import { startCertificates } from './certificates.ts'
import { decideLightly } from './decide/decide.ts'
import { createMetrics } from './metrics.ts'
import type { WebhookOptions } from './options.ts'
import { type ServeParts, serve } from './serve.ts'
import { buildServer, useCertificate } from './server.ts'

/**
 * Runs until `signal` aborts and the drain is over. Rejects where it cannot start: no kubeconfig, a broken certificate
 * directory, a port in use.
 */
export async function runWebhook(options: WebhookOptions, parts: ServeParts & { readonly log: Logger }): Promise<void> {
  const { log, signal } = parts
  const { image, turns } = options
  const config = loadConfig(options.kubeconfig)
  const certificates = await startCertificates(options, config, log, signal)
  const cache = startClusterCache(config, { log })
  const ready = () => [
    ...(signal.aborted ? ['repeer is shutting down'] : []),
    ...(certificates.published() ? [] : ['the served certificate does not verify against the published CA yet']),
    ...cache.pending(),
  ]
  const metrics = createMetrics({
    certificateExpiry: () => expiryOf(certificates.current().cert),
    certificateFailures: certificates.failures,
    caBundleLosses: certificates.losses,
    ready: () => ready().length === 0,
    synced: cache.synced,
  })
  const thread = createDecideThread()
  const app = buildServer({
    decide: createDeciding({
      lightly: decideLightly,
      apart: thread.decide,
      decidedApart: metrics.decidedApart,
      now: () => performance.now(),
      log,
    }),
    settings: { image, turns, canRestartAll: await canRestartAll(options.canRestartAll, config, log, signal) },
    namespace: cache.namespace,
    configMap: cache.configMap,
    peerSets: cache.peerSets,
    log,
    metrics,
    ready,
    degraded: cache.behind,
    draining: () => signal.aborted,
    tls: certificates.current(),
  })
  certificates.onChange(certificate => useCertificate(app, certificate))
  try {
    await serve(app, options, parts)
  } finally {
    await Promise.all([app.close(), certificates.close(), cache.close(), thread.close()])
  }
}
