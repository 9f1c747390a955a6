// Wires the webhook: cluster cache, certificate, decision, server.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import type { Certificates } from '../certs/certificates.ts'
import { startDirectory } from '../certs/directory.ts'
import { startKeeper } from '../certs/keeper.ts'
import { bundleStore, secretStore } from '../certs/kubernetes.ts'
import { apiReader } from '../kubernetes/api-client.ts'
import { apiRequest } from '../kubernetes/api-request.ts'
import { createEvents, type Events } from '../kubernetes/events.ts'
import { startClusterCache } from './cache/cluster-cache.ts'
import { canRestartAll } from './can-restart-all.ts'
import { decide } from './decide/decide.ts'
import { drain } from './drain.ts'
import { createMetrics } from './metrics.ts'
import type { WebhookOptions } from './options.ts'
import { buildServer } from './server.ts'

export type WebhookParts = {
  readonly log: Logger
  /** Aborts to drain and end. */
  readonly signal: AbortSignal
  /** Called once with the port, when the server listens. */
  readonly listening?: (port: number) => void
}

/**
 * Runs until `signal` aborts and the drain is over. Rejects where it cannot start: no kubeconfig, a broken certificate
 * directory, a port in use.
 */
export async function runWebhook(options: WebhookOptions, { log, signal, listening }: WebhookParts): Promise<void> {
  const config = loadConfig(options.kubeconfig)
  const events =
    options.pod &&
    createEvents({
      request: call => apiRequest(config, call),
      component: 'repeer-webhook',
      instance: options.pod.name,
      log,
    })
  const certificates = await startCertificates(options, config, log, signal, events)
  const cache = startClusterCache(config, { log })
  const ready = () => [
    ...(signal.aborted ? ['repeer is shutting down'] : []),
    ...(certificates.published() ? [] : ['the served certificate does not verify against the published CA yet']),
    ...cache.pending(),
  ]
  const metrics = createMetrics({
    certificateExpiry: () => new X509Certificate(certificates.current().cert).validToDate.getTime() / 1000,
    certificateFailures: certificates.failures,
    caBundleLosses: certificates.losses,
    ready: () => ready().length === 0,
    synced: cache.synced,
  })
  const app = buildServer({
    decide,
    settings: {
      image: options.image,
      turns: options.turns,
      canRestartAll: await restartsAll(options, config, log, signal),
    },
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
  certificates.onChange(({ key, cert }) => app.server.setSecureContext({ key, cert, minVersion: 'TLSv1.2' }))
  try {
    await app.listen({ port: options.listen.port, host: options.listen.host || everyAddress() })
    const { port } = app.server.address() as AddressInfo
    log.info({ port, image: options.image, turns: options.turns }, 'repeer webhook is serving')
    listening?.(port)
    if (!signal.aborted) await once(signal, 'abort')
    log.info({ drainSeconds: options.drainSeconds }, 'repeer webhook is draining')
    await drain(app, options.drainSeconds)
  } finally {
    await Promise.all([app.close(), certificates.close(), cache.close(), events?.close()])
  }
}

function startCertificates(
  options: WebhookOptions,
  config: KubeConfig,
  log: Logger,
  signal: AbortSignal,
  events: Events | undefined,
): Promise<Certificates> {
  const { pod, certDir, service, secretName, webhookConfiguration, certificateTimes } = options
  if (certDir !== undefined) return startDirectory({ path: certDir, service, log })
  const secrets = secretStore(config, service.namespace, secretName)
  const bundles = bundleStore(config, webhookConfiguration, log)
  const what = `the caBundle of MutatingWebhookConfiguration ${webhookConfiguration} was emptied or replaced`
  const lost = () => {
    // With the time each is an Event of its own: to count one up would take the permission to patch them all.
    const message = `${what} at ${new Date().toISOString()}, so that no API server could call the webhook; it is filled again`
    if (pod) events?.tell(pod, { type: 'Warning', reason: 'CABundleLost', message })
  }
  return startKeeper({ ...certificateTimes, secrets, bundles, service, log, signal, lost })
}

/** Asked once: after an upgrade of the cluster the webhook's pods are started anew sooner or later. */
async function restartsAll(
  { canRestartAll: asked }: WebhookOptions,
  config: KubeConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  if (asked !== 'auto') return asked
  try {
    return await canRestartAll(apiReader(config, { signal, idleSeconds: 10 }))
  } catch (err) {
    log.warn(
      { err },
      'the version of the API server is not known; no pod is given a rule that restarts all of its containers',
    )
    return false
  }
}

function loadConfig(file: string | undefined): KubeConfig {
  const config = new KubeConfig()
  if (file === undefined) config.loadFromCluster()
  else config.loadFromFile(file)
  return config
}

/** `::` takes IPv4 as well, but does not exist where IPv6 is switched off. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(interfaces => interfaces ?? [])
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0'
}
