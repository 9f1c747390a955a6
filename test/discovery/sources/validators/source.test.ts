import t, { type Test } from 'tap'
import type { Exclude } from '../../../../discovery/peer-set.ts'
import { maxConsumers } from '../../../../discovery/sources/validators/consumers.ts'
import { portsOf } from '../../../../discovery/sources/validators/ports.ts'
import { createProviders, providerDefaults } from '../../../../discovery/sources/validators/provider.ts'
import { validatorsDefaults, validatorsSource } from '../../../../discovery/sources/validators/source.ts'
import { until } from '../../../fixtures/until.ts'
import { type FakeProvider, fakeProvider, operatorOf } from './fixtures/provider.ts'

const id = (digit: string) => digit.repeat(40)
const { signal } = new AbortController()
const names = ['alice', 'bob', 'charlie']
const chain = () => ({
  validators: names.map((moniker, index) => ({ moniker, details: `p2p=${id(String(index))}@${moniker}.example.org` })),
  consumers: [
    { consumerId: '0', chainId: 'consumer-0-1751686503-0', optedIn: names },
    { consumerId: '1', chainId: 'other-1', optedIn: ['bob'] },
    { consumerId: '2', chainId: 'early-1', optedIn: names, launched: false },
  ],
})
const retry = { minRetryMs: 10, maxRetryMs: 40, random: () => 0 }

function open(t: Test, providers: readonly FakeProvider[], more: object = {}, allowPrivate = false, exclude?: Exclude) {
  const hints = { count: 0 }
  const parts = {
    hint: () => void hints.count++,
    log: { debug() {}, info() {}, warn() {} },
    now: Date.now,
    allowPrivate,
    ...(exclude ? { exclude } : {}),
  }
  const events = { ...providerDefaults.events, ...retry, pingMs: 50, timeoutMs: 3000 }
  const rpc = { ...providerDefaults.rpc, timeoutMs: 3000, maxBytes: 100_000 }
  const times = { rpc, retry, events, maxAgeMs: 0 }
  const options = { ...validatorsDefaults, probe: () => Promise.resolve(undefined) }
  const spec = { endpoints: providers.map(({ url }) => url), operator: operatorOf('alice'), consumer: '0', ...more }
  const source = validatorsSource(spec, parts, createProviders(parts, times), options)
  t.teardown(() => source.close())
  return { source, hints }
}

async function started(t: Test, ...more: Parameters<typeof fakeProvider>) {
  const provider = await fakeProvider(...more)
  t.teardown(() => provider.close())
  return provider
}

t.test('the peers of a consumer', async t => {
  const provider = await started(t, chain())
  const { source, hints } = open(t, [provider], { chainId: 'provider' })
  const found = await source.look(signal)
  t.same(
    found.peers.map(({ id, host, port }) => [id, host, port]),
    [
      [id('1'), 'bob.example.org', 28_766],
      [id('2'), 'charlie.example.org', 28_766],
    ],
  )
  t.equal(found.considered, 2)
  await until('events', () => provider.sockets() === 1 && hints.count > 0)
  await until('no warning', async () => (await source.look(signal)).problems.length === 0)
  const before = hints.count
  Object.assign(provider.state.validators[1] ?? {}, { details: `p2p=${id('1')}@moved.example.org` })
  provider.emit()
  await until('a hint', () => hints.count > before)
  t.equal((await source.look(signal)).peers[0]?.host, 'moved.example.org')
  await source.close()
  await until('the connection is ended', () => provider.sockets() === 0)
})

t.test('what is not this operator is not touched', async t => {
  const provider = await started(t, chain())
  await t.rejects(
    open(t, [provider], { consumer: 'other-1' }).source.look(signal),
    /does not validate consumer other-1: its list is not touched/,
  )
  await t.rejects(
    open(t, [provider], { consumer: 'early-1' }).source.look(signal),
    /no consumer early-1 that has been launched/,
  )
  await t.rejects(
    open(t, [provider], { operator: operatorOf('nobody') }).source.look(signal),
    /has no validator cosmosvaloper1/,
  )
})

