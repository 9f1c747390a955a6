// One PeerSet for all consumers of a provider chain: discovery as a whole, at a stand-in for the chain and one for the
// API server.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t from 'tap'
import { startApiServer } from '../../demo/api-server.ts'
import { startDiscovery } from '../../discovery/discovery.ts'
import type { PeerSetStatus } from '../../discovery/peer-set.ts'
import { portsOf } from '../../discovery/sources/validators/ports.ts'
import { createProviders, providerDefaults } from '../../discovery/sources/validators/provider.ts'
import { validatorsDefaults, validatorsSource } from '../../discovery/sources/validators/source.ts'
import { injectedPod, plan } from '../cli/fixtures/pods.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { until } from '../fixtures/until.ts'
import { object } from './fixtures/specs.ts'
import { fakeProvider, operatorOf } from './sources/validators/fixtures/provider.ts'

const id = (digit: number) => String(digit).repeat(40)
const names = ['alice', 'bob', 'charlie']
type ConfigMap = KubernetesObject & { data: Record<string, string> }
const namespace = (name: string, from?: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, ...(from ? { annotations: { 'repeer.dev/allow-peersets-from': from } } : {}) },
})

t.test('a consumer that is launched needs no hand; one that is removed leaves its list', async t => {
  const api = await startApiServer()
  const chain = await fakeProvider({
    validators: names.map((moniker, index) => ({ moniker, details: `p2p=${id(index)}@${moniker}.example.org` })),
    consumers: [
      { consumerId: '0', chainId: 'one-1', optedIn: names },
      { consumerId: '1', chainId: 'theirs-1', optedIn: ['bob'] },
      { consumerId: '2', chainId: 'Shouting_1', optedIn: names },
    ],
  })
  for (const object of [namespace('a'), namespace('one-1', 'a'), namespace('theirs-1', 'a'), namespace('two-1')])
    await api.put(object)
  const validators = { endpoints: [chain.url], operator: operatorOf('alice'), consumers: 'all' }
  const output = {
    namespace: '{chainId}',
    configMap: 'consumer-peers',
    key: 'persistent_peers',
    format: 'cometbft-list',
  }
  const deliver = { podSelector: { matchLabels: { app: 'consumer-chain' } } }
  await api.put(object('set', { source: { validators }, output, deliver, interval: '5s' }) as KubernetesObject)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const retry = { minRetryMs: 10, maxRetryMs: 40, random: () => 0 }
  const times = {
    rpc: { ...providerDefaults.rpc, timeoutMs: 1000 },
    retry,
    events: { ...providerDefaults.events, ...retry },
    maxAgeMs: 50,
  }
  const reasons: string[] = []
  const discovery = startDiscovery(config, {
    log: memoryLog(),
    events: { tell: (_object, { reason }) => void reasons.push(reason) },
    allowed: () => true,
    createSource: (spec, parts) => {
      if (spec.kind !== 'validators') throw new Error(spec.kind)
      return validatorsSource(spec.validators, parts, createProviders(parts, times), {
        ...validatorsDefaults,
        probe: async () => undefined,
      })
    },
    coalesceMs: 50,
    times: { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, random: () => 0.5 },
  })
  t.teardown(async () => {
    await discovery.close()
    await chain.close()
    await api.close()
  })
  const list = async (of: string) =>
    (await api.get<ConfigMap>('ConfigMap', 'consumer-peers', of))?.data.persistent_peers
  const status = async () =>
    (await api.get<KubernetesObject & { status?: PeerSetStatus }>('PeerSet', 'set', 'a'))?.status
  const condition = async (type: string) => (await status())?.conditions?.find(found => found.type === type)
  const listOf = (chainId: string) =>
    [1, 2].map(index => `${id(index)}@${names[index]}.example.org:${portsOf(chainId).p2p}`).join(',')

  await until('the first list', async () => (await list('one-1')) === listOf('one-1'))
  await until('the status', async () => (await condition('Written'))?.status === 'True')
  t.match(await status(), {
    consumers: [
      {
        consumerId: '0',
        chainId: 'one-1',
        namespace: 'one-1',
        configMap: 'consumer-peers',
        key: 'persistent_peers',
        peers: 2,
      },
    ],
    peers: 2,
  })
  t.match(
    (await status())?.problems?.find(({ code }) => code === 'bad-name'),
    { subject: 'consumer 2' },
  )
  t.equal(await list('theirs-1'), undefined, 'not validated by this operator')
  t.match(await condition('Delivered'), { status: 'True', reason: 'NoPods' })

  chain.state.consumers.push({ consumerId: '3', chainId: 'two-1', optedIn: names })
  chain.emit()
  await until('no consent', async () => (await condition('Written'))?.reason === 'NoConsent')
  t.match(
    (await condition('Written'))?.message,
    /^1 of 2 lists: consumer 3: namespace two-1 does not let PeerSets of namespace a write/,
  )
  t.equal(await list('two-1'), undefined)
  await api.put(namespace('two-1', 'a'))
  await until('the second list', async () => (await list('two-1')) === listOf('two-1'))

  const labels = { app: 'consumer-chain' }
  const older = injectedPod('older', { namespace: 'two-1' })
  await api.put({
    apiVersion: 'v1',
    kind: 'Pod',
    ...older,
    metadata: { ...older.metadata, labels },
  } as unknown as KubernetesObject)
  await until('the pod', async () => (await condition('Delivered'))?.reason === 'CreateAnew')
  const source = {
    ...plan.sources[0],
    name: 'consumer-peers',
    key: 'persistent_peers',
  } as (typeof plan.sources)[number]
  const newer = injectedPod('older', { namespace: 'two-1', plan: { sources: [source] } })
  await api.put({
    apiVersion: 'v1',
    kind: 'Pod',
    ...newer,
    metadata: { ...newer.metadata, labels },
  } as unknown as KubernetesObject)
  await until('it has the list', async () => (await condition('Delivered'))?.reason === 'Delivered')
  t.ok(reasons.includes('CreateAnew'), 'an Event told of it')

  await api.delete('ConfigMap', 'consumer-peers', 'two-1')
  await until('it is back', async () => (await list('two-1')) === listOf('two-1'))
  chain.state.consumers = chain.state.consumers.filter(({ consumerId }) => consumerId !== '0')
  chain.emit()
  await until('it is removed', async () => (await status())?.consumers?.length === 1)
  t.equal(await list('one-1'), listOf('one-1'), 'its list stays as it is')

  chain.answer.http = () => 'rubbish'
  chain.emit()
  await until('the chain fails', async () => (await condition('SourceHealthy'))?.status === 'False')
  t.match(await status(), { peers: 2, consumers: [{ consumerId: '3', peers: 2 }] }, 'what is listed stays')
  t.equal(await list('two-1'), listOf('two-1'))
})
