// Where the webhook's certificate comes from: a directory that somebody else fills, or its own keeper.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import type { Certificates } from '../certs/certificates.ts'
import { startDirectory } from '../certs/directory.ts'
import { startKeeper } from '../certs/keeper.ts'
import { bundleStore, secretStore } from '../certs/kubernetes.ts'
import { apiRequest } from '../kubernetes/api-request.ts'
import { createEvents } from '../kubernetes/events.ts'
import { webhook } from '../peers/installed.ts'
import type { WebhookOptions } from './options.ts'

/** Who tells the Events, as `kubectl describe` shows it. */
const eventComponent = webhook.name

/**
 * Resolves when there is a certificate to serve. Rejects for a directory that holds none, and where `signal` aborts
 * before the keeper has one. That a caBundle was emptied is told by an Event on the webhook's own pod, too.
 */
export async function startCertificates(
  options: WebhookOptions,
  config: KubeConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Certificates> {
  const { pod, certDir, service, secretName, webhookConfiguration, certificateTimes } = options
  if (certDir !== undefined) return startDirectory({ path: certDir, service, log })
  const request = (call: Parameters<typeof apiRequest>[1]) => apiRequest(config, call)
  const events = pod && createEvents({ request, component: eventComponent, instance: pod.name, log })
  const secrets = secretStore(config, service.namespace, secretName)
  const bundles = bundleStore(config, webhookConfiguration, log)
  const what = `the caBundle of MutatingWebhookConfiguration ${webhookConfiguration} was emptied or replaced`
  const lost = () => {
    // With the time each is an Event of its own: to count one up would take the permission to patch them all.
    const message = `${what} at ${new Date().toISOString()}, so that no API server could call the webhook; it is filled again`
    if (pod) events?.tell(pod, { type: 'Warning', reason: 'CABundleLost', message })
  }
  const keeper = await startKeeper({ ...certificateTimes, secrets, bundles, service, log, signal, lost })
  return {
    ...keeper,
    close: async () => {
      await keeper.close()
      await events?.close()
    },
  }
}
