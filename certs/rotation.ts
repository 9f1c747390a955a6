// The rotation as a state machine without a state of its own: what to do next follows from the Secret, the published
// caBundles and the time. So any replica can go on after any other, whenever that one died, and replicas that look at
// the same moment agree.
//
//   create -> publish -> mark -> nothing ... at two thirds of life:
//   prepare -> publish (old + new CA) -> mark -> wait -> switch -> ... much later: forget -> publish (new CA)
//
// Why it is safe: whoever carries out a step reads the caBundles first and the Secret after them, and writes either
// only if it has not changed since. A CA that is published is then always known to the Secret, and none is withdrawn
// that a replica could still serve.
import type { X509Certificate } from 'node:crypto'
import { problemOf } from './check.ts'
import { namesOf, type Service } from './issue.ts'
import { bundleOf, parseCertificates, salvageCertificates, uniqueCertificates } from './pem.ts'
import {
  type Contents,
  entry,
  readContents,
  type SecretData,
  withoutPrevious,
  withoutPublished,
  withPublished,
} from './secret.ts'

export type RotationOptions = {
  readonly service: Service
  /**
   * How far two clocks may be apart: replicas' and API servers'. Certificates start this much in the past, and a wait
   * that another replica's clock has started lasts this much longer.
   */
  readonly clockSkewSeconds: number
  /**
   * How long an API server may take to use a caBundle after it was published: each watches the configuration on its
   * own.
   */
  readonly propagationSeconds: number
  /** How long an earlier CA stays published after the switch, for a replica that has not noticed it. */
  readonly dropAfterSeconds: number
}

export type Step =
  /**
   * There is no Secret: issue a certificate and create it. `previous` are the CAs that are published already, from an
   * earlier Secret.
   */
  | { readonly do: 'create'; readonly previous: readonly X509Certificate[] }
  /** What the Secret holds cannot be served: issue anew. */
  | { readonly do: 'replace'; readonly previous: readonly X509Certificate[]; readonly problem: string }
  /** Issue the next certificate, beside the present one; `problem` where there was one already that cannot be used. */
  | { readonly do: 'prepare'; readonly problem?: string }
  /** Put this bundle into every webhook's caBundle. */
  | { readonly do: 'publish'; readonly bundle: string }
  /**
   * Write the Secret: record that the newest CA is published, that it no longer is, serve the next certificate, drop
   * earlier CAs.
   */
  | { readonly do: 'mark' | 'unmark' | 'switch' | 'forget'; readonly data: SecretData }
  /**
   * Nothing to do before `until` (ms since 1970): API servers may not have the newest CA yet, or there is no webhook to
   * publish it in.
   */
  | { readonly do: 'wait'; readonly for: 'api-servers' | 'webhooks'; readonly until: number }
  /** All is done until then. */
  | { readonly do: 'nothing'; readonly until: number }

/**
 * What to do next.
 * @param data the Secret's entries, read after the caBundles; undefined where there is no Secret
 * @param bundles the caBundle of each webhook, PEM, empty where it has none
 * @param now ms since 1970, taken after reading both
 */
export function plan(
  data: SecretData | undefined,
  bundles: readonly string[],
  now: number,
  options: RotationOptions,
): Step {
  const published = uniqueCertificates(bundles.flatMap(salvageCertificates)).filter(ca => ca.ca && alive(ca, now))
  if (!data) return { do: 'create', previous: published }

  const contents = readContents(data)
  const check = { now, clockSkewSeconds: options.clockSkewSeconds, names: namesOf(options.service) }
  const problem = problemOf(contents.current, check)
  if (problem) return { do: 'replace', previous: published, problem }

  const nextProblem = contents.next && problemOf(contents.next, check)
  if (nextProblem) return { do: 'prepare', problem: nextProblem }

  const newest = newestCa(contents)
  const marked = contents.published?.fingerprint === newest.fingerprint256
  const wanted = wantedCas(contents)
  if (bundles.length === 0) return { do: 'wait', for: 'webhooks', until: now }
  if (!bundles.every(bundle => holdsExactly(bundle, wanted))) {
    const lost =
      marked &&
      !bundles.every(bundle => salvageCertificates(bundle).some(ca => ca.fingerprint256 === newest.fingerprint256))
    // Somebody else took the newest CA away, or added a webhook: the wait has to start again, so the record goes first.
    return lost ? { do: 'unmark', data: withoutPublished(data) } : { do: 'publish', bundle: bundleOf(wanted) }
  }

  // A time that lies further ahead than clocks may be apart is no time to wait for.
  const since = marked ? contents.published?.at : undefined
  if (since === undefined || since > now + options.clockSkewSeconds * 1000)
    return { do: 'mark', data: withPublished(data, newest, now) }

  if (contents.next) {
    const until = settledAt(since, options)
    return now < until
      ? { do: 'wait', for: 'api-servers', until }
      : { do: 'switch', data: switched(data, contents, now) }
  }
  return idle(data, contents, since, now, options)
}

