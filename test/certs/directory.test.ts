import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Certificate } from '../../certs/certificates.ts'
import { startDirectory } from '../../certs/directory.ts'
import { until } from '../fixtures/until.ts'
import { day, quickIssue, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'

const files = ({ cert, key, ca }: Certificate) => ({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca })
const quick = { service, intervalSeconds: 0.01, retrySeconds: 0.005 }
const put = (path: string, certificate: Certificate) => {
  for (const [name, text] of Object.entries(files(certificate))) writeFileSync(join(path, name), text)
}

/** What the kubelet does: a new directory, a link to it, and the link renamed over ..data; the old directory goes. */
function swap(path: string, generation: number, certificate: Certificate): void {
  const data = `..2026_11_21_05_00_0${generation}`
  mkdirSync(join(path, data))
  put(join(path, data), certificate)
  symlinkSync(data, join(path, '..data_tmp'))
  renameSync(join(path, '..data_tmp'), join(path, '..data'))
  rmSync(join(path, `..2026_11_21_05_00_0${generation - 1}`), { recursive: true, force: true })
}

t.test("follows the kubelet's swap of ..data", async t => {
  const path = t.testdir({})
  const [a, b] = [quickIssue(Date.now()), quickIssue(Date.now())]
  swap(path, 0, a)
  for (const name of Object.keys(files(a))) symlinkSync(join('..data', name), join(path, name))
  const directory = await startDirectory({ ...quick, path, log: keptLog() })
  t.same(directory.current(), a)
  t.ok(directory.published())
  const heard: Certificate[] = []
  directory.onChange(certificate => heard.push(certificate))
  swap(path, 1, b)
  await until('heard', () => heard.length > 0)
  t.same(heard, [b])
  t.same(directory.current(), b)
  await directory.close()
})

t.test('never takes one file from before a swap and another from after it', async t => {
  const path = t.testdir({ a: files(quickIssue(Date.now())), b: files(quickIssue(Date.now())) })
  symlinkSync('a', join(path, '..data'))
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) symlinkSync(join('..data', name), join(path, name))
  const directory = await startDirectory({ ...quick, path, log: keptLog(), intervalSeconds: 0, retrySeconds: 0 })
  let changes = 0
  directory.onChange(() => {
    changes += 1
  })
  for (let swaps = 0; swaps < 500 || changes < 20; swaps += 1) {
    symlinkSync(swaps % 2 ? 'a' : 'b', join(path, '..data_tmp'))
    renameSync(join(path, '..data_tmp'), join(path, '..data'))
    await new Promise(resolve => setImmediate(resolve))
  }
  t.equal(directory.failures(), 0)
  await directory.close()
})

t.test('plain files; bad content keeps the last good certificate, is logged and counted, and passes', async t => {
  const [a, b] = [quickIssue(Date.now()), quickIssue(Date.now())]
  const path = t.testdir(files(a))
  const log = keptLog()
  const directory = await startDirectory({ ...quick, path, log })
  const heard: Certificate[] = []
  directory.onChange(certificate => heard.push(certificate))

  writeFileSync(join(path, 'tls.crt'), b.cert.slice(0, 200))
  await until('half a file', () => directory.failures() > 1)
  t.same(directory.current(), a)
  t.match(log.lines.at(-1), {
    level: 'error',
    fields: { err: { message: /tls\.crt.* is missing or not in PEM/ } },
    message: /last good/,
  })
  rmSync(join(path, 'tls.crt'))
  const failures = directory.failures()
  await until('no file', () => directory.failures() > failures + 1)
  t.match(log.lines.at(-1), { fields: { err: { message: /tls\.crt cannot be read/ } } })
  t.same(directory.current(), a)
  t.same(heard, [])

  put(path, b)
  await until('good again', () => heard.length > 0)
  t.same(directory.current(), b)
  await directory.close()
})

t.test('nothing that can be served at start: fails, and says why', async t => {
  const now = Date.now()
  const good = quickIssue(now)
  const elsewhere = quickIssue(now, day, { name: 'other', namespace: 'elsewhere' })
  const cases: [Partial<ReturnType<typeof files>>, RegExp][] = [
    [{}, /tls\.crt cannot be read\. Expected: tls\.crt, tls\.key and ca\.crt in PEM/],
    [{ 'tls.crt': good.cert, 'tls.key': good.key }, /ca\.crt cannot be read/],
    [{ ...files(good), 'tls.key': 'x' }, /holds no certificate that can be served: the private key/],
    [files(quickIssue(now - 100 * day * 1000)), /expired at/],
    [{ ...files(good), 'ca.crt': elsewhere.ca }, /does not verify against the CA/],
    [files(elsewhere), /is not for repeer-webhook\.repeer-system\.svc, but for DNS:other/],
  ]
  for (const [content, message] of cases) {
    await t.rejects(startDirectory({ ...quick, path: t.testdir(content), log: keptLog() }), message)
  }
  const any = await startDirectory({ path: t.testdir(files(elsewhere)), log: keptLog() })
  t.same(any.current(), elsewhere, 'without a Service, names are not checked')
  await any.close()
})

t.test('a clock that is 5 minutes behind the issuer is no reason to refuse', async t => {
  const path = t.testdir(files(quickIssue(Date.now() + 10 * 60_000)))
  await (await startDirectory({ path, log: keptLog() })).close()
  await t.rejects(startDirectory({ path, log: keptLog(), clockSkewSeconds: 0 }), /is valid from/)
})
