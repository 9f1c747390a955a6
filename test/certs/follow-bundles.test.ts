// A caBundle that somebody empties is filled again within two seconds, and that is counted and told; against the
// stand-in for the API server.
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { KubeConfig, type V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startKeeper } from '../../certs/keeper.ts'
import { bundleStore, secretStore } from '../../certs/kubernetes.ts'
import { startApiServer } from '../../demo/api-server.ts'
import { until } from '../fixtures/until.ts'
import { quickIssue, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'

const manifest = await readFile(new URL('fixtures/mutatingwebhookconfiguration.yaml', import.meta.url), 'utf8')

async function setup(t: Test) {
  const api = await startApiServer()
  t.teardown(() => api.close())
  await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system' } })
  const configuration = parse(manifest) as V1MutatingWebhookConfiguration
  await api.put(configuration)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const log = keptLog()
  let lost = 0
  const keeper = await startKeeper({
    secrets: secretStore(config, 'repeer-system', 'repeer-webhook-tls'),
    bundles: bundleStore(config, configuration.metadata?.name ?? '', log),
    service,
    log,
    issue: async now => quickIssue(now),
    lost: () => lost++,
  })
  t.teardown(() => keeper.close())
  const read = () =>
    api.get<V1MutatingWebhookConfiguration>('MutatingWebhookConfiguration', configuration.metadata?.name ?? '')
  const bundles = async () => ((await read())?.webhooks ?? []).map(webhook => webhook.clientConfig.caBundle ?? '')
  return {
    api,
    keeper,
    log,
    lost: () => lost,
    bundles,
    /** Changes the first webhook as an admin does. */
    write: async (caBundle: string, more: object = {}) => {
      const found = await read()
      if (!found) throw new Error('there is no configuration')
      const webhooks = (found.webhooks ?? []).map((webhook, index) =>
        index === 0 ? { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } } : webhook,
      )
      await api.put({ ...found, ...more, webhooks } as V1MutatingWebhookConfiguration)
    },
  }
}

t.test('emptied, and filled again', async t => {
  const given = await setup(t)
  await until('published', given.keeper.published)
  const [full = ''] = await given.bundles()
  t.ok(full)
  const start = performance.now()
  await given.write('')
  await until('noticed', () => !given.keeper.published() || given.keeper.losses() === 1)
  while ((await given.bundles())[0] !== full) await delay(5)
  const seconds = (performance.now() - start) / 1000
  t.ok(seconds < 2, `${seconds} s; the next look would have been a minute later`)
  await until('published again', given.keeper.published)
  t.strictSame([given.keeper.losses(), given.lost()], [1, 1])
  t.ok(given.log.lines.some(({ level, message }) => level === 'warn' && message.includes('a caBundle lacks the CA')))
})

t.test('what leaves the caBundle alone is no loss', async t => {
  const given = await setup(t)
  await until('published', given.keeper.published)
  const [full = ''] = await given.bundles()
  await given.write(full, { metadata: { name: 'repeer', labels: { team: 'a' } } })
  await given.write('')
  await until('the loss that came after it', () => given.keeper.losses() === 1)
  t.equal(given.lost(), 1)
})

t.test('where it may not be watched, that is said once, and the keeper goes on', async t => {
  const given = await setup(t)
  await until('published', given.keeper.published)
  given.api.refuse(403)
  given.api.dropWatches()
  await until('it is said', () =>
    given.log.lines.some(({ message }) => message.includes('are not heard of at the moment')),
  )
  given.api.refuse(undefined)
  t.equal(given.log.lines.filter(({ message }) => message.includes('are not heard of')).length, 1)
})
