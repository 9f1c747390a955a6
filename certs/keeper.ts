// Keeps the webhook's certificate: looks at the Secret and the caBundles every minute, does what is due, and serves
// what it has seen. Every replica runs one; they need no leader (rotation.ts says why).
import type { Certificate, Certificates, Log } from './certificates.ts'
import { issueFresh, type Service } from './issue.ts'
import { listeners } from './listeners.ts'
import { type Look, look } from './look.ts'
import { startLoop } from './loop.ts'
import type { RotationOptions } from './rotation.ts'
import { toServe, verifiesEverywhere } from './serving.ts'
import type { BundleStore, SecretStore } from './store.ts'

export const keeperDefaults = {
  /**
   * CA and leaf: 90 days, so 60 in use and 30 in which a rotation may fail before anything expires. The CA's key does
   * not outlive the issuing, so a longer life of the CA would gain nothing.
   */
  lifetimeSeconds: 90 * 24 * 3600,
  /** 5 minutes: what Kerberos allows for, and more than NTP ever leaves. */
  clockSkewSeconds: 300,
  /**
   * 10 minutes: an API server's watch that breaks unnoticed is made anew within 5 to 10 minutes (client-go's minimum
   * watch timeout).
   */
  propagationSeconds: 600,
  /** A day: a replica that has not reached the API for that long is unready or gone. */
  dropAfterSeconds: 24 * 3600,
  /** Two or three requests a minute and replica. */
  intervalSeconds: 60,
  /** After a failed look; doubled at each further one, up to the interval. */
  retrySeconds: 1,
} as const

/** In seconds, each with the default above. */
export type CertificateTimes = { readonly [name in keyof typeof keeperDefaults]?: number }

export type KeeperOptions = CertificateTimes & {
  readonly secrets: SecretStore
  readonly bundles: BundleStore
  readonly service: Service
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** 0 up to 1, to spread the looks of several replicas: see loop.ts. */
  readonly random?: () => number
  readonly issue?: (now: number) => Promise<Certificate>
  /**
   * Called when a caBundle that had held the served CA holds it no more: until it is published again no API server can
   * call the webhook.
   */
  readonly lost?: () => void
  /** Gives up waiting for the first certificate: `startKeeper` then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Starts keeping. Resolves once there is a certificate to serve; until then it tries again, and logs each failure. It
 * need not be published then: see `published`. Errors later leave the last good certificate in use, are logged and
 * counted.
 */
export async function startKeeper(options: KeeperOptions): Promise<Certificates> {
  const { service, log, now = Date.now, random = Math.random, signal } = options
  const times = { ...keeperDefaults, ...options }
  const { lifetimeSeconds, clockSkewSeconds, propagationSeconds, dropAfterSeconds } = times
  const rotation: RotationOptions = { service, clockSkewSeconds, propagationSeconds, dropAfterSeconds }
  const issue = options.issue ?? (now => issueFresh({ service, now, lifetimeSeconds, clockSkewSeconds }))

  let held: Certificate | undefined
  let published = false
  let losses = 0
  const first = Promise.withResolvers<void>()
  const changed = listeners(log)

  const seen: Look['seen'] = (data, bundles, at) => {
    const serve = toServe(data, held, bundles, at, rotation)
    if (!serve) return
    const isNew = serve.cert !== held?.cert
    held = serve
    if (bundles) {
      const isPublished = verifiesEverywhere(serve, bundles, at)
      // Of the same certificate: a new one after a Secret that was deleted or has expired is not published yet.
      if (published && !isPublished && !isNew) lose()
      published = isPublished
    }
    if (isNew) changed.call(serve)
    first.resolve()
  }
  function lose(): void {
    losses += 1
    log.warn(
      {},
      'certificates: a caBundle lacks the CA of the served certificate, which all of them had; API servers cannot call the webhook until it is back',
    )
    options.lost?.()
  }

  const { secrets, bundles } = options
  const loop = startLoop(signal => look({ secrets, bundles, rotation, issue, now, log, seen, signal }), {
    intervalSeconds: times.intervalSeconds,
    retrySeconds: times.retrySeconds,
    random,
    failed: (err, failures, retrySeconds) =>
      log.error(
        { err, failures, retrySeconds, serving: held !== undefined },
        'certificates: a look at the Secret and the caBundles failed',
      ),
  })

  const stop = new AbortController()
  const following = bundles.follow?.(stop.signal, loop.soon)
  const close = async () => {
    stop.abort()
    await Promise.all([loop.close(), following])
  }

  const giveUp = () => first.reject(signal?.reason)
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    await first.promise
  } catch (error) {
    await close()
    throw error
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }

  return {
    current() {
      if (!held)
        throw new Error('startKeeper returns only when there is a certificate; this is a defect in certs/keeper.ts')
      return held
    },
    onChange: changed.add,
    published: () => published,
    failures: loop.failures,
    losses: () => losses,
    close,
  }
}
