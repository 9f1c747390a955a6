import { randomBytes, X509Certificate } from 'node:crypto'
import t from 'tap'
import { generateKeys } from '../../certs/issue.ts'
import { bundleOf } from '../../certs/pem.ts'
import { isSettled, plan, type RotationOptions, type Step } from '../../certs/rotation.ts'
import { entry, firstData, readContents, type SecretData, withNext, withPublished } from '../../certs/secret.ts'
import { day, quickIssue, rotation, service } from './fixtures/issuing.ts'

const start = Date.parse('2026-11-21T05:00:00Z')
const minutes = (count: number) => count * 60_000
const days = (count: number) => count * day * 1000
const a = quickIssue(start)
const b = quickIssue(start + days(60))
const fresh = firstData(a, [], start)
const settled = withPublished(fresh, caOf(a), start)
const rotating = withNext(settled, b)
const step = (data: SecretData | undefined, bundles: string[], now: number, options: RotationOptions = rotation) =>
  plan(data, bundles, now, options)

function caOf(certificate: { ca: string }): X509Certificate {
  return new X509Certificate(certificate.ca)
}

function dataOf(step: Step): SecretData {
  if ('data' in step) return step.data
  throw new Error(`${step.do} writes nothing`)
}

t.test('the first certificate: create, publish, mark, then nothing until two thirds of its life', async t => {
  t.same(step(undefined, [''], start), { do: 'create', previous: [] })
  t.same(step(fresh, [''], start), { do: 'publish', bundle: a.ca })
  const marked = step(fresh, [a.ca], start + 1)
  t.equal(marked.do, 'mark')
  t.same(step(dataOf(marked), [a.ca], start + 1), { do: 'nothing', until: start + days(60) })
  t.equal(step(dataOf(marked), [a.ca], start + days(60) - 1).do, 'nothing')
  t.equal(step(dataOf(marked), [a.ca], start + days(60)).do, 'prepare')
})

t.test(
  'a rotation: prepare, publish both, mark, wait 10 + 5 minutes, switch, a day later forget, publish the new one',
  async t => {
    const now = start + days(60)
    const both = bundleOf([caOf(a), caOf(b)])
    t.same(step(rotating, [a.ca], now), { do: 'publish', bundle: both })
    const marked = dataOf(step(rotating, [both], now))
    const until = now + minutes(15)
    t.same(step(marked, [both], now + 1), { do: 'wait', for: 'api-servers', until })
    t.equal(step(marked, [both], until - 1).do, 'wait')

    const switched = step(marked, [both], until)
    t.equal(switched.do, 'switch')
    const after = dataOf(switched)
    t.equal(after[entry.cert], b.cert)
    t.equal(after[entry.key], b.key)
    t.equal(after[entry.ca], b.ca)
    t.equal(after[entry.previousCa], a.ca)
    t.notOk(
      Object.keys(after).some(key => key.startsWith('next-')),
      'the next certificate is the present one',
    )

    t.same(step(after, [both], until), { do: 'nothing', until: until + days(1) })
    const forgotten = step(after, [both], until + days(1))
    t.equal(forgotten.do, 'forget')
    t.same(step(dataOf(forgotten), [both], until + days(1)), { do: 'publish', bundle: b.ca })
    t.same(step(dataOf(forgotten), [b.ca], until + days(1)), { do: 'nothing', until: start + days(120) })
  },
)

t.test('order, white space and duplicates of a bundle do not count', async t => {
  const marked = withPublished(rotating, caOf(b), start + days(60))
  const bundle = `\n${b.ca}\n\n${a.ca.replaceAll('\n', '\r\n')}${b.ca}`
  t.equal(step(marked, [bundle], start + days(60)).do, 'wait')
})

t.test('every webhook counts, and one added later', async t => {
  const added = step(settled, [a.ca, ''], start)
  t.equal(added.do, 'unmark')
  t.same(step(dataOf(added), [a.ca, ''], start), { do: 'publish', bundle: a.ca })
  t.same(step(rotating, [bundleOf([caOf(a), caOf(b)]), a.ca], start + days(60)).do, 'publish')
  t.same(
    step(settled, [], start),
    { do: 'wait', for: 'webhooks', until: start },
    'no webhook: nothing counts as published',
  )
  t.same(step(fresh, [], start), { do: 'wait', for: 'webhooks', until: start })
})

