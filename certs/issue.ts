// Issues a CA and the one leaf that it ever signs. The CA's private key is used for that and forgotten: it is stored
// nowhere, so nobody who reads the Secret can issue another certificate that API servers would trust. A new leaf
// therefore means a new CA, and there is one way of rotating: both, in two phases (rotation.ts).
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'
import type { Certificate } from './certificates.ts'

/** The Service by which API servers call the webhook. */
export type Service = { readonly name: string; readonly namespace: string }

/** A private and a public key, PEM (PKCS 8 and SPKI). */
export type Keys = { readonly privateKey: string; readonly publicKey: string }

export type IssueInput = {
  readonly service: Service
  /** Milliseconds since 1970. */
  readonly now: number
  /** How long CA and leaf are valid from now on. */
  readonly lifetimeSeconds: number
  /** How long before now they are valid already, for clocks that run behind. */
  readonly clockSkewSeconds: number
  readonly caKeys: Keys
  readonly leafKeys: Keys
  /** Two times 16 random bytes. */
  readonly serials: readonly [Uint8Array, Uint8Array]
}

/** The DNS names of a Service inside its cluster. API servers use the third. */
export function namesOf(service: Service): string[] {
  const { name, namespace } = service
  return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`]
}

/** Issues a CA and its leaf: a function of its input. About 0.1 s of computing for RSA 2048. */
export function issue(input: IssueInput): Certificate {
  const caSerial = serialNumber(input.serials[0])
  // The name differs from CA to CA, so that a bundle with two of them leaves no doubt about which one signed a leaf.
  const caSubject = [{ name: 'commonName', value: `repeer webhook CA ${caSerial.slice(-8)}` }]
  const caKey = forge.pki.privateKeyFromPem(input.caKeys.privateKey)

  const ca = unsigned(input, input.caKeys, caSerial)
  ca.setSubject(caSubject)
  ca.setIssuer(caSubject)
  ca.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ])
  ca.sign(caKey, forge.md.sha256.create())

  const leaf = unsigned(input, input.leafKeys, serialNumber(input.serials[1]))
  leaf.setSubject([{ name: 'commonName', value: 'repeer webhook' }])
  leaf.setIssuer(caSubject)
  leaf.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    // Type 2 is a DNS name (RFC 5280, GeneralName).
    { name: 'subjectAltName', altNames: namesOf(input.service).map(value => ({ type: 2, value })) },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: ca.generateSubjectKeyIdentifier().getBytes() },
  ])
  leaf.sign(caKey, forge.md.sha256.create())

  return { key: input.leafKeys.privateKey, cert: pem(leaf), ca: pem(ca) }
}

/**
 * Issues with fresh keys and serials. The keys are made on libuv's threads, so the server goes on answering meanwhile.
 */
export async function issueFresh(input: Omit<IssueInput, 'caKeys' | 'leafKeys' | 'serials'>): Promise<Certificate> {
  const [caKeys, leafKeys] = await Promise.all([generateKeys(), generateKeys()])
  return issue({ ...input, caKeys, leafKeys, serials: [randomBytes(16), randomBytes(16)] })
}

/**
 * An RSA key pair. node-forge signs certificates with RSA only (it has no ECDSA); 2048 bits are what OpenSSL and Go ask
 * for at least.
 */
export function generateKeys(bits = 2048): Promise<Keys> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

function unsigned(input: IssueInput, keys: Keys, serial: string): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = serial
  certificate.validity.notBefore = new Date(input.now - input.clockSkewSeconds * 1000)
  certificate.validity.notAfter = new Date(input.now + input.lifetimeSeconds * 1000)
  return certificate
}

/**
 * 16 bytes as hex, the highest bits set to 01: positive, and of one length (RFC 5280: at most 20 bytes). 126 bits stay
 * random.
 */
function serialNumber(random: Uint8Array): string {
  const bytes = Buffer.from(random.subarray(0, 16))
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}

function pem(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n')
}
