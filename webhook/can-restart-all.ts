// Asks the cluster whether it can restart all containers of a pod in place.
import type { KubeConfig } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import { apiReader } from '../kubernetes/api-client.ts'
import { knowsRestartAll } from './kubernetes-version.ts'

/** An API server that says nothing for so long says nothing any more, in seconds. */
const idleSeconds = 10

/**
 * What was asked for, or, with `auto`, what the API server's version says. False, with a line in the log, where it does
 * not answer: a rule that is not known there would make pods invalid. Kubelets can be up to three minor versions older
 * than the API server; on such a node exit 88 restarts the sidecar alone, and the sidecar then reports that the list
 * has not reached the node. Asked once: after an upgrade of the cluster the webhook's pods are started anew sooner or
 * later.
 */
export async function canRestartAll(
  asked: 'auto' | boolean,
  config: KubeConfig,
  log: Pick<Logger, 'warn'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (asked !== 'auto') return asked
  try {
    const version = await apiReader(config, { signal, idleSeconds }).get('/version')
    return knowsRestartAll(version as { major?: string; minor?: string })
  } catch (err) {
    log.warn(
      { err },
      'the version of the API server is not known; no pod is given a rule that restarts all of its containers',
    )
    return false
  }
}
