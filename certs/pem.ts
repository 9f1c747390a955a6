// Certificates in PEM text: taking bundles apart, putting them together, and telling certificates apart.
import { X509Certificate } from 'node:crypto'

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/**
 * The certificates of a PEM text in their order; undefined where the text holds anything else, or a certificate that
 * does not parse.
 */
export function parseCertificates(text: string): X509Certificate[] | undefined {
  if (text.replace(block, '').trim() !== '') return undefined
  const blocks = text.match(block) ?? []
  const parsed = salvageCertificates(text)
  return parsed.length === blocks.length ? parsed : undefined
}

/** The certificates that a PEM text does hold, whatever else is in it. */
export function salvageCertificates(text: string): X509Certificate[] {
  return (text.match(block) ?? []).map(parseCertificate).filter(certificate => certificate !== undefined)
}

/** Each certificate once, in the order given, as one PEM text. */
export function bundleOf(certificates: readonly X509Certificate[]): string {
  return uniqueCertificates(certificates)
    .map(certificate => `${certificate.toString().trim()}\n`)
    .join('')
}

/** Each certificate once, by its SHA-256 fingerprint, in the order given. */
export function uniqueCertificates(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map(certificate => [certificate.fingerprint256, certificate])).values()]
}

/** When the first certificate of a PEM text expires, in seconds since the epoch. Throws where there is none. */
export function expiryOf(pem: string): number {
  return new X509Certificate(pem).validToDate.getTime() / 1000
}

/** Whether `issuer` is a CA that has signed `certificate`: names, key identifiers and the signature itself. */
export function issuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
