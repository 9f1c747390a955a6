// The whole webhook against the stand-in for the API server: it makes its certificate, publishes its CA, learns the
// cluster, and admits a pod over TLS that is verified with the published caBundle and nothing else.

import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { V1MutatingWebhookConfiguration, V1Pod, V1Secret } from '@kubernetes/client-node'
import t from 'tap'
import { parse } from 'yaml'
import { startApiServer } from '../../demo/api-server.ts'
import type { AdmissionAnswer } from '../../webhook/admission.ts'
import type { PatchOperation } from '../../webhook/decide/decision.ts'
import { runWebhook } from '../../webhook/main.ts'
import { parseWebhookOptions } from '../../webhook/options.ts'
import { applyPatch } from '../../webhook/patch/apply.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { until } from '../fixtures/until.ts'
import { nodeData, nodePod, review } from './fixtures/reviews.ts'

const file = new URL('../../manifests/base/mutatingwebhookconfiguration.yaml', import.meta.url)
const configuration = parse(readFileSync(file, 'utf8')) as V1MutatingWebhookConfiguration

type Reply = { readonly status: number; readonly connection: string | undefined; readonly body: string }

function call(port: number, path: string, ca: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const servername = 'repeer-webhook.repeer-system.svc'
    const headers = { 'content-type': 'application/json' }
    const sent = request(
      { host: '127.0.0.1', port, path, servername, ca, agent: false, method: body ? 'POST' : 'GET', headers },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            connection: response.headers.connection,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    sent.on('error', reject).end(body ? JSON.stringify(body) : undefined)
  })
}

t.test('from nothing to an injected pod, and away again', async t => {
  const api = await startApiServer({ version: 'v1.36.3' })
  t.teardown(api.close)
  await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system' } })
  await api.put({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'chain', labels: { 'repeer.dev/inject': 'enabled' } },
  })
  await api.put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'node', namespace: 'chain' },
    data: nodeData,
  } as object)
  await api.put(configuration as object)
  const kubeconfig = join(t.testdir(), 'kubeconfig')
  writeFileSync(kubeconfig, api.kubeconfig)

  const log = memoryLog()
  const { lines } = log
  const stop = new AbortController()
  t.teardown(() => stop.abort())
  const args = [`--kubeconfig=${kubeconfig}`, '--listen=127.0.0.1:0', '--image=repeer:test', '--drain-seconds=0.3']
  let port = 0
  let ended = false
  const run = runWebhook(parseWebhookOptions(args, {}), {
    log,
    signal: stop.signal,
    listening: found => (port = found),
  }).then(() => {
    ended = true
  })
  const published = async () =>
    (await api.get<V1MutatingWebhookConfiguration>('MutatingWebhookConfiguration', 'repeer'))?.webhooks?.[0]
      ?.clientConfig.caBundle
  const ca = Buffer.from(await until('the caBundle', published), 'base64').toString()
  await until('the server to listen', () => port > 0)
  await until('the webhook to be ready', async () => (await call(port, '/readyz', ca)).status === 200)

  const secret = await api.get<V1Secret>('Secret', 'repeer-webhook-tls', 'repeer-system')
  t.equal(secret?.type, 'kubernetes.io/tls')
  const reply = await call(port, '/mutate', ca, review())
  t.equal(reply.status, 200)
  const { response } = JSON.parse(reply.body) as AdmissionAnswer
  t.match(response, { allowed: true, auditAnnotations: { outcome: 'injected', reason: 'wrap' } })
  const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as PatchOperation[]
  const patched: V1Pod = applyPatch(nodePod, patch)
  t.equal(patched.spec?.initContainers?.at(-1)?.image, 'repeer:test')
  t.match(
    patched.metadata?.annotations,
    { 'repeer.dev/peer-hash': /^p1:/, 'repeer.dev/plan': /"canRestartAll":true/ },
    'from the cache and the version',
  )
  const metrics = (await call(port, '/metrics', ca)).body
  t.match(metrics, /repeer_webhook_ready 1\n/)
  t.match(metrics, /process_resident_memory_bytes \d/)
  t.match(metrics, /repeer_webhook_cache_synced\{namespace="chain"\} 1\n/)

  stop.abort()
  const draining = await call(port, '/readyz', ca)
  t.match(draining, { status: 503, connection: 'close', body: /shutting down/ })
  t.match(await call(port, '/mutate', ca, review()), { status: 200 }, 'still served')
  t.notOk(ended)
  await run
  await t.rejects(call(port, '/healthz', ca))
  t.strictSame(
    lines.filter(line => line.level >= 50),
    [],
    'no error was logged',
  )
})

t.test('what keeps it from starting is an error', async t => {
  const log = memoryLog()
  const { signal } = new AbortController()
  const none = parseWebhookOptions(['--image=i', `--kubeconfig=${join(t.testdir(), 'none')}`], {})
  await t.rejects(runWebhook(none, { log, signal }), /none/)
  const api = await startApiServer()
  t.teardown(api.close)
  const dir = t.testdir({ kubeconfig: api.kubeconfig, tls: {} })
  const empty = parseWebhookOptions(
    ['--image=i', `--kubeconfig=${join(dir, 'kubeconfig')}`, `--cert-dir=${join(dir, 'tls')}`],
    {},
  )
  await t.rejects(runWebhook(empty, { log, signal }), /tls\.key|tls\.crt|ca\.crt/)
})
