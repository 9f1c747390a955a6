import t from 'tap'
import { type FieldProblem, Fields } from '../../../peers/fields.ts'
import { type DeliveringSet, deliveriesTo, readDelivering } from '../../../peers/peer-set/delivering.ts'
import { readDelivery, selects } from '../../../peers/peer-set/delivery.ts'

const podSelector = { matchLabels: { app: 'node' } }
const raw = (over: { metadata?: object; spec?: object; status?: object } = {}) => ({
  metadata: { namespace: 'a', name: 'set', ...over.metadata },
  spec: {
    source: { static: { peers: ['a:1'] } },
    output: { configMap: 'peers', key: 'list', format: 'cometbft-list' },
    deliver: { podSelector },
    ...over.spec,
  },
  status: over.status,
})
const all = { source: { validators: { consumers: 'all' } } }
function set(over: Parameters<typeof raw>[0] = {}): DeliveringSet {
  const read = readDelivering(raw(over))
  if (!read) throw new Error('it delivers nothing')
  return read
}

t.test('what is read of a PeerSet, and what delivers nothing', async t => {
  t.match(set({ spec: { deliver: { podSelector, container: 'node', profile: 'cometbft' } } }), {
    namespace: 'a',
    name: 'set',
    output: { namespace: 'a', configMap: 'peers' },
    delivery: { container: 'node', profile: 'cometbft' },
  })
  const nothing: unknown[] = [
    undefined,
    null,
    {},
    raw({ spec: { deliver: undefined } }),
    raw({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    raw({ spec: { output: {} } }),
    raw({ spec: { deliver: {} } }),
    raw({ spec: { deliver: { podSelector: {} } } }),
    raw({ spec: { deliver: { podSelector: { matchLabels: { a: 1 } } } } }),
    raw({ spec: { deliver: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } } } }),
    raw({ spec: { deliver: { podSelector, container: 'A' } } }),
    raw({ spec: { deliver: { podSelector, profile: 'dogecoin' } } }),
    raw({ spec: { deliver: 'x' } }),
    raw({ spec: { output: { namespace: '{chainId}', configMap: 'peers', key: 'list', format: 'cometbft-list' } } }),
  ]
  for (const object of nothing) t.equal(readDelivering(object), undefined, JSON.stringify(object))
})

t.test('a selector means what the API server means by it', async t => {
  const selector = (given: object) => {
    const problems: FieldProblem[] = []
    const { podSelector } = readDelivery(new Fields({ podSelector: given }, 'spec.deliver', problems))
    t.strictSame(problems, [])
    return podSelector
  }
  const expression = (operator: string, values?: string[]) => ({
    matchExpressions: [{ key: 'a', operator, ...(values ? { values } : {}) }],
  })
  const rows: [selector: object, labels: Record<string, string>, boolean][] = [
    [{ matchLabels: { a: '1', b: '2' } }, { a: '1', b: '2', c: '3' }, true],
    [{ matchLabels: { a: '1', b: '2' } }, { a: '1' }, false],
    [expression('In', ['1', '2']), { a: '2' }, true],
    [expression('In', ['1', '2']), { a: '3' }, false],
    [expression('In', ['1']), {}, false],
    [expression('NotIn', ['1']), { a: '1' }, false],
    [expression('NotIn', ['1']), { a: '2' }, true],
    [expression('NotIn', ['1']), {}, true],
    [expression('Exists'), { a: '' }, true],
    [expression('Exists'), {}, false],
    [expression('DoesNotExist'), {}, true],
    [expression('DoesNotExist'), { a: '' }, false],
    [{ matchLabels: { constructor: 'x' } }, {}, false],
    [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, {}, false],
    [{ matchLabels: { b: '2' }, ...expression('Exists') }, { a: '1' }, false],
  ]
  for (const [given, labels, expected] of rows)
    t.equal(selects(selector(given), labels), expected, `${JSON.stringify(given)} ${JSON.stringify(labels)}`)
})

