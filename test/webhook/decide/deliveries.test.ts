// Lists that PeerSets deliver to pods which do not name them.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { delivering, ids, injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'
import { inputOf } from '../fixtures/pods/load.ts'

const labels = { app: 'node' }
/** A pod that lists nobody. */
const bare = { labels, pod: { volumes: [] }, container: { volumeMounts: [] }, maps: {} }
const set = delivering('set')

t.test('a pod that lists nobody is given the list, also before anybody has written it', async t => {
  t.match(skipped(decide(input(bare))), { reason: 'no-peers' }, 'without the PeerSet')
  const before = injected(decide(input({ ...bare, peerSets: [set] })))
  t.strictSame(before.plan.sources, [
    {
      kind: 'ConfigMap',
      name: 'found',
      key: 'peers',
      via: 'init',
      format: 'cometbft-list',
      role: 'peer',
      unseen: true,
      deliveredBy: 'ns/set',
      override: 'GAIAD_P2P_PERSISTENT_PEERS',
      level: 'process',
    },
  ])
  t.equal(
    before.why.sources,
    'ConfigMap found/peers, delivered by PeerSet ns/set, by variable GAIAD_P2P_PERSISTENT_PEERS, exported at each restart',
  )
  t.strictSame(before.warnings, [], 'nothing is wrong with a list that is still to be written')
  t.strictSame([before.peerHash, before.peers], [undefined, undefined])
  const empty = injected(decide(input({ ...bare, peerSets: [set], maps: { found: {} } })))
  t.strictSame([empty.warnings, empty.peers], [[], undefined], 'the ConfigMap is there, the key is not')
  const nobody = injected(decide(input({ ...bare, peerSets: [set], maps: { found: { peers: '' } } })))
  t.strictSame([nobody.warnings, nobody.peers], [[], 0])
  const after = injected(decide(input({ ...bare, peerSets: [set], maps: { found: { peers: list } } })))
  t.equal(after.peers, 2)
  t.strictSame(after.plan, before.plan, 'the plan is the same')
  t.match(injected(decide(input({ ...bare, peerSets: [set], maps: { found: 'unknown' } }))).warnings, [
    /found is not in the cache yet/,
  ])
})

t.test('beside the lists that the pod has', async t => {
  const one = injected(
    decide(input({ labels, peerSets: [set], maps: { node: { 'config.toml': toml(`${ids[0]}@node1:26656`) } } })),
  )
  t.match(one.plan.sources, [
    { name: 'node', via: 'directory' },
    { name: 'found', deliveredBy: 'ns/set' },
  ])
  t.equal(one.peers, 1, 'those of the pod, while the other is not written')
  const env = [{ name: 'PERSISTENT_PEERS', value: `${ids[0]}@node1:26656` }]
  const found = { peers: `${ids[0]}@node1:26656,${ids[1]}@node2:26656` }
  const literal = injected(
    decide(input({ ...bare, container: { ...bare.container, env }, peerSets: [set], maps: { found } })),
  )
  t.match(literal.plan.sources, [
    { kind: 'Literal', level: 'none' },
    { name: 'found', level: 'process' },
  ])
  t.equal(literal.peers, 2, 'the union')
  const named = injected(
    decide(input({ ...bare, annotations: { 'repeer.dev/config': 'other/peers' }, peerSets: [set] })),
  )
  t.match(named.plan.sources, [{ name: 'other' }, { name: 'found' }])
  const stated = injected(decide(input({ ...bare, annotations: { 'repeer.dev/peers': list }, peerSets: [set] })))
  t.match(stated.plan.sources, [{ kind: 'Literal' }, { name: 'found' }])
})

t.test('a key that the pod sees is the source that it sees, once', async t => {
  const found = { peers: list }
  const ref = { name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'found', key: 'peers' } } }
  const rows: [string, object, object][] = [
    ['env', { container: { ...bare.container, env: [ref] } }, { via: 'env', variable: 'PERSISTENT_PEERS' }],
    [
      'a directory',
      {
        pod: { volumes: [{ name: 'v', configMap: { name: 'found' } }] },
        container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      },
      { via: 'directory', level: 'process' },
    ],
  ]
  for (const [what, change, expected] of rows) {
    for (const maps of [{ found }, {}]) {
      const { plan } = injected(decide(input({ ...bare, ...change, peerSets: [set], maps })))
      t.equal(plan.sources.length, 1, what)
      t.match(plan.sources[0], { name: 'found', key: 'peers', ...expected }, what)
      t.notOk('deliveredBy' in (plan.sources[0] ?? {}), what)
    }
  }
})

t.test('two PeerSets are two sources', async t => {
  const other = delivering('another', { output: { configMap: 'more' } })
  const two = injected(decide(input({ ...bare, peerSets: [set, other], maps: { found: { peers: list } } })))
  t.match(two.plan.sources, [
    { name: 'more', deliveredBy: 'ns/another' },
    { name: 'found', deliveredBy: 'ns/set' },
  ])
  t.equal(two.peers, 2)
  const same = injected(decide(input({ ...bare, peerSets: [set, delivering('same')] })))
  t.equal(same.plan.sources.length, 1, 'one key is one list')
})

