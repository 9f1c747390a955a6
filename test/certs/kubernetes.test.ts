// The stores with the real client against an HTTP stand-in for the API server.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { parse } from 'yaml'
import { startKeeper } from '../../certs/keeper.ts'
import { bundleStore, secretStore } from '../../certs/kubernetes.ts'
import { apiRequest } from '../../kubernetes/api-request.ts'
import { until } from '../fixtures/until.ts'
import { type ApiServer, type Json, paths, startApiServer } from './fixtures/api-server.ts'
import { quickIssue, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const manifest = await readFile(new URL('fixtures/mutatingwebhookconfiguration.yaml', import.meta.url), 'utf8')

async function setup(t: { teardown(act: () => unknown): void }) {
  const api = await startApiServer()
  t.teardown(api.close)
  const secrets = secretStore(api.config, 'repeer-system', 'repeer-webhook-tls')
  const bundles = bundleStore(api.config, 'repeer')
  return { api, secrets, bundles }
}

/** The configuration without what a publication may change. */
function others(api: ApiServer): Json {
  return JSON.parse(
    JSON.stringify(api.objects.get(paths.configuration), (key, value) =>
      ['caBundle', 'resourceVersion'].includes(key) ? undefined : value,
    ),
  )
}

t.test('the Secret: get, create if absent, update what has not changed', async t => {
  const { api, secrets } = await setup(t)
  t.equal(await secrets.get(), undefined)
  t.equal(await secrets.createIfAbsent({ 'tls.crt': 'crt', 'tls.key': 'key' }), true)
  t.equal(await secrets.createIfAbsent({ 'tls.crt': 'another' }), false)
  t.match(api.objects.get(paths.secret), {
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64('crt') },
    metadata: { name: 'repeer-webhook-tls' },
  })

  const read = await secrets.get()
  t.same(read?.data, { 'tls.crt': 'crt', 'tls.key': 'key' })
  const version = read?.version ?? ''
  t.equal(await secrets.update(version, { 'tls.crt': 'new' }), true)
  t.equal(await secrets.update(version, { 'tls.crt': 'stale' }), false)
  t.same((await secrets.get())?.data, { 'tls.crt': 'new' })
})

t.test('an update keeps type, labels and annotations, and loses no race', async t => {
  const { api, secrets } = await setup(t)
  const metadata = {
    name: 'repeer-webhook-tls',
    namespace: 'repeer-system',
    labels: { team: 'a' },
    annotations: { note: 'b' },
  }
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data: { 'tls.crt': base64('old') } }
  api.put(paths.secret, secret)
  const first = await secrets.get()
  t.equal(await secrets.update(first?.version ?? '', { 'tls.crt': 'new' }), true)
  t.match(api.objects.get(paths.secret), { type: 'Opaque', metadata, data: { 'tls.crt': base64('new') } })

  const second = await secrets.get()
  api.beforeWrite(() => api.put(paths.secret, secret))
  t.equal(
    await secrets.update(second?.version ?? '', { 'tls.crt': 'lost' }),
    false,
    'changed between the read and the write',
  )
  const third = await secrets.get()
  api.beforeWrite(() => api.objects.delete(paths.secret))
  t.equal(
    await secrets.update(third?.version ?? '', { 'tls.crt': 'lost' }),
    false,
    'deleted between the read and the write',
  )
  t.equal(await secrets.update(third?.version ?? '', { 'tls.crt': 'lost' }), false, 'deleted before')
})

t.test('the caBundle goes into every webhook, and nothing else changes', async t => {
  const { api, bundles } = await setup(t)
  t.equal(await bundles.read(), undefined, 'no configuration')
  api.put(paths.configuration, parse(manifest))
  const before = others(api)
  const read = await bundles.read()
  if (!read) return t.fail('not read')
  t.same(
    read.webhooks.map(webhook => webhook.name),
    ['pods.repeer.dev', 'second.repeer.dev'],
  )
  t.same(
    read.webhooks.map(webhook => webhook.caBundle),
    ['', 'an old one'],
  )

  t.equal(await bundles.patch(read, 'the CAs'), true)
  t.same(
    (await bundles.read())?.webhooks.map(webhook => webhook.caBundle),
    ['the CAs', 'the CAs'],
  )
  t.same(others(api), before)
  t.match(api.requests.at(-2), /^PATCH .*application\/json-patch\+json$/)
})

