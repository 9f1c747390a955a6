// The webhook's certificate from a directory with tls.crt, tls.key and ca.crt: a mounted Secret of cert-manager's, or
// an admin's own.
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate, Certificates, Log } from './certificates.ts'
import { problemOf } from './check.ts'
import { namesOf, type Service } from './issue.ts'
import { listeners } from './listeners.ts'
import { startLoop } from './loop.ts'

const directoryDefaults = {
  /** The kubelet itself takes up to a minute to bring a Secret's change to the directory. */
  intervalSeconds: 10,
  retrySeconds: 1,
  clockSkewSeconds: 300,
} as const

export type DirectoryOptions = Partial<Record<keyof typeof directoryDefaults, number>> & {
  readonly path: string
  /** Checks that the certificate is for `name.namespace.svc`, the name by which API servers call; no check without. */
  readonly service?: Service
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly random?: () => number
}

/**
 * Reads the directory, and again whenever its content may have changed. Rejects where there is nothing that can be
 * served; bad content later leaves the last good certificate in use, is logged and counted. `published()` is always
 * true: whoever fills the directory also publishes the CA (cert-manager's cainjector, or the admin).
 */
export async function startDirectory(options: DirectoryOptions): Promise<Certificates> {
  const { path, service, log, now = Date.now, random = Math.random } = options
  const { intervalSeconds, retrySeconds, clockSkewSeconds } = { ...directoryDefaults, ...options }
  // An admin's certificate needs only the one of the Service's names that API servers use.
  const names = service ? namesOf(service).filter(name => name.endsWith('.svc')) : []

  const load = async (): Promise<Certificate> => {
    const certificate = await readDirectory(path)
    const problem = problemOf(certificate, { now: now(), clockSkewSeconds, names })
    if (problem)
      throw new Error(
        `${path} holds no certificate that can be served: ${problem}. Expected: tls.crt, tls.key and ca.crt in PEM.`,
      )
    return certificate
  }

  let held = await load()
  const changed = listeners(log)
  const take = async () => {
    const certificate = await load()
    if (certificate.cert === held.cert && certificate.key === held.key && certificate.ca === held.ca) return
    held = certificate
    log.info({ path }, 'certificates: took a new certificate from the directory')
    changed.call(certificate)
  }
  const loop = startLoop(take, {
    intervalSeconds,
    retrySeconds,
    random,
    failed: (err, failures) =>
      log.error({ err, path, failures }, 'certificates: the directory is unusable; the last good certificate stays'),
  })
  return {
    current: () => held,
    onChange: changed.add,
    published: () => true,
    failures: loop.failures,
    losses: () => 0,
    close: loop.close,
  }
}

/** All three files of one moment: the kubelet swaps the link ..data, so what it points to now is read to the end. */
async function readDirectory(path: string): Promise<Certificate> {
  const data = await realpath(join(path, '..data')).catch(() => path)
  const read = async (name: string) => {
    try {
      return await readFile(join(data, name), 'utf8')
    } catch (cause) {
      throw new Error(`${join(path, name)} cannot be read. Expected: tls.crt, tls.key and ca.crt in PEM.`, { cause })
    }
  }
  return { cert: await read('tls.crt'), key: await read('tls.key'), ca: await read('ca.crt') }
}
