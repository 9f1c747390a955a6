import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { skipReasons } from '../../peers/reasons.ts'
import type { AdmissionAnswer } from '../../webhook/admission.ts'
import type { DecideInput, PatchOperation } from '../../webhook/decide/decision.ts'
import { applyPatch } from '../../webhook/patch/apply.ts'
import type { WebhookServer } from '../../webhook/server.ts'
import { malformed } from './fixtures/malformed.ts'
import { injection } from './fixtures/plans.ts'
import { nodePod, review, reviewOf } from './fixtures/reviews.ts'
import { testServer } from './fixtures/server.ts'

async function mutate(app: WebhookServer, body: unknown): Promise<AdmissionAnswer['response']> {
  const response = await app.inject({ method: 'POST', url: '/mutate', payload: body as object })
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`)
  return (response.json() as AdmissionAnswer).response
}
const patchIn = ({ patch = '' }: AdmissionAnswer['response']) =>
  JSON.parse(Buffer.from(patch, 'base64').toString() || '[]') as PatchOperation[]
const metrics = async (app: WebhookServer) => (await app.inject('/metrics')).body

t.test('a node is injected', async t => {
  const { app, lines } = testServer()
  const response = await mutate(app, review())
  t.match(response, { uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true, patchType: 'JSONPatch' })
  t.strictSame(response.auditAnnotations, {
    outcome: 'injected',
    reason: 'wrap',
    container: 'gaiad',
    profile: 'cometbft',
  })
  const patched = applyPatch(nodePod, patchIn(response))
  t.strictSame(
    patched.spec?.initContainers?.map(container => container.name),
    ['repeer-install', 'repeer'],
  )
  t.match(patched.metadata?.annotations, { 'repeer.dev/peer-hash': /^p1:/ })
  const again = await mutate(app, review({ request: { object: patched } }))
  t.notOk(again.patch, 'and once only')
  t.notOk(again.warnings)
  t.match(again.auditAnnotations, { outcome: 'skipped', reason: 'already-injected' })
  t.match(
    lines.find(line => line.msg === 'pod injected'),
    { namespace: 'chain', pod: 'node-0', reason: 'wrap', container: 'gaiad', peers: 2 },
  )
  t.match(await metrics(app), /repeer_webhook_admissions_total\{outcome="injected",reason="wrap"\} 1\n/)
  t.match(await metrics(app), /repeer_webhook_admission_duration_seconds_count 2\n/)
})

t.test('counters begin at zero, so that increase() sees the first of each', async t => {
  const lines = (await metrics(testServer().app)).split('\n')
  const admitted = [
    ...['wrap', 'signal', 'observe'].map(reason => ['injected', reason]),
    ...Object.keys(skipReasons).map(reason => [reason === 'internal-error' ? 'failed' : 'skipped', reason]),
    ['ignored', 'not-a-pod'],
  ].map(([outcome, reason]) => `repeer_webhook_admissions_total{outcome="${outcome}",reason="${reason}"} 0`)
  const expected = [
    ...admitted,
    ...[400, 404, 413, 415, 500].map(code => `repeer_webhook_failed_requests_total{code="${code}"} 0`),
    ...['slow-handshake', 'idle', 'slow-request', 'slow-reader', 'room', 'bytes'].map(
      why => `repeer_webhook_connections_closed_total{why="${why}"} 0`,
    ),
  ]
  for (const line of expected) t.ok(lines.includes(line), line)
  t.equal(lines.filter(line => /^repeer_webhook_\w+_total\{/.test(line)).length, expected.length, 'and no other')
})

t.test('a skipped pod gets its reason as warning, unless its owner knows it', async t => {
  const { app } = testServer()
  const plain = await mutate(app, reviewOf({ containers: [{ name: 'db', image: 'postgres' }], volumes: [] }))
  t.match(plain, { allowed: true, patch: undefined, auditAnnotations: { outcome: 'skipped', reason: 'not-a-node' } })
  t.match(plain.warnings?.[0], /^repeer: not-a-node: no container of the pod looks like/)
  const out = await mutate(
    app,
    reviewOf(
      {},
      { annotations: { 'repeer.dev/inject': 'false', 'repeer.dev/turn': 'forged', 'repeer.dev/plan': 'forged' } },
    ),
  )
  t.match(out, { allowed: true, warnings: undefined, auditAnnotations: { outcome: 'skipped', reason: 'opted-out' } })
  t.strictSame(patchIn(out), [
    { op: 'remove', path: '/metadata/annotations/repeer.dev~1turn' },
    { op: 'remove', path: '/metadata/annotations/repeer.dev~1plan' },
  ])
  const sidecar = { name: 'repeer', image: 'registry.example.com/repeer:1' }
  const byHand = await mutate(
    app,
    reviewOf({ initContainers: [sidecar] }, { annotations: { 'repeer.dev/inject': 'false', 'repeer.dev/plan': '{}' } }),
  )
  t.equal(byHand.patch, undefined, 'a pod with a sidecar keeps its plan: repeer inject has put both there')
  t.match(await metrics(app), /repeer_webhook_admissions_total\{outcome="skipped",reason="not-a-node"\} 1\n/)
})

t.test("a decision's warnings are passed on, cut to what Kubernetes advises", async t => {
  const { app } = testServer({
    decide: () => injection({ container: 'gaiad' }, { warnings: ['short', 'long '.repeat(100)] }),
  })
  const { warnings = [] } = await mutate(app, review())
  t.equal(warnings[0], 'repeer: short')
  t.equal(warnings[1]?.length, 256)
})

t.test('whatever goes wrong inside, the pod is let in', async t => {
  const failures: Record<string, () => never> = {
    'an error': () => {
      throw new Error('secret detail in peers.toml')
    },
    'no error at all': () => {
      throw 'secret detail'
    },
    'too deep a recursion': () => {
      const deeper = (): never => deeper()
      return deeper()
    },
  }
  for (const [what, decide] of Object.entries(failures)) {
    const { app, lines } = testServer({ decide })
    const response = await mutate(app, review())
    t.match(response, { uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true, patch: undefined }, what)
    t.match(response.auditAnnotations, { outcome: 'failed', reason: 'internal-error' })
    t.match(response.warnings?.[0], /^repeer: internal-error: /)
    t.notMatch(JSON.stringify(response), /secret|at .*\.ts/, 'no detail, no stack')
    t.match(
      lines.find(line => line.level === 50),
      { reason: 'internal-error', namespace: 'chain' },
    )
    t.match(await metrics(app), /repeer_webhook_admissions_total\{outcome="failed",reason="internal-error"\} 1\n/)
  }
  const { app } = testServer({ decide: () => injection({ container: 'another' }) })
  t.match((await mutate(app, review())).auditAnnotations, { outcome: 'failed' }, 'a plan that does not fit the pod')
})

t.test('what is not the creation of a pod is let in untouched', async t => {
  const { app } = testServer({
    decide: () => {
      throw new Error('not to be asked')
    },
  })
  for (const request of [{ operation: 'DELETE', object: null }, { operation: 'UPDATE' }, { subResource: 'status' }]) {
    const response = await mutate(app, review({ request }))
    t.strictSame(response, { uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true })
  }
  t.match(await metrics(app), /outcome="ignored",reason="not-a-pod"\} 3\n/)
})

t.test('decide is told the namespace of the request, its labels and its ConfigMaps', async t => {
  const seen: DecideInput[] = []
  const asked: string[] = []
  const { app } = testServer({
    decide: input => {
      seen.push(input)
      input.configMap('node')
      return { inject: false, reason: 'no-peers', message: '' }
    },
    namespace: name => (name === 'known' ? { name, labels: { a: 'b' }, annotations: {} } : undefined),
    configMap: (namespace, name) => {
      asked.push(`${namespace}/${name}`)
      return 'unknown'
    },
  })
  // Pods made by controllers have no namespace in their metadata yet.
  await mutate(app, reviewOf({}, { generateName: 'node-' }))
  await mutate(app, review({ request: { namespace: 'known' } }))
  t.match(seen[0]?.namespace, {
    name: 'chain',
    labels: { 'repeer.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' },
  })
  t.strictSame(seen[1]?.namespace, { name: 'known', labels: { a: 'b' }, annotations: {} })
  t.strictSame(asked, ['chain/node', 'known/node'])
})

t.test('an unsynced cache: injected without content, and it is said', async t => {
  const annotations = { 'repeer.dev/config': 'configmap/node/config.toml' }
  const { app } = testServer({ namespace: () => undefined, configMap: () => 'unknown' })
  const response = await mutate(app, reviewOf({}, { annotations }))
  t.match(response.auditAnnotations, { outcome: 'injected' })
  t.match(response.warnings?.join(), /not in the cache yet/)
  t.notMatch(JSON.stringify(patchIn(response)), /peer-hash","value/)
})

t.test('a dry run gets the same answer', async t => {
  const { app } = testServer()
  t.strictSame(await mutate(app, review({ request: { dryRun: true } })), await mutate(app, review()))
})

t.test('malformed reviews get 400 and say what is wrong', async t => {
  const { app } = testServer()
  for (const [what, body, message] of malformed) {
    const response = await app.inject({
      method: 'POST',
      url: '/mutate',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    })
    t.equal(response.statusCode, 400, what)
    t.match(response.json(), { error: 'bad-request', message }, what)
    t.notMatch(response.body, /\.ts|node_modules|stack/, what)
  }
  t.match(await metrics(app), new RegExp(`repeer_webhook_failed_requests_total\\{code="400"\\} ${malformed.length}\n`))
  t.match(await mutate(app, review()), { allowed: true }, 'and the server goes on')
})

t.test('bodies that are no JSON, too large, or of another type', async t => {
  const { app } = testServer()
  const post = (payload: string | Buffer, type = 'application/json') =>
    app.inject({ method: 'POST', url: '/mutate', headers: { 'content-type': type }, payload })
  const json = [
    '',
    '{',
    '{"a":',
    'null,',
    '\u0000',
    '{"a":1}}',
    "{'a':1}",
    '{"__proto__":{"allowed":false}}',
    '\ud800',
    '[',
    'NaN',
    '{"a":1e}',
    'undefined',
  ]
  for (const body of json) {
    const response = await post(body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.match(response.json(), {
      error: 'bad-request',
      message: /expected an AdmissionReview|expected a JSON object|^apiVersion/,
    })
  }
  t.equal((await post(Buffer.from([0xff, 0xfe, 0x00]))).statusCode, 400, 'no UTF-8')
  t.equal((await post('['.repeat(1_000_000))).statusCode, 400, 'a deep nesting')
  const large = await post(JSON.stringify({ filler: 'x'.repeat(3 * 1024 * 1024) }))
  t.equal(large.statusCode, 413)
  t.match(large.json(), { error: 'too-large', message: /more than 3145728 bytes/ })
  for (const type of [
    'text/plain',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/x-www-form-urlencoded',
  ]) {
    const response = await post('{}', type)
    t.equal(response.statusCode, 415, type)
    t.match(response.json(), { error: 'unsupported-media-type' })
  }
  t.equal((await post(JSON.stringify(review()), 'application/json; charset=utf-8')).statusCode, 200)
})

t.test('other routes', async t => {
  const missing = ['a']
  const { app } = testServer({ ready: () => missing, degraded: () => ['b'] })
  t.equal((await app.inject('/healthz')).statusCode, 200)
  const unready = await app.inject('/readyz')
  t.equal(unready.statusCode, 503)
  t.strictSame(unready.json(), { ready: false, missing: ['a'], degraded: ['b'] })
  t.match(await metrics(app), /repeer_webhook_ready 0\n/)
  missing.pop()
  t.strictSame(
    (await app.inject('/readyz')).json(),
    { ready: true, missing: [], degraded: ['b'] },
    'degraded is no reason to be unready',
  )
  t.match(await metrics(app), /repeer_webhook_ready 1\n/)
  t.match(await metrics(app), /repeer_webhook_cache_synced\{namespace="chain"\} 1\n/)
  t.match(await metrics(app), /repeer_webhook_certificate_expiry_timestamp_seconds 4102444800\n/)
  for (const [method, url] of [
    ['GET', '/mutate'],
    ['POST', '/'],
    ['GET', '/../etc/passwd'],
  ] as const) {
    const response = await app.inject({ method, url })
    t.equal(response.statusCode, 404)
    t.match(response.json(), { error: 'not-found', message: /expected POST \/mutate/ })
  }
})

t.test('requests at the same time do not mix', async t => {
  const { app } = testServer()
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const name = `node-${index}`
      const object: V1Pod = { ...nodePod, metadata: { name, annotations: { 'repeer.dev/group': name } } }
      const response = await mutate(app, review({ request: { uid: name, object } }))
      const plan = JSON.parse(
        applyPatch(object, patchIn(response)).metadata?.annotations?.['repeer.dev/plan'] ?? '{}',
      ) as {
        group?: string
      }
      return [response.uid, plan.group]
    }),
  )
  for (const [index, [uid, group]] of answers.entries()) {
    t.equal(uid, `node-${index}`)
    t.match(group, new RegExp(`node-${index}$`))
  }
})