/**
 * Whether every API server knows the CA of the Secret's present certificate by now. A rotation starts only after that.
 */
export function isSettled(contents: Contents, now: number, options: RotationOptions): boolean {
  if (contents.next) return true
  const fingerprint = parseCertificates(contents.current.ca)?.[0]?.fingerprint256
  return contents.published?.fingerprint === fingerprint && now >= settledAt(contents.published?.at ?? now, options)
}

/** With no rotation under way: drop earlier CAs, start the next rotation, or say when either is due. */
function idle(data: SecretData, contents: Contents, since: number, now: number, options: RotationOptions): Step {
  const rotateAt = Math.max(settledAt(since, options), twoThirds(contents, options))
  const dropAt = (contents.switched ?? 0) + options.dropAfterSeconds * 1000
  if (contents.previous.length > 0 && now >= dropAt) return { do: 'forget', data: withoutPrevious(data) }
  if (now >= rotateAt) return { do: 'prepare' }
  return { do: 'nothing', until: contents.previous.length > 0 ? Math.min(dropAt, rotateAt) : rotateAt }
}

/**
 * When the first of leaf and CA has used up two thirds of its life: the usual moment (cert-manager's default too), with
 * a third left for whatever may go wrong.
 */
function twoThirds(contents: Contents, options: RotationOptions): number {
  const certificates = [contents.current.cert, contents.current.ca].flatMap(salvageCertificates)
  const times = certificates.map(({ validFromDate, validToDate }) => {
    const issued = validFromDate.getTime() + options.clockSkewSeconds * 1000
    return validToDate.getTime() - Math.max(0, validToDate.getTime() - issued) / 3
  })
  return Math.min(...times)
}

function switched(data: SecretData, contents: Contents, now: number): SecretData {
  const previous = bundleOf([
    ...salvageCertificates(contents.current.ca),
    ...contents.previous.filter(ca => alive(ca, now)),
  ])
  const { [entry.nextCert]: cert = '', [entry.nextKey]: key = '', [entry.nextCa]: ca = '', ...rest } = data
  const served = { [entry.cert]: cert, [entry.key]: key, [entry.ca]: ca }
  return { ...rest, ...served, [entry.previousCa]: previous, [entry.switched]: new Date(now).toISOString() }
}

/**
 * Every CA that may be verified against: the present one, the next, and those before. It does not depend on anybody's
 * clock.
 */
function wantedCas(contents: Contents): X509Certificate[] {
  const cas = [contents.current.ca, contents.next?.ca ?? ''].flatMap(salvageCertificates)
  return uniqueCertificates([...cas, ...contents.previous])
}

function newestCa(contents: Contents): X509Certificate {
  const [ca] = salvageCertificates((contents.next ?? contents.current).ca)
  if (!ca) throw new Error('a certificate without a CA has passed its check; this is a defect in certs/check.ts')
  return ca
}

function holdsExactly(bundle: string, wanted: readonly X509Certificate[]): boolean {
  const held = new Set(parseCertificates(bundle)?.map(ca => ca.fingerprint256))
  return held.size === wanted.length && wanted.every(ca => held.has(ca.fingerprint256))
}

function settledAt(since: number, options: RotationOptions): number {
  return since + (options.propagationSeconds + options.clockSkewSeconds) * 1000
}

function alive(certificate: X509Certificate, now: number): boolean {
  return now < certificate.validToDate.getTime()
}