t.test('container and profile: annotation, then PeerSet, then clues', async t => {
  const containers = [
    { name: 'a', image: 'gaia', command: ['gaiad', 'start'] },
    { name: 'b', image: 'unknown:1', command: ['/start'], ports: [{ containerPort: 5000 }] },
  ]
  const pod = { containers }
  const says = (deliver: Record<string, unknown>) => [delivering('set', { deliver })]
  const rows: [
    deliver: Record<string, unknown>,
    annotations: Record<string, string>,
    container: string,
    profile: string,
  ][] = [
    [{}, {}, 'a', 'cometbft'],
    [{ container: 'b' }, {}, 'b', 'cometbft'],
    [{ container: 'b', profile: 'generic' }, {}, 'b', 'generic'],
    [{ container: 'b' }, { 'repeer.dev/container': 'a' }, 'a', 'cometbft'],
    [{ container: 'b', profile: 'generic' }, { 'repeer.dev/profile': 'cometbft' }, 'b', 'cometbft'],
  ]
  for (const [deliver, annotations, container, profile] of rows) {
    const { plan } = injected(decide(input({ labels, pod, annotations, maps: {}, peerSets: says(deliver) })))
    t.strictSame([plan.container, plan.profile], [container, profile], JSON.stringify([deliver, annotations]))
  }
  const { why } = injected(
    decide(input({ labels, pod, maps: {}, peerSets: says({ container: 'b', profile: 'cometbft' }) })),
  )
  t.match(why, { container: 'b: PeerSet ns/set names it', profile: 'cometbft: PeerSet ns/set says so' })
  const two = [
    delivering('one', { deliver: { container: 'a' } }),
    delivering('two', { deliver: { container: 'b' }, output: { key: 'x' } }),
  ]
  const both = injected(decide(input({ labels, pod, maps: {}, peerSets: two })))
  t.equal(both.plan.container, 'a', 'the first by name')
  t.match(both.warnings.join(), /PeerSet ns\/two says container b, and PeerSet ns\/one, which is first by name, a/)
})

t.test('what a PeerSet does not reach is as without it', async t => {
  t.match(skipped(decide(input({ ...bare, labels: {}, peerSets: [set] }))), { reason: 'no-peers' })
  const other = skipped(decide(input({ ...bare, peerSets: [delivering('set', { deliver: { container: 'geth' } })] })))
  t.match(other, { reason: 'no-peers', message: /delivers to container geth, which the pod does not have/ })
  const abroad = delivering('set', { namespace: 'provider', output: { namespace: 'ns' } })
  t.match(skipped(decide(input({ ...bare, peerSets: [abroad] }))), {
    reason: 'no-peers',
    message: /allow-peersets-from: provider/,
  })
  const consent = { 'repeer.dev/allow-peersets-from': 'provider' }
  t.match(injected(decide(input({ ...bare, peerSets: [abroad], namespaceAnnotations: consent }))).plan.sources, [
    { deliveredBy: 'provider/set' },
  ])
  const database = { container: { name: 'db', image: 'postgres:17', command: ['postgres'] } }
  const skip = skipped(decide(input({ ...bare, ...database, peerSets: [set] })))
  t.match(skip, { reason: 'not-a-node', message: /PeerSet ns\/set delivers to the pod: say spec.deliver.container/ })
  t.match(skipped(decide(input({ ...bare, annotations: { 'repeer.dev/inject': 'false' }, peerSets: [set] }))), {
    reason: 'opted-out',
  })
})

t.test('a flag outranks the variable by which it would arrive: it is told to the node, or not at all', async t => {
  const command = ['gaiad', 'start', '--p2p.persistent_peers', list]
  const { plan } = injected(decide(input({ ...bare, container: { ...bare.container, command }, peerSets: [set] })))
  t.match(plan.sources, [{ kind: 'Literal' }, { name: 'found', level: 'none' }])
  t.notOk('override' in (plan.sources[1] ?? {}))
})

t.test("the operators' own pods", async t => {
  const consumer = injected(decide(inputOf('ics-1-delivered')))
  t.match(consumer.plan, {
    container: 'consumer-daemon',
    profile: 'cometbft',
    reach: { by: 'wrap' },
    p2pPort: 28_766,
    rpcPort: 28_767,
  })
  t.match(consumer.plan.sources, [
    { kind: 'Literal', name: 'env PERSISTENT_PEERS' },
    {
      name: 'consumer-peers',
      key: 'persistent_peers',
      deliveredBy: 'provider/consumers',
      override: 'INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS',
      level: 'process',
    },
  ])
  t.equal(consumer.peers, 1)
  t.equal(injected(decide(inputOf('ics-2-delivered'))).peers, 3)
  const stellar = injected(decide(inputOf('stellar-1-delivered')))
  t.match(stellar.plan, {
    container: 'stellar-node',
    profile: 'stellar-core',
    reach: { by: 'signal' },
    p2pPort: 11_625,
    rpcPort: 11_626,
  })
  t.equal(stellar.peers, 2)
})
