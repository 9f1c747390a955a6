import t from 'tap'
import { isForEach, keysIn, listsOf, type OneList, together, type Written } from '../../discovery/lists.ts'
import { at, found, spec } from './fixtures/specs.ts'

const validators = { endpoints: ['http://provider:26657'], operator: 'cosmosvaloper1x', consumers: 'all' }
const template = (over: object = {}) =>
  spec({
    source: { validators },
    output: { namespace: '{chainId}', configMap: 'peers', key: 'list', format: 'cometbft-list', ...over },
  }).output
const consumer = (consumerId: string, chainId: string, ...hosts: string[]) => ({
  consumerId,
  chainId,
  found: found(...hosts),
})
const all = (...consumers: ReturnType<typeof consumer>[]) => ({ ...found(), consumers })
const placesOf = (lists: readonly OneList[]) =>
  lists.map(
    ({ output, consumer: whose }) => `${whose?.consumerId} ${output.namespace}/${output.configMap}/${output.key}`,
  )

t.test('one list where it is one', async t => {
  const { output } = spec()
  t.strictSame(listsOf(output, found('a'), {}), { lists: [{ output, found: found('a') }], problems: [] })
  t.notOk(isForEach(output))
  t.ok(isForEach(template()))
})

t.test('a place for each consumer; what gives no name, or another one, is left out and said', async t => {
  const some = all(
    consumer('0', 'one-1', 'a'),
    consumer('3', 'Two_1'),
    consumer('4', 'one-1'),
    consumer('5', '-'),
    consumer('12', 'x'),
  )
  const { lists, problems } = listsOf(template(), some, {})
  t.strictSame(placesOf(lists), ['0 one-1/peers/list', '12 x/peers/list'])
  t.strictSame(lists[0]?.found.peers, [at('a')])
  t.match(problems, [
    {
      code: 'bad-name',
      subject: 'consumer 3',
      message: /^Two_1: spec.output.namespace would be "Two_1", expected a DNS label/,
    },
    { code: 'same-place', subject: 'consumer 4', message: /that of consumer 0, which came first/ },
    { code: 'bad-name', subject: 'consumer 5' },
  ])
  const byId = listsOf(template({ namespace: undefined, configMap: 'peers-{consumerId}', key: '{chainId}' }), some, {})
  t.strictSame(placesOf(byId.lists), [
    '0 a/peers-0/one-1',
    '3 a/peers-3/Two_1',
    '4 a/peers-4/one-1',
    '5 a/peers-5/-',
    '12 a/peers-12/x',
  ])
})

t.test('a source that fails takes no list away: those of the status stay, and nobody in them is doubted', async t => {
  const before = {
    consumers: [{ consumerId: '7', chainId: 'one-1', namespace: 'x', configMap: 'x', key: 'x', peers: 3 }],
  }
  const { lists } = listsOf(template(), found(), before)
  t.strictSame(placesOf(lists), ['7 one-1/peers/list'])
  t.ok(lists[0]?.found.incomplete)
  t.strictSame(listsOf(template(), all(), before).lists, [], 'but one that is removed has none')
})

t.test('which keys of a ConfigMap are whose', async t => {
  const output = template({ configMap: 'p-{consumerId}', key: '{chainId}.txt' })
  t.strictSame(keysIn(output, 'one-1', 'p-3'), ['one-1.txt', 'discovery_metadata'])
  t.strictSame(keysIn(output, 'one-1', 'other'), [])
  t.strictSame(keysIn(template({ namespace: 'n', configMap: 'p-{consumerId}', key: '{chainId}' }), 'n', 'p-3'), [
    'discovery_metadata',
  ])
  t.strictSame(keysIn(spec().output, 'a', 'peers'), ['list', 'discovery_metadata'])
  t.strictSame(keysIn(spec().output, 'b', 'peers'), [])
})

t.test('what came of all lists', async t => {
  const written = (id: string, over: Partial<Written> = {}): Written => ({
    list: { output: template(), found: found(), consumer: { consumerId: id, chainId: `c-${id}` } },
    listed: [at(`host-${id}`)],
    written: { ok: true, reason: 'UpToDate', message: 'there' },
    problems: [],
    change: undefined,
    ...over,
  })
  const good = together([written('1'), written('2', { change: '1 peers' })], true)
  t.match(good, {
    changed: true,
    change: 'consumer 2: 1 peers',
    written: { ok: true },
    listed: [at('host-1'), at('host-2')],
  })
  t.match(good.consumers, [{ consumerId: '1', chainId: 'c-1', peers: 1 }, { consumerId: '2' }])
  const refused = written('2', {
    written: { ok: false, reason: 'NoConsent', message: 'no' },
    problems: [{ code: 'x', subject: 's', message: 'm' }],
  })
  t.match(together([written('1'), refused, written('3')], true), {
    changed: false,
    written: { ok: false, reason: 'NoConsent', message: '1 of 3 lists: consumer 2: no' },
    problems: [{ message: 'consumer 2: m' }],
  })
  const many = Array.from({ length: 9 }, (_, index) =>
    written(String(index), { written: { ok: false, reason: 'Refused', message: 'no' } }),
  )
  t.match(together(many, true).written.message, /^9 of 9 lists: .* and 4 more$/)
  t.match(together([], true), { written: { ok: true }, listed: [], consumers: [] }, 'no consumer is no failure')
  t.strictSame(together([written('1', { change: 'x' })], false), {
    listed: [at('host-1')],
    changed: true,
    written: { ok: true, reason: 'UpToDate', message: 'there' },
    problems: [],
    change: 'x',
  })
})