t.test('another consumer with the same chain ID takes nothing', async t => {
  const provider = await started(t, chain())
  provider.state.consumers.push({ consumerId: '3', chainId: 'consumer-0-1751686503-0', optedIn: ['bob'] })
  const { source } = open(t, [provider], { consumer: 'consumer-0-1751686503-0' })
  t.equal((await source.look(signal)).peers.length, 2)
  provider.state.consumers.push({ consumerId: '4', chainId: 'consumer-0-1751686503-0', optedIn: ['alice', 'bob'] })
  await t.rejects(source.look(signal), /validates consumers 0 and 4, all with chain ID consumer-0-1751686503-0/)
  await t.rejects(
    open(t, [provider], { consumer: '4' }).source.look(signal),
    /P2P port 28766 .* came first and keeps it: agree on another/,
  )
  const stated = await open(t, [provider], { consumer: '4', port: 26_656 }).source.look(signal)
  t.same(
    stated.peers.map(({ port }) => port),
    [26_656],
  )
})

t.test('an endpoint that cannot be believed is passed over', async t => {
  const bad = await started(t, chain())
  const good = await started(t, chain())
  const { source } = open(t, [bad, good], { chainId: 'provider' })
  const value = (text: string) => JSON.stringify({ result: { response: { value: text } } })
  const answers = [
    '<html>',
    '',
    'null',
    '[]',
    '{"result":{}}',
    value('/////w=='),
    `{"result":"${'x'.repeat(200_000)}"}`,
    '{"error":{"data":"no"}}',
  ]
  for (const answer of answers) {
    bad.answer.http = () => answer
    t.equal((await source.look(signal)).peers.length, 2, answer.slice(0, 40))
    good.answer.http = () => 'rubbish'
    await t.rejects(source.look(signal), /no endpoint of the provider chain can be used: .*127.0.0.1/)
    delete good.answer.http
    await until('both are asked again', () =>
      source.look(signal).then(
        () => true,
        () => false,
      ),
    )
  }
  delete bad.answer.http
  const sole = open(t, [bad], { chainId: 'provider' }).source
  bad.state.network = 'another'
  await t.rejects(sole.look(signal), /found the chain "another", expected provider/)
  bad.state.network = 'provider'
  bad.state.catchingUp = true
  await until('catching up', () =>
    sole.look(signal).then(
      () => false,
      (error: Error) => /still catching up/.test(error.message),
    ),
  )
  bad.state.catchingUp = false
  await until('a good answer', () =>
    sole.look(signal).then(
      () => true,
      () => false,
    ),
  )
  bad.state.height = 5
  await until('it is behind', () =>
    sole.look(signal).then(
      () => false,
      (error: Error) => /found block 5, expected 10 or later/.test(error.message),
    ),
  )
})

t.test('a chain that stands still is said', async t => {
  const provider = await started(t, { ...chain(), blockTime: new Date(Date.now() - 3_600_000).toISOString() })
  const { problems } = await open(t, [provider]).source.look(signal)
  t.match(
    problems.find(({ code }) => code === 'stands-still'),
    { subject: 'chain provider', message: /is 3600 s old/ },
  )
})

t.test('more validators than one page', async t => {
  const many = Array.from({ length: 450 }, (_, index) => `v${index}`)
  const validators = ['alice', ...many].map((moniker, index) => ({
    moniker,
    details: `p2p=${index.toString(16).padStart(40, '0')}@${moniker}.example.org`,
  }))
  const provider = await started(t, {
    validators,
    consumers: [{ consumerId: '0', chainId: 'c', optedIn: ['alice', ...many] }],
  })
  provider.answer = {}
  const parts = { hint() {}, log: { debug() {}, info() {}, warn() {} }, now: Date.now, allowPrivate: false }
  const spec = { endpoints: [provider.url], operator: operatorOf('alice'), consumer: 'c' }
  const source = validatorsSource(spec, parts, createProviders(parts), {
    ...validatorsDefaults,
    probe: () => Promise.resolve(undefined),
  })
  t.teardown(() => source.close())
  t.equal((await source.look(signal)).peers.length, 450)
  t.equal(provider.asked.get('/cosmos.staking.v1beta1.Query/Validators'), 3)
})

