// Which certificate a replica serves: the Secret's, but for one case. Where the Secret was deleted or replaced, API
// servers do not know its new CA yet, while they still know that of the certificate which a running replica holds in
// memory: it goes on with that one.
import type { Certificate } from './certificates.ts'
import { anchorOf, problemOf } from './check.ts'
import { namesOf } from './issue.ts'
import { parseCertificates, salvageCertificates } from './pem.ts'
import { isSettled, type RotationOptions } from './rotation.ts'
import { readContents, type SecretData } from './secret.ts'

/**
 * @param data the Secret's entries; undefined where there is none
 * @param held what is served now; undefined at start
 * @param bundles the published caBundles; undefined where they could not be read
 * @returns undefined where there is nothing that can be served
 */
export function toServe(
  data: SecretData | undefined,
  held: Certificate | undefined,
  bundles: readonly string[] | undefined,
  now: number,
  options: RotationOptions,
): Certificate | undefined {
  if (!data) return held
  const contents = readContents(data)
  const check = { now, clockSkewSeconds: options.clockSkewSeconds, names: namesOf(options.service) }
  if (problemOf(contents.current, check)) return held
  if (!held || held.cert === contents.current.cert || problemOf(held, check)) return contents.current
  const heldIsKnown = bundles === undefined || verifiesEverywhere(held, bundles, now)
  return isSettled(contents, now, options) || !heldIsKnown ? contents.current : held
}

/**
 * Whether a client that trusts any one of these caBundles would accept the certificate. False where there is none:
 * nobody calls then.
 */
export function verifiesEverywhere(certificate: Certificate, bundles: readonly string[], now: number): boolean {
  const chain = parseCertificates(certificate.cert) ?? []
  const alive = (ca: { validToDate: Date }) => now < ca.validToDate.getTime()
  return (
    bundles.length > 0 &&
    chain.every(alive) &&
    bundles.every(bundle => anchorOf(chain, salvageCertificates(bundle).filter(alive)))
  )
}