const pod = (over: object = {}) => ({
  namespace: { name: 'a', annotations: {} },
  labels: { app: 'node' },
  containers: ['node', 'helper'],
  ...over,
})
const consenting = (name: string, from: string) => ({ name, annotations: { 'repeer.dev/allow-peersets-from': from } })
const placesOf = (found: ReturnType<typeof deliveriesTo>) =>
  found.delivered.map(({ set, configMap, key }) => `${set} ${configMap}/${key}`)

t.test('whom a PeerSet delivers to', async t => {
  t.strictSame(
    placesOf(deliveriesTo(pod(), [set({ metadata: { name: 'z' } }), set()])),
    ['a/set peers/list', 'a/z peers/list'],
    'by name',
  )
  t.strictSame(deliveriesTo(pod({ labels: { app: 'other' } }), [set()]), { delivered: [], warnings: [] })
  t.strictSame(deliveriesTo(pod({ namespace: { name: 'b', annotations: {} } }), [set()]), {
    delivered: [],
    warnings: [],
  })
  const missing = deliveriesTo(pod(), [set({ spec: { deliver: { podSelector, container: 'geth' } } })])
  t.match(missing, {
    delivered: [],
    warnings: ['PeerSet a/set delivers to container geth, which the pod does not have'],
  })
})

t.test('into another namespace only by its consent', async t => {
  const abroad = set({ spec: { output: { namespace: 'b', configMap: 'peers', key: 'list', format: 'cometbft-list' } } })
  t.match(deliveriesTo(pod({ namespace: { name: 'b', annotations: {} } }), [abroad]), {
    delivered: [],
    warnings: ['PeerSet a/set would deliver a list, but namespace b has no repeer.dev/allow-peersets-from: a'],
  })
  t.strictSame(placesOf(deliveriesTo(pod({ namespace: consenting('b', 'x, a') }), [abroad])), ['a/set peers/list'])
  t.strictSame(placesOf(deliveriesTo(pod({ namespace: consenting('b', '*') }), [abroad])), ['a/set peers/list'])
  t.strictSame(placesOf(deliveriesTo(pod({ namespace: consenting('b', 'x') }), [abroad])), [])
  t.strictSame(placesOf(deliveriesTo(pod(), [abroad])), [], 'its own namespace has another list')
})

t.test('of all consumers, the one that the pod is of', async t => {
  const output = (over: object) => ({ configMap: 'peers', key: 'list', format: 'cometbft-list', ...over })
  const status = { consumers: [{ chainId: 'chain-7', consumerId: '7' }, { chainId: 'x' }, null, 'y'] }
  const rows: [output: object, namespace: string, labels: object, place: string | undefined][] = [
    [output({ namespace: '{chainId}' }), 'chain-7', {}, 'a/set peers/list'],
    [output({ namespace: '{chainId}', configMap: 'p-{consumerId}' }), 'chain-7', {}, 'a/set p-7/list'],
    [output({ namespace: '{chainId}', configMap: 'p-{consumerId}' }), 'chain-8', {}, undefined],
    [output({ namespace: 'c{consumerId}', key: '{chainId}' }), 'c7', {}, 'a/set peers/chain-7'],
    [output({ configMap: 'p-{chainId}' }), 'a', { 'chain-id': 'chain-9' }, 'a/set p-chain-9/list'],
    [output({ configMap: 'p-{consumerId}' }), 'a', { 'chain-id': 'chain-7' }, 'a/set p-7/list'],
    [output({ configMap: 'p-{chainId}' }), 'a', {}, undefined],
    [output({ configMap: 'p-{chainId}' }), 'a', { 'chain-id': '../x' }, undefined],
  ]
  for (const [given, namespace, labels, place] of rows) {
    const found = deliveriesTo(pod({ namespace: consenting(namespace, '*'), labels: { app: 'node', ...labels } }), [
      set({ spec: { ...all, output: given }, status }),
    ])
    t.strictSame(
      [placesOf(found)[0], found.warnings.length],
      [place, place === undefined ? 1 : 0],
      JSON.stringify([given, namespace, labels]),
    )
  }
})