t.test('a configuration that has changed since it was read is left alone', async t => {
  const { api, bundles } = await setup(t)
  api.put(paths.configuration, parse(manifest))
  const read = await bundles.read()
  if (!read) return t.fail('not read')
  const changed = { reordered: parse(manifest), published: parse(manifest) }
  changed.reordered.webhooks.reverse()
  changed.published.webhooks[1].clientConfig.caBundle = base64('of another replica')
  for (const [how, configuration] of Object.entries(changed)) {
    api.put(paths.configuration, configuration)
    const before = structuredClone(api.objects.get(paths.configuration))
    t.equal(await bundles.patch(read, 'the CAs'), false, how)
    t.same(api.objects.get(paths.configuration), before)
  }
  api.objects.delete(paths.configuration)
  t.equal(await bundles.patch(read, 'the CAs'), false)
})

t.test('errors say what the API answered', async t => {
  const { api, secrets, bundles } = await setup(t)
  api.put(paths.configuration, parse(manifest))
  const read = await bundles.read()
  if (!read) return t.fail('not read')
  api.beforeWrite(() => {
    const object = api.objects.get(paths.configuration)
    if (object) api.objects.set(paths.configuration, { ...object, webhooks: [] })
  })
  await t.rejects(bundles.patch(read, 'the CAs'), /refuses the caBundle/)
  api.refuse(403)
  await t.rejects(secrets.get(), { message: 'The API server answers 403: refused by the test' })
  await t.rejects(secrets.createIfAbsent({}), /403/)
  await t.rejects(bundles.read(), /403/)
  await t.rejects(bundles.patch(read, 'x'), /403/)
  await api.close()
  await t.rejects(secrets.get())
})

t.test('a server that is silent, or never ends its answer, costs one timeout', async t => {
  const { api } = await setup(t)
  const server = createServer((request, response) => {
    if (request.url === '/endless') response.writeHead(200).write('{')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const cluster = {
    name: 'test',
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    skipTLSVerify: true,
  }
  api.config.loadFromClusterAndUser(cluster, { name: 'test' })
  for (const path of ['/silent', '/endless']) {
    const asked = apiRequest(api.config, { method: 'GET', path, expected: [], timeoutMs: 100 })
    await t.rejects(asked, { message: `The API server has not answered GET ${path} within 0.1 s.` })
  }
})

t.test('requests are signed, with the credentials of the kubeconfig', async t => {
  const { api } = await setup(t)
  let authorization: string | undefined
  const server = createServer((request, response) => {
    authorization = request.headers.authorization
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const cluster = {
    name: 'test',
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    skipTLSVerify: true,
  }
  api.config.loadFromClusterAndUser(cluster, { name: 'test', token: 'abc' })
  await secretStore(api.config, 'a', 'b').get()
  t.equal(authorization, 'Bearer abc')
})

t.test('the keeper on top: created, published in all webhooks, and in one that is added later', async t => {
  const { api, secrets, bundles } = await setup(t)
  api.put(paths.configuration, parse(manifest))
  const before = others(api)
  const keepers = await Promise.all(
    Array.from({ length: 3 }, () =>
      startKeeper({
        secrets,
        bundles,
        service,
        log: keptLog(),
        issue: async now => quickIssue(now),
        intervalSeconds: 0.05,
        retrySeconds: 0.05,
      }),
    ),
  )
  t.teardown(() => Promise.all(keepers.map(keeper => keeper.close())))
  await until('published', () => keepers.every(keeper => keeper.published()))
  const ca = keepers[0]?.current().ca ?? ''
  t.equal(new Set(keepers.map(keeper => keeper.current().cert)).size, 1)
  t.same(others(api), before)

  const object = api.objects.get(paths.configuration)
  const [webhook] = parse(manifest).webhooks
  if (object && Array.isArray(object.webhooks))
    api.put(paths.configuration, {
      ...object,
      webhooks: [...object.webhooks, { ...webhook, name: 'third.repeer.dev' }],
    })
  const published = async () => (await bundles.read())?.webhooks.map(({ caBundle }) => caBundle)
  let seen = await published()
  const deadline = Date.now() + 10_000
  while (!seen?.every(bundle => bundle === ca) && Date.now() < deadline) seen = await published()
  t.same(seen, [ca, ca, ca])
})