t.test('the newest CA taken away during the wait: the wait starts anew', async t => {
  const now = start + days(60)
  const marked = withPublished(rotating, caOf(b), now)
  for (const bundles of [[''], [a.ca], [bundleOf([caOf(a), caOf(b)]), '']]) {
    const unmarked = step(marked, bundles, now + minutes(14))
    t.equal(unmarked.do, 'unmark')
    t.equal(step(dataOf(unmarked), bundles, now + minutes(14)).do, 'publish')
  }
})

t.test('what is published and unknown to the Secret is taken out', async t => {
  const foreign = quickIssue(start)
  t.same(step(settled, [bundleOf([caOf(a), caOf(foreign)])], start), { do: 'publish', bundle: a.ca })
  t.same(step(settled, [`${a.ca}garbage`], start), { do: 'publish', bundle: a.ca })
})

t.test('a Secret that went away: the CAs that are published stay so, but for expired ones', async t => {
  const old = quickIssue(start - days(91))
  const created = step(undefined, [bundleOf([caOf(old), caOf(a)]), 'garbage'], start)
  t.equal(created.do, 'create')
  t.same('previous' in created && created.previous.map(ca => ca.fingerprint256), [caOf(a).fingerprint256])
})

t.test('a Secret that cannot be served is replaced, with the reason', async t => {
  const other = quickIssue(start)
  const otherKey = (await generateKeys(1024)).privateKey
  const der = Buffer.from(new X509Certificate(a.cert).raw)
  der.writeUInt8(der.readUInt8(der.length - 9) ^ 1, der.length - 9)
  const tampered = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
  const { [entry.key]: _key, ...withoutKey } = settled
  const { [entry.ca]: _ca, ...withoutCa } = settled
  const cases: [string, SecretData, RegExp, number?][] = [
    ['empty', {}, /tls\.crt.* is missing/],
    [
      'expired',
      settled,
      /repeer webhook expired at 2027-02-19T05:00:00.000Z; it is 2027-02-19T05:00:00.000Z here/,
      start + days(90),
    ],
    ['no key', withoutKey, /tls\.key.* is missing/],
    ['no CA', withoutCa, /ca\.crt.* is missing/],
    ['not PEM', { ...settled, [entry.cert]: 'garbage' }, /tls\.crt.* not in PEM/],
    ['cut off', { ...settled, [entry.cert]: a.cert.slice(0, 300) }, /tls\.crt.* not in PEM/],
    [
      'broken inside',
      { ...settled, [entry.cert]: a.cert.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n') },
      /tls\.crt.* not in PEM/,
    ],
    ['broken key', { ...settled, [entry.key]: a.key.slice(0, 200) }, /tls\.key/],
    ['key of another', { ...settled, [entry.key]: otherKey }, /does not belong to the certificate/],
    ['signature broken', { ...settled, [entry.cert]: tampered }, /does not verify against the CA/],
    ['another CA', { ...settled, [entry.ca]: other.ca }, /does not verify against the CA/],
    ['leaf as CA', { ...settled, [entry.ca]: a.cert }, /does not verify against the CA/],
    [
      'another name',
      firstData(quickIssue(start, day, { ...service, namespace: 'elsewhere' }), [], start),
      /is not for repeer-webhook\.repeer-system,/,
    ],
    [
      'far in the future',
      firstData(quickIssue(start + days(2)), [], start),
      /is valid from 2026-11-23T04:55:00.000Z only/,
    ],
  ]
  for (const [name, data, problem, now = start] of cases) {
    const replaced = step(data, [a.ca], now)
    t.equal(replaced.do, 'replace', name)
    t.match('problem' in replaced && replaced.problem, problem, name)
  }
})

t.test('a next certificate that cannot be served is issued again; the present one stays', async t => {
  for (const broken of [
    { ...rotating, [entry.nextKey]: 'x' },
    { ...rotating, [entry.nextCa]: '' },
    { ...settled, [entry.nextCert]: 'x' },
  ]) {
    const again = step(broken, [a.ca], start + days(60))
    t.equal(again.do, 'prepare')
    t.ok('problem' in again && again.problem)
  }
})

t.test('no rotation starts before every API server has the present CA, even when it is due', async t => {
  const short = firstData(quickIssue(start, 60), [], start)
  const marked = withPublished(short, caOf({ ca: short[entry.ca] ?? '' }), start)
  t.same(step(marked, [short[entry.ca] ?? ''], start + 45_000), { do: 'nothing', until: start + minutes(15) })
})

t.test('clocks 5 minutes apart, either way', async t => {
  t.equal(
    step(settled, [a.ca], start - minutes(5)).do,
    'nothing',
    'ours is behind: the certificate has started all the same',
  )
  t.equal(step(settled, [a.ca], start - minutes(10)).do, 'mark', 'not replaced when far behind either')
  t.equal(
    step(withPublished(fresh, caOf(a), start + minutes(5)), [a.ca], start).do,
    'nothing',
    'a mark from the future',
  )
  t.equal(
    step(withPublished(fresh, caOf(a), start + minutes(6)), [a.ca], start).do,
    'mark',
    'a mark from too far in the future',
  )
  t.equal(
    step({ ...fresh, [entry.published]: `${caOf(a).fingerprint256} yesterday` }, [a.ca], start).do,
    'mark',
    'no time at all',
  )
})

t.test('a bundle with as many CAs, but another in place of the next, is no published one', async t => {
  const foreign = bundleOf([caOf(a), caOf(quickIssue(start))])
  t.equal(step(rotating, [foreign], start + days(60)).do, 'publish')
})

t.test('a rotation starts by whichever lives shorter, the certificate or its CA', async t => {
  const serials = [randomBytes(16), randomBytes(16)] as const
  const long = quickIssue(start, 90 * day, service, serials)
  const short = quickIssue(start, 30 * day, service, serials)
  for (const mixed of [
    { ...long, cert: short.cert },
    { ...short, cert: long.cert },
  ]) {
    const data = withPublished(firstData(mixed, [], start), caOf(mixed), start)
    t.same(step(data, [mixed.ca], start), { do: 'nothing', until: start + days(20) })
  }
})

t.test('a switch takes the CAs before along, but for those that have expired', async t => {
  const [old, older] = [quickIssue(start, 80 * day), quickIssue(start, 60 * day)]
  const now = start + days(60)
  const data = withPublished(withNext(firstData(a, [caOf(old), caOf(older)], start), b), caOf(b), now - days(1))
  const switched = step(data, [bundleOf([a, b, old, older].map(caOf))], now)
  t.equal(switched.do, 'switch')
  t.equal(dataOf(switched)[entry.previousCa], bundleOf([caOf(a), caOf(old)]))
})

t.test('a CA is published for as long as it is valid', async t => {
  const end = start + days(90)
  t.match(step(undefined, [a.ca], end - 1), { do: 'create', previous: [{ serialNumber: caOf(a).serialNumber }] })
  t.same(step(undefined, [a.ca], end), { do: 'create', previous: [] })
})

t.test('whether every API server knows the CA by now', async t => {
  const soon = start + minutes(15)
  const rows: [what: string, data: SecretData, now: number, isSettled: boolean][] = [
    ['not published', fresh, soon, false],
    ['published just now', settled, soon - 1, false],
    ['published 10 + 5 minutes ago', settled, soon, true],
    ['another CA is', withPublished(fresh, caOf(b), start), soon, false],
    ['the next one is not: the present one was before', rotating, start, true],
    ['no CA', { ...fresh, [entry.ca]: '' }, soon, false],
    ['no CA, and a mark', { ...settled, [entry.ca]: '' }, soon, false],
    ['what is no CA', { ...fresh, [entry.ca]: 'garbage' }, soon, false],
  ]
  for (const [what, data, now, is] of rows) t.equal(isSettled(readContents(data), now, rotation), is, what)
})
