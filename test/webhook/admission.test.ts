import t from 'tap'
import { allow, allowPatched, MalformedReview, parseReview } from '../../webhook/admission.ts'
import { malformed } from './fixtures/malformed.ts'
import { nodePod, review } from './fixtures/reviews.ts'

t.test('a good review', t => {
  t.strictSame(parseReview(review()), {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    operation: 'CREATE',
    namespace: 'chain',
    dryRun: false,
    pod: nodePod,
  })
  t.equal(parseReview(review({ request: { dryRun: undefined, subResource: null } })).dryRun, false)
  t.end()
})

t.test('anything but the creation of a pod has no pod', t => {
  const others = [
    { operation: 'UPDATE' },
    { operation: 'DELETE', object: null },
    { operation: 'CONNECT' },
    { subResource: 'ephemeralcontainers' },
    { resource: { group: 'apps', version: 'v1', resource: 'deployments' }, object: { kind: 'Deployment' } },
    { resource: { group: 'example.com', version: 'v1', resource: 'pods' } },
  ]
  for (const request of others) t.equal(parseReview(review({ request })).pod, undefined, JSON.stringify(request))
  t.end()
})

t.test('malformed reviews: each message names the field, what was found and what was expected', t => {
  t.ok(malformed.length >= 50, `${malformed.length} rows`)
  for (const [what, body, message] of malformed) {
    try {
      t.fail(`${what}: found ${JSON.stringify(parseReview(body))}`)
    } catch (error) {
      t.ok(error instanceof MalformedReview, what)
      t.match((error as Error).message, message, what)
    }
  }
  t.end()
})

t.test('however long the name or the value of what is malformed, the message is short', t => {
  for (const annotations of [{ [`k${'é'.repeat(31_000)}`]: 1 }, { k: { [`${'x'.repeat(31_000)}`]: 'v' } }]) {
    const object = { ...nodePod, metadata: { annotations } }
    const refuse = () => parseReview(review({ request: { object } }))
    t.throws(refuse, /^request\.object\.metadata\.annotations\["k.*expected a string$/)
    t.throws(refuse, { message: /^.{1,200}$/ })
  }
  // 56 characters and the quotation mark: the first half of the next character would be left.
  const uid = `${'x'.repeat(55)}👩${'x'.repeat(300)}`
  t.throws(() => parseReview(review({ request: { uid } })), { message: /found "x{55}\.\.\., expected/ })
  t.end()
})

t.test('answers', t => {
  t.strictSame(allow('u'), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: true },
  })
  t.strictSame(allowPatched('u', []), allow('u'), 'an empty patch is none')
  const patch = [{ op: 'add', path: '/metadata/labels', value: { a: 'ä' } }] as const
  const { response } = allowPatched('u', patch, { auditAnnotations: { reason: 'wrap' } })
  t.equal(response.patchType, 'JSONPatch')
  t.strictSame(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()), patch)
  t.strictSame(response.auditAnnotations, { reason: 'wrap' })
  t.end()
})

t.test('warnings are single lines of at most 256 characters', t => {
  const { warnings = [] } = allow('u', { warnings: [`a\nb\r\n\u0000c\ud800d`, 'x'.repeat(300)] }).response
  t.equal(warnings[0], 'a b c d')
  t.equal(warnings[1]?.length, 256)
  t.match(warnings[1], /x\.\.\.$/)
  const [cut] = allow('u', { warnings: [`${'x'.repeat(252)}👩${'x'.repeat(99)}`] }).response.warnings ?? []
  t.equal(cut, `${'x'.repeat(252)}...`, 'no half of a character is left at the cut')
  t.end()
})
