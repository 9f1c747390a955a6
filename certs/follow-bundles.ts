// Hears of each change of the webhook's MutatingWebhookConfiguration, so that a caBundle that somebody empties is
// filled again within a second or two: until then no API server can call the webhook, and nobody would notice before
// the next look. Permissions: list and watch, on this one object.
import type { KubeConfig } from '@kubernetes/client-node'
import { apiReader } from '../kubernetes/api-client.ts'
import { type ApiObject, listWatch } from '../kubernetes/list-watch.ts'
import type { Log } from './certificates.ts'

const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
/**
 * The API server ends a watch after 5 to 10 minutes; without a byte for longer than that (it sends bookmarks), the
 * connection is dead.
 */
const watchSeconds = 300
const idleSeconds = 630

export type FollowOptions = {
  readonly name: string
  readonly log: Pick<Log, 'warn'>
  readonly signal: AbortSignal
  /** The configuration is there, has changed, or is gone; also once at the start. */
  readonly changed: () => void
  /** Seconds; 0.5 and 30. */
  readonly minRetrySeconds?: number
  readonly maxRetrySeconds?: number
}

/**
 * Runs until the signal aborts; never rejects. What cannot be followed is logged once: the keeper's own looks, each
 * minute, go on.
 */
export async function followBundles(
  config: KubeConfig,
  { name, log, signal, changed, ...retries }: FollowOptions,
): Promise<void> {
  let isFollowed = true
  let last: string | undefined
  /** Only another version is news: each watch that is opened anew begins with a list. */
  const take = (version: string | undefined) => {
    if (version === last) return
    last = version
    changed()
  }
  const versionOf = ({ metadata }: ApiObject) =>
    metadata?.name === name ? (metadata.resourceVersion ?? '') : undefined
  await listWatch<string>(
    apiReader(config, { signal, idleSeconds }),
    { path, fieldSelector: `metadata.name=${name}` },
    {
      keep: versionOf,
      replace: items => take(items.get(name)),
      set: (_name, version) => take(version),
      remove: removed => {
        if (removed === name) take(undefined)
      },
      synced: () => {
        isFollowed = true
      },
      behind: err => {
        if (isFollowed)
          log.warn(
            { err },
            'certificates: changes of the MutatingWebhookConfiguration are not heard of at the moment; it is read each minute',
          )
        isFollowed = false
      },
    },
    { minRetrySeconds: 0.5, maxRetrySeconds: 30, ...retries, watchSeconds, random: Math.random },
    signal,
  )
}
