// What is wrong with a certificate, in words; nothing where it can be served.
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import type { Certificate } from './certificates.ts'
import { issuedBy, parseCertificates } from './pem.ts'

type CheckOptions = {
  /** Milliseconds since 1970. */
  readonly now: number
  /**
   * A certificate that starts this much later than now, by our clock, is served all the same: our clock may be behind.
   */
  readonly clockSkewSeconds: number
  /** The names that clients will ask for; no check without. */
  readonly names?: readonly string[]
}

/**
 * What makes the certificate useless, as a sentence's part that says what was found; undefined where it can be served.
 */
export function problemOf(certificate: Certificate, options: CheckOptions): string | undefined {
  const chain = parseCertificates(certificate.cert)
  const leaf = chain?.[0]
  if (!chain || !leaf) return 'the certificate (tls.crt) is missing or not in PEM'
  const key = parseKey(certificate.key)
  if (!key) return 'the private key (tls.key) is missing or not an unencrypted key in PEM'
  if (!leaf.checkPrivateKey(key)) return 'the private key (tls.key) does not belong to the certificate (tls.crt)'
  const cas = parseCertificates(certificate.ca)
  if (!cas || cas.length === 0) return 'the CA (ca.crt) is missing or not in PEM'
  const ca = anchorOf(chain, cas)
  if (!ca) return 'the certificate (tls.crt) does not verify against the CA (ca.crt)'
  for (const link of [...chain, ca]) {
    const dates = datesProblem(link, options)
    if (dates) return dates
  }
  const missing = options.names?.find(name => leaf.checkHost(name, { subject: 'never' }) === undefined)
  return missing === undefined
    ? undefined
    : `the certificate is not for ${missing}, but for ${leaf.subjectAltName ?? 'no name at all'}`
}

/** The first of `cas` that a chain (leaf first, then intermediates) leads to; undefined where it leads to none. */
export function anchorOf(
  chain: readonly X509Certificate[],
  cas: readonly X509Certificate[],
): X509Certificate | undefined {
  for (const [index, certificate] of chain.entries()) {
    const anchor = cas.find(ca => issuedBy(certificate, ca))
    if (anchor) return anchor
    const next = chain[index + 1]
    if (!next || !issuedBy(certificate, next)) return undefined
  }
  return undefined
}

function datesProblem(certificate: X509Certificate, { now, clockSkewSeconds }: CheckOptions): string | undefined {
  const time = new Date(now).toISOString()
  if (now >= certificate.validToDate.getTime()) {
    return `${certificate.subject.replaceAll('\n', ', ')} expired at ${certificate.validToDate.toISOString()}; it is ${time} here`
  }
  if (now < certificate.validFromDate.getTime() - clockSkewSeconds * 1000) {
    return `${certificate.subject.replaceAll('\n', ', ')} is valid from ${certificate.validFromDate.toISOString()} only; it is ${time} here`
  }
  return undefined
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