t.test('what is wrong with a spec', async t => {
  const parts = { hint() {}, log: { debug() {}, info() {}, warn() {} }, now: Date.now, allowPrivate: false }
  const good = { endpoints: ['http://a:26657'], operator: operatorOf('alice'), consumer: '0' }
  const bad: readonly object[] = [
    { endpoints: [] },
    { endpoints: ['ftp://a'] },
    { endpoints: ['http://user:password@a'] },
    { operator: 'cosmosvaloper1x' },
    { operator: undefined },
    { consumer: '' },
    { port: 0 },
    { probe: 'http' },
    { computeNodeIds: true },
    { unknown: 1 },
    { consumers: 'all' },
    { consumer: undefined },
    { consumer: undefined, consumers: 'some' },
    { consumer: undefined, consumers: 'all', port: 26_656 },
    { portFormula: 'of-mine' },
  ]
  for (const change of bad)
    t.throws(() => validatorsSource({ ...good, ...change }, parts), /^spec.source.validators/, JSON.stringify(change))
})

t.test('all consumers that the operator validates, each with its own peers and port', async t => {
  const provider = await started(t, chain())
  provider.state.consumers.push({ consumerId: '4', chainId: 'two-1', optedIn: ['alice', 'charlie'] })
  const all = { consumer: undefined, consumers: 'all' }
  const { source } = open(t, [provider], all)
  const told = async () => {
    const { consumers = [], peers, considered } = await source.look(signal)
    return {
      each: consumers.map(({ consumerId, chainId, found }) => [
        consumerId,
        chainId,
        found.peers.map(({ host, port }) => `${host}:${port}`),
      ]),
      peers: peers.length,
      considered,
    }
  }
  const first = ['0', 'consumer-0-1751686503-0', ['bob.example.org:28766', 'charlie.example.org:28766']]
  const two = ['4', 'two-1', [`charlie.example.org:${portsOf('two-1').p2p}`]]
  t.same(
    await told(),
    { each: [first, two], peers: 3, considered: 3 },
    'not the one of others, nor the one that is not launched',
  )

  provider.state.consumers.push({ consumerId: '7', chainId: 'three-1', optedIn: ['alice'] })
  t.same(
    (await told()).each,
    [first, two, ['7', 'three-1', []]],
    'a newly launched one, which nobody else validates yet',
  )
  provider.state.consumers = provider.state.consumers.filter(({ consumerId }) => consumerId !== '0')
  t.same((await told()).each, [two, ['7', 'three-1', []]], 'one that was removed')
  provider.state.consumers = []
  t.same(await told(), { each: [], peers: 0, considered: 0 }, 'none is no failure')

  const guide = await open(t, [await started(t, chain())], { ...all, portFormula: 'ics-guide' }).source.look(signal)
  t.same(
    guide.peers.map(({ port }) => port),
    [30_301, 30_301],
  )
})

t.test('all consumers: who is left out, and how many there are at most', async t => {
  const provider = await started(t, chain())
  const all = { consumer: undefined, consumers: 'all' }
  provider.state.consumers = [
    { consumerId: '0', chainId: 'one-1', optedIn: names },
    { consumerId: '1', chainId: 'one-1', optedIn: names },
    { consumerId: '2', chainId: 'two-1', optedIn: names },
    { consumerId: '3', chainId: 'three-1', optedIn: names },
  ]
  const exclude = { ids: [], hosts: [], names: ['2', 'three-1', 'bob'] }
  const { source } = open(t, [provider], all, false, exclude)
  const found = await source.look(signal)
  t.same(
    found.consumers?.map(({ consumerId, found: { peers } }) => [consumerId, peers.map(({ host }) => host)]),
    [['0', ['charlie.example.org']]],
    'by ID, by chain ID, a validator, and who has no port',
  )
  t.match(found.problems, [{}, { code: 'port-taken', subject: 'consumer 1' }].slice(-1))

  provider.state.consumers = Array.from({ length: maxConsumers + 2 }, (_, index) => ({
    consumerId: String(index),
    chainId: `chain-${index}`,
    optedIn: ['alice'],
  }))
  const many = await open(t, [provider], all).source.look(signal)
  const withPort = (many.consumers ?? []).length
  t.ok(
    withPort <= maxConsumers && withPort > maxConsumers - 15,
    `${withPort} of the first ${maxConsumers} have a port of their own`,
  )
  t.ok((many.consumers ?? []).every(({ consumerId }) => Number(consumerId) < maxConsumers))
  t.ok(
    many.problems.some(({ code, message }) => code === 'too-many-consumers' && /the last 2 are left out/.test(message)),
  )
})
