import { execFileSync } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { generateKeys, issue, issueFresh, namesOf } from '../../certs/issue.ts'
import { parseCertificates } from '../../certs/pem.ts'
import { day, quickIssue, service } from './fixtures/issuing.ts'

const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const now = Date.now()

t.test('openssl accepts the leaf for every name of the Service, and finds the CA right', async t => {
  const certificate = await issueFresh({ service, now, lifetimeSeconds: day, clockSkewSeconds: 300 })
  const dir = t.testdir({ 'ca.crt': certificate.ca, 'tls.crt': certificate.cert, 'tls.key': certificate.key })
  const [ca, crt] = [join(dir, 'ca.crt'), join(dir, 'tls.crt')]

  for (const name of namesOf(service)) {
    const verified = openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      name,
      '-CAfile',
      ca,
      crt,
    )
    t.match(verified, /: OK/, name)
  }
  t.throws(
    () => openssl('verify', '-verify_hostname', 'other.repeer-system.svc', '-CAfile', ca, crt),
    /hostname mismatch/i,
  )

  const caText = openssl('x509', '-in', ca, '-noout', '-text')
  t.match(caText, /Basic Constraints: critical\n\s+CA:TRUE/)
  t.match(caText, /Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/)
  t.match(caText, /2048 bit/)

  const leafText = openssl('x509', '-in', crt, '-noout', '-text')
  t.match(leafText, /Basic Constraints: critical\n\s+CA:FALSE/)
  t.match(leafText, /Key Usage: critical\n\s+Digital Signature, Key Encipherment\n/)
  t.match(leafText, /Extended Key Usage: \n\s+TLS Web Server Authentication\n/)
  t.match(
    leafText,
    'DNS:repeer-webhook, DNS:repeer-webhook.repeer-system, DNS:repeer-webhook.repeer-system.svc, DNS:repeer-webhook.repeer-system.svc.cluster.local',
  )
  const keyIdentifier = (text: string, which: string) =>
    new RegExp(`${which} Key Identifier: \\n\\s+([0-9A-F:]+)`).exec(text)?.[1]
  t.equal(keyIdentifier(leafText, 'Authority'), keyIdentifier(caText, 'Subject'))
  t.ok(keyIdentifier(leafText, 'Subject'))
  t.match(openssl('rsa', '-in', join(dir, 'tls.key'), '-check', '-noout'), /ok/)
})

t.test('both are valid from 5 minutes ago until the end of their lifetime', async t => {
  const { cert, ca } = quickIssue(now, day)
  for (const { validFromDate, validToDate } of [new X509Certificate(cert), new X509Certificate(ca)]) {
    t.equal(validFromDate.getTime(), Math.floor(now / 1000) * 1000 - 300_000)
    t.equal(validToDate.getTime(), Math.floor(now / 1000) * 1000 + day * 1000)
  }
})

t.test('serials are positive, 16 bytes, and different, whatever the random bytes', async t => {
  const keys = await generateKeys(1024)
  const serialOf = (bytes: Uint8Array) => {
    const input = { service, now, lifetimeSeconds: day, clockSkewSeconds: 300, caKeys: keys, leafKeys: keys }
    return new X509Certificate(issue({ ...input, serials: [bytes, bytes] }).cert).serialNumber
  }
  t.equal(serialOf(Buffer.alloc(16, 0xff)), `7F${'FF'.repeat(15)}`)
  t.equal(serialOf(Buffer.alloc(16, 0)), `40${'00'.repeat(15)}`)
  const serials = Array.from({ length: 20 }, () => serialOf(randomBytes(16)))
  t.equal(new Set(serials).size, 20)
  t.ok(serials.every(serial => /^[4-7][0-9A-F]{31}$/.test(serial)))
})

t.test('the CA key signs nothing else: it is in none of the results', async t => {
  const [caKeys, leafKeys] = await Promise.all([generateKeys(1024), generateKeys(1024)])
  const input = { service, now, lifetimeSeconds: day, clockSkewSeconds: 300, caKeys, leafKeys }
  const certificate = issue({ ...input, serials: [randomBytes(16), randomBytes(16)] })
  t.equal(certificate.key, leafKeys.privateKey)
  t.notOk(Object.values(certificate).some(text => text.includes(caKeys.privateKey.slice(100, 200))))
  t.equal(parseCertificates(certificate.ca)?.length, 1)
  t.equal(parseCertificates(certificate.cert)?.length, 1)
})

t.test('two CAs have different names', async t => {
  t.not(new X509Certificate(quickIssue(now).ca).subject, new X509Certificate(quickIssue(now).ca).subject)
})
