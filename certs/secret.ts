// The Secret's entries: all that replicas know of each other. `tls.crt`, `tls.key` and `ca.crt` are what a Secret of
// type kubernetes.io/tls and cert-manager have; the others are the progress of a rotation.
import type { X509Certificate } from 'node:crypto'
import type { Certificate } from './certificates.ts'
import { bundleOf, salvageCertificates } from './pem.ts'

/** Texts by key, decoded from base64. */
export type SecretData = Readonly<Record<string, string>>

export const entry = {
  cert: 'tls.crt',
  key: 'tls.key',
  ca: 'ca.crt',
  /** The certificate that comes next, from the start of a rotation to the switch. */
  nextCert: 'next-tls.crt',
  nextKey: 'next-tls.key',
  nextCa: 'next-ca.crt',
  /** Earlier CAs which stay in the caBundle after a switch, for a replica that has not noticed it, PEM. */
  previousCa: 'previous-ca.crt',
  /**
   * Since when the newest CA has been in every caBundle: its SHA-256 fingerprint and a time (RFC 3339), separated by a
   * space.
   */
  published: 'published',
  /** When tls.crt became what it is (RFC 3339). */
  switched: 'switched',
} as const

export type Contents = {
  /** May be broken: see check.ts. */
  readonly current: Certificate
  readonly next: Certificate | undefined
  readonly previous: readonly X509Certificate[]
  readonly published: { readonly fingerprint: string; readonly at: number } | undefined
  /** Undefined where it is missing or not a time. */
  readonly switched: number | undefined
}

/** Reads what the Secret holds. Whatever is malformed counts as missing. */
export function readContents(data: SecretData): Contents {
  const [fingerprint, at] = (data[entry.published] ?? '').split(' ')
  const time = timeOf(at)
  const next = { key: data[entry.nextKey] ?? '', cert: data[entry.nextCert] ?? '', ca: data[entry.nextCa] ?? '' }
  return {
    current: { key: data[entry.key] ?? '', cert: data[entry.cert] ?? '', ca: data[entry.ca] ?? '' },
    next: next.key === '' && next.cert === '' && next.ca === '' ? undefined : next,
    previous: salvageCertificates(data[entry.previousCa] ?? ''),
    published: fingerprint && time !== undefined ? { fingerprint, at: time } : undefined,
    switched: timeOf(data[entry.switched]),
  }
}

/** The entries of a Secret that holds a certificate and the CAs before it; all progress starts anew. */
export function firstData(current: Certificate, previous: readonly X509Certificate[], now: number): SecretData {
  return {
    [entry.cert]: current.cert,
    [entry.key]: current.key,
    [entry.ca]: current.ca,
    [entry.switched]: new Date(now).toISOString(),
    ...(previous.length > 0 && { [entry.previousCa]: bundleOf(previous) }),
  }
}

/** A rotation begins: the next certificate stands beside the present one, and is not published yet. */
export function withNext(data: SecretData, next: Certificate): SecretData {
  return {
    ...without(data, [entry.published]),
    [entry.nextCert]: next.cert,
    [entry.nextKey]: next.key,
    [entry.nextCa]: next.ca,
  }
}

/** The newest CA is in every caBundle since `now` (ms since 1970). */
export function withPublished(data: SecretData, ca: X509Certificate, now: number): SecretData {
  return { ...data, [entry.published]: `${ca.fingerprint256} ${new Date(now).toISOString()}` }
}

/** The newest CA is not in every caBundle any more: the wait for API servers starts again. */
export function withoutPublished(data: SecretData): SecretData {
  return without(data, [entry.published])
}

/** Earlier CAs are no longer published. */
export function withoutPrevious(data: SecretData): SecretData {
  return without(data, [entry.previousCa])
}

function without(data: SecretData, keys: readonly string[]): SecretData {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)))
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? undefined : time
}
