import t from 'tap'
import { readPeerSet, readSpec } from '../../discovery/peer-set.ts'
import { object, raw, spec } from './fixtures/specs.ts'

t.test('what is not said has its default', async t => {
  t.strictSame(spec(), {
    source: { kind: 'static', peers: ['a:1'] },
    output: {
      namespace: 'a',
      configMap: 'peers',
      key: 'list',
      format: 'generic-list',
      metadataKey: 'discovery_metadata',
    },
    deliver: undefined,
    exclude: { ids: [], hosts: [], names: [] },
    additional: [],
    limit: 200,
    minPeers: 1,
    allowPrivate: false,
    intervalMs: 30_000,
    expose: undefined,
  })
  t.equal(
    spec({ output: { configMap: 'peers', key: 'k', format: 'generic-list', metadataKey: '' } }).output.metadataKey,
    '',
  )
})

t.test('each kind of source', async t => {
  const selector = {
    matchLabels: { peer: 'true', 'chain-id': 'demo' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'old', operator: 'NotIn', values: ['yes'] },
      { key: 'node-id', operator: 'Exists' },
      { key: 'seed', operator: 'DoesNotExist' },
    ],
  }
  const text = 'peer=true,chain-id=demo,tier in (a,b),old notin (yes),node-id,!seed'
  const scope = { selector: text, namespaces: ['a'] }
  const choice = { ...scope, port: undefined, idFrom: { label: 'node-id' } }
  t.strictSame(spec({ source: { services: { selector } } }).source, {
    kind: 'services',
    services: { ...choice, address: 'Name' },
  })
  t.strictSame(
    spec({
      source: {
        pods: { selector, namespaces: ['b', '*'], port: 'p2p', idFrom: { annotation: 'id' }, healthCheck: {} },
      },
    }).source,
    {
      kind: 'pods',
      pods: {
        selector: text,
        namespaces: ['b', '*'],
        port: 'p2p',
        idFrom: { annotation: 'id' },
        healthCheck: { timeoutMs: 2000 },
        keepMs: 60_000,
      },
    },
  )
  t.strictSame(spec({ source: { stellarNodes: {} } }).source, {
    kind: 'stellarNodes',
    stellarNodes: { selector: '', namespaces: ['a'], healthCheck: undefined, keepMs: 60_000, port: 11_625 },
  })
  t.strictSame(spec({ source: { validators: { any: 'thing' } } }).source, {
    kind: 'validators',
    validators: { any: 'thing' },
  })
})

t.test('what a schema should have refused is refused here, too, with the place', async t => {
  const rows: [object | undefined, RegExp][] = [
    [undefined, /^spec: found nothing, expected an object/],
    [raw({ source: {} }), /^spec.source: found none, expected exactly one of services, pods/],
    [
      raw({ source: { static: { peers: [] }, services: {} } }),
      /^spec.source: found services and static, expected exactly one/,
    ],
    [raw({ source: { services: {} } }), /^spec.source.services.selector: found one that selects everything/],
    [raw({ source: { pods: { selector: { matchLabels: { a: 'b' } }, port: 0 } } }), /^spec.source.pods.port: found 0/],
    [
      raw({ source: { static: { peers: [1] } } }),
      /^spec.source.static.peers: found an array of 1, expected a list of texts/,
    ],
    [raw({ output: { configMap: 'A', key: 'k', format: 'generic-list' } }), /^spec.output.configMap: found "A"/],
    [raw({ output: { configMap: 'a', key: '../k', format: 'generic-list' } }), /^spec.output.key/],
    [
      raw({ output: { configMap: 'a', key: 'k', format: 'x' } }),
      /^spec.output.format: .*\(and|^spec.output.format: found "x"/,
    ],
    [raw({ limit: 0 }), /^spec.limit/],
    [raw({ interval: 'soon' }), /^spec.interval/],
  ]
  for (const [given, message] of rows)
    t.match((readSpec(given, 'a') as { invalid: string }).invalid, message, String(message))
})

t.test('intervals are durations, within bounds', async t => {
  const rows = [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1s', 5_000],
    ['99h', 3_600_000],
  ] as const
  for (const [interval, ms] of rows) t.equal(spec({ interval }).intervalMs, ms, interval)
})

t.test('a raw object', async t => {
  const { metadata, ...rest } = object('set')
  t.match(readPeerSet({ ...rest, metadata: { ...metadata, uid: 'u' } }), {
    namespace: 'a',
    name: 'set',
    uid: 'u',
    generation: 1,
    deleting: false,
    status: {},
  })
  t.equal(readPeerSet({ metadata: {} }), undefined)
  t.equal(readPeerSet(undefined), undefined)
})
