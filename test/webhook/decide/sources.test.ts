// Where peers are found, and where they are not looked for; what outranks what; what is told when something cannot be
// read.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import type { Decision } from '../../../webhook/decide/decision.ts'
import { type Change, ids, injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'

const volume = (name: string, source: object) => ({ volumes: [{ name, ...source }] })
const mount = (name: string, mountPath = '/home/config', more = {}) => ({
  volumeMounts: [{ name, mountPath, ...more }],
})
const seed = `${ids[2]}@seed:26656`

function told(decision: Decision): string[] {
  return injected(decision).plan.sources.map(source =>
    source.kind === 'Literal'
      ? `${source.name} ${source.role}`
      : `${source.kind} ${source.name}/${source.key} ${source.via} ${source.format} ${source.role}`,
  )
}

const rows: readonly [what: string, change: Change, expected: readonly string[]][] = [
  ['directory, all keys', {}, ['ConfigMap node/config.toml directory cometbft-toml peer']],
  [
    'an empty list is a list',
    { maps: { node: { 'config.toml': toml('') } } },
    ['ConfigMap node/config.toml directory cometbft-toml peer'],
  ],
  [
    'items rename the key',
    {
      pod: volume('config', { configMap: { name: 'node', items: [{ key: 'n0', path: 'config.toml' }] } }),
      maps: { node: { n0: toml(), 'config.toml': toml() } },
    },
    ['ConfigMap node/n0 directory cometbft-toml peer'],
  ],
  [
    'projected',
    {
      pod: volume('config', {
        projected: {
          sources: [
            { secret: { name: 's', items: [{ key: 'k', path: 'node_key.json' }] } },
            { configMap: { name: 'node' } },
          ],
        },
      }),
    },
    ['ConfigMap node/config.toml directory cometbft-toml peer'],
  ],
  [
    'subPath',
    { container: mount('config', '/home/config/config.toml', { subPath: 'config.toml' }) },
    ['ConfigMap node/config.toml subPath cometbft-toml peer'],
  ],
  [
    'subPath renames the file',
    {
      container: mount('config', '/home/config/config.toml', { subPath: 'n0.toml' }),
      maps: { node: { 'n0.toml': toml() } },
    },
    ['ConfigMap node/n0.toml subPath cometbft-toml peer'],
  ],
  [
    'subPathExpr with the pod name',
    {
      container: {
        ...mount('config', '/home/config/config.toml', { subPathExpr: '$(POD_NAME).toml' }),
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
      maps: { node: { 'node-0.toml': toml() } },
    },
    ['ConfigMap node/node-0.toml subPath cometbft-toml peer'],
  ],
  [
    'one key of a StatefulSet',
    { maps: { node: { 'node-0.toml': toml(), 'node-1.toml': toml() } } },
    ['ConfigMap node/node-0.toml directory cometbft-toml peer'],
  ],
  [
    'a list in a file',
    { maps: { node: { 'peers.txt': list, seeds: seed } } },
    ['ConfigMap node/peers.txt directory cometbft-list peer', 'ConfigMap node/seeds directory cometbft-list seed'],
  ],
  [
    'neither keys nor other TOML',
    {
      maps: {
        node: {
          'config.toml': toml(),
          'app.toml': 'a=1',
          'genesis.json': '{}',
          'node_key.json': '{}',
          'priv_validator_key.json': '{}',
          unconditional_peer_ids: list,
        },
      },
    },
    ['ConfigMap node/config.toml directory cometbft-toml peer'],
  ],
  [
    'a Secret mounted as the config directory',
    { pod: volume('config', { secret: { secretName: 's' } }) },
    ['Secret s/config.toml directory cometbft-toml peer', 'Secret s/config-overlay.toml directory cometbft-toml peer'],
  ],
  [
    'a Secret by items',
    {
      pod: volume('config', {
        secret: {
          secretName: 's',
          items: [
            { key: 'c', path: 'config.toml' },
            { key: 'k', path: 'node_key.json' },
          ],
        },
      }),
    },
    ['Secret s/c directory cometbft-toml peer'],
  ],
  [
    'env from a ConfigMap',
    {
      container: {
        volumeMounts: [],
        env: [{ name: 'P2P_PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }],
      },
      maps: { m: { k: list } },
    },
    ['ConfigMap m/k env cometbft-list peer'],
  ],
  [
    'env from a Secret',
    {
      container: {
        volumeMounts: [],
        env: ['PERSISTENT_PEERS', 'SEEDS'].map(name => ({
          name,
          valueFrom: { secretKeyRef: { name: 's', key: name.toLowerCase() } },
        })),
      },
    },
    ['Secret s/persistent_peers env cometbft-list peer', 'Secret s/seeds env cometbft-list seed'],
  ],
  [
    'env, the last definition wins',
    {
      container: {
        volumeMounts: [],
        env: [
          { name: 'PERSISTENT_PEERS', value: 'x' },
          { name: 'PERSISTENT_PEERS', value: list },
        ],
      },
    },
    ['env PERSISTENT_PEERS peer'],
  ],
  [
    'envFrom with a prefix',
    {
      container: { volumeMounts: [], envFrom: [{ prefix: 'X_', configMapRef: { name: 'm' } }] },
      maps: { m: { PERSISTENT_PEERS: list, OTHER: 'x', SEEDS: seed } },
    },
    ['ConfigMap m/PERSISTENT_PEERS envFrom cometbft-list peer', 'ConfigMap m/SEEDS envFrom cometbft-list seed'],
  ],
  [
    'env wins over envFrom',
    {
      container: {
        volumeMounts: [],
        envFrom: [{ configMapRef: { name: 'm' } }],
        env: [{ name: 'PERSISTENT_PEERS', value: list }],
      },
      maps: { m: { PERSISTENT_PEERS: list } },
    },
    ['env PERSISTENT_PEERS peer'],
  ],
  [
    'an ordinary Secret behind envFrom, beside a list',
    { container: { envFrom: [{ secretRef: { name: 'db' } }] } },
    ['ConfigMap node/config.toml directory cometbft-toml peer'],
  ],
  [
    'a Secret behind envFrom, and nothing else',
    { container: { volumeMounts: [], envFrom: [{ secretRef: { name: 's' } }] } },
    [
      'Secret s/GAIAD_P2P_PERSISTENT_PEERS envFrom cometbft-list peer',
      'Secret s/PERSISTENT_PEERS envFrom cometbft-list peer',
      'Secret s/SEEDS envFrom cometbft-list seed',
    ],
  ],
  [
    'a Secret behind envFrom with a prefix that the own variable has, and one that it has not',
    {
      container: {
        volumeMounts: [],
        envFrom: [
          { secretRef: { name: 's' }, prefix: 'GAIAD_' },
          { secretRef: { name: 'o' }, prefix: 'X_' },
        ],
      },
    },
    [
      'Secret s/P2P_PERSISTENT_PEERS envFrom cometbft-list peer',
      'Secret s/PERSISTENT_PEERS envFrom cometbft-list peer',
      'Secret s/SEEDS envFrom cometbft-list seed',
      'Secret o/PERSISTENT_PEERS envFrom cometbft-list peer',
      'Secret o/SEEDS envFrom cometbft-list seed',
    ],
  ],
  [
    'flags',
    { container: { volumeMounts: [], args: ['--p2p.seeds', seed, `--p2p.persistent-peers=${list}`] } },
    ['args[2] --p2p.persistent-peers peer', 'args[1] --p2p.seeds seed'],
  ],
  [
    'a flag outranks the file',
    { container: { args: [`--p2p.persistent_peers=${list}`] } },
    ['args[0] --p2p.persistent_peers peer'],
  ],
  [
    'a flag for seeds leaves the file',
    { container: { args: [`--p2p.seeds=${seed}`] } },
    ['ConfigMap node/config.toml directory cometbft-toml peer', 'args[0] --p2p.seeds seed'],
  ],
  [
    'the variable of the program outranks the file',
    { container: { env: [{ name: 'GAIAD_P2P_PERSISTENT_PEERS', value: list }] } },
    ['env GAIAD_P2P_PERSISTENT_PEERS peer'],
  ],
  [
    'another variable does not',
    { container: { env: [{ name: 'PERSISTENT_PEERS', value: list }] } },
    ['ConfigMap node/config.toml directory cometbft-toml peer', 'env PERSISTENT_PEERS peer'],
  ],
  [
    'a flag filled by a shell command leaves the files',
    {
      container: {
        command: ['sh', '-c', 'gaiad start --home /home --p2p.persistent_peers "$(cat /home/config/peers)"'],
      },
      maps: { node: { peers: list } },
    },
    ['ConfigMap node/peers directory cometbft-list peer'],
  ],
  [
    'an init container that shares nothing',
    {
      pod: {
        volumes: [{ name: 'config', configMap: { name: 'node' } }],
        initContainers: [{ name: 'i', volumeMounts: [{ name: 'other', mountPath: '/x' }] }],
      },
    },
    ['ConfigMap node/config.toml directory cometbft-toml peer'],
  ],
  [
    'a variable of an init container',
    {
      pod: {
        volumes: [{ name: 'home', emptyDir: {} }],
        initContainers: [
          {
            name: 'i',
            volumeMounts: [{ name: 'home', mountPath: '/h' }],
            env: [{ name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }],
          },
        ],
      },
      container: mount('home', '/home'),
      maps: { m: { k: list } },
    },
    ['ConfigMap m/k init cometbft-list peer'],
  ],
]
for (const [what, change, expected] of rows) t.same(told(decide(input(change))), expected, what)

t.test('told as warnings', t => {
  const rows: readonly [string, Change, RegExp][] = [
    ['an unsynced cache', { maps: { node: 'unknown' } }, /cache/],
    ['a ConfigMap that is not there yet', { maps: {} }, /ConfigMap node does not exist/],
    [
      'a Secret',
      { pod: volume('config', { secret: { secretName: 's', items: [{ key: 'config.toml', path: 'config.toml' }] } }) },
      /Secret s\/config.toml is read by the sidecar only/,
    ],
    [
      'a flag over a file',
      { container: { args: [`--p2p.persistent_peers=${list}`] } },
      /node\/config.toml is not followed: a flag outranks it/,
    ],
    [
      'a variable over a file',
      { container: { env: [{ name: 'GAIAD_P2P_PERSISTENT_PEERS', value: list }] } },
      /variable GAIAD_P2P_PERSISTENT_PEERS outranks/,
    ],
    [
      'a malformed list',
      { maps: { node: { 'config.toml': toml('nonsense') } } },
      /does not parse.*node\/config.toml.*entry 1: expected NODEID/,
    ],
    ['malformed TOML', { maps: { node: { 'config.toml': '[p2p\npersistent_peers = ' } } }, /does not parse.*TOML/],
    [
      'guesses',
      { container: { volumeMounts: [], envFrom: [{ secretRef: { name: 's' } }] } },
      /guessed from names alone/,
    ],
  ]
  for (const [what, change, warning] of rows) {
    const decision = injected(decide(input(change)))
    t.match(decision.warnings.join('\n'), warning, what)
  }
  t.same(injected(decide(input())).warnings, [], 'and nothing is told of an ordinary pod')
  t.end()
})

t.test('a warning quotes a ConfigMap only where that is asked for', t => {
  const secret = 'password=hunter2'
  const rows: readonly [what: string, change: Change][] = [
    [
      'any text as a list',
      { annotations: { 'repeer.dev/config': 'configmap/node/db.env' }, maps: { node: { 'db.env': secret } } },
    ],
    ['a list', { maps: { node: { 'config.toml': toml(secret) } } }],
    ['broken TOML', { maps: { node: { 'config.toml': `[p2p]\npersistent_peers = ${secret}` } } }],
    [
      'broken JSON',
      {
        annotations: { 'repeer.dev/profile': 'besu', 'repeer.dev/config': 'node/static-nodes.json' },
        maps: { node: { 'static-nodes.json': secret } },
      },
    ],
  ]
  for (const [what, change] of rows) {
    const { warnings } = injected(decide(input(change)))
    t.match(warnings.join('\n'), /does not parse.*ConfigMap node\/.*: expected /, what)
    t.notMatch(JSON.stringify(warnings), /hunter2/, what)
    t.match(injected(decide({ ...input(change), quote: true })).warnings.join('\n'), /found ".*hunter2/, what)
  }
  t.end()
})

t.test('the hash and the number of peers', t => {
  const both = injected(
    decide(input({ maps: { node: { 'config.toml': toml(`${list},${ids[0]}@node1:26656`, seed) } } })),
  )
  t.equal(both.peers, 2, 'distinct peers, without seeds')
  t.match(both.peerHash, /^p1:[0-9a-f]{32}$/)
  const other = injected(
    decide(input({ maps: { node: { 'config.toml': toml(list.split(',').reverse().join(',')) } } })),
  )
  t.not(other.peerHash, both.peerHash, 'a seed counts for the hash')
  for (const maps of [{ node: 'unknown' }, {}, { node: { 'config.toml': toml('x') } }] as const) {
    const decision = injected(decide(input({ maps })))
    t.same([decision.peerHash, decision.peers], [undefined, undefined])
  }
  t.equal(injected(decide(input({ maps: { node: { 'config.toml': toml('') } } }))).peers, 0)
  t.end()
})

t.test('a well-known name is a list while it is empty', t => {
  const env = [{ name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }]
  const decision = injected(decide(input({ container: { volumeMounts: [], env }, maps: { m: { k: '' } } })))
  t.equal(decision.peers, 0)
  const other = input({ container: { volumeMounts: [], env: [{ ...env[0], name: 'NOTES' }] }, maps: { m: { k: '' } } })
  t.equal(skipped(decide(other)).reason, 'no-peers', 'another name is not')
  t.end()
})

t.test('two frozen lists: one variable carries both', t => {
  const volumeMounts = ['config.toml', 'peers.txt'].map(key => ({
    name: 'config',
    mountPath: `/home/config/${key}`,
    subPath: key,
  }))
  const { plan } = injected(
    decide(
      input({ container: { volumeMounts }, maps: { node: { 'config.toml': toml(), 'peers.txt': list, seeds: seed } } }),
    ),
  )
  t.match(plan.sources, [
    { key: 'config.toml', override: 'GAIAD_P2P_PERSISTENT_PEERS', level: 'process' },
    { key: 'peers.txt', override: 'GAIAD_P2P_PERSISTENT_PEERS', level: 'process' },
  ])
  t.end()
})

t.test('an edited ConfigMap is read anew', t => {
  const maps: Record<string, Record<string, string>> = { node: { 'config.toml': toml() } }
  t.equal(injected(decide(input({ maps }))).peers, 2)
  maps['node'] = { 'config.toml': toml(`${ids[0]}@node1:26656`) }
  t.equal(injected(decide(input({ maps }))).peers, 1)
  t.end()
})

t.test('other profiles', t => {
  const geth = {
    image: 'ethereum/client-go',
    command: ['geth', '--config', '/c/config.toml'],
    ...mount('config', '/c'),
  }
  const ignored = decide(input({ container: geth, maps: { node: { 'static-nodes.json': '["enode://x"]' } } }))
  t.match(skipped(ignored).message, /geth ignores static-nodes.json/)
  const stellar = {
    image: 'stellar/stellar-core',
    command: ['stellar-core', 'run'],
    volumeMounts: [],
    env: [{ name: 'KNOWN_PEERS', value: 'a:11625,b' }],
  }
  t.same(told(decide(input({ container: stellar }))), ['env KNOWN_PEERS peer'])
  const polkadot = {
    image: 'parity/polkadot',
    command: ['polkadot', '--reserved-nodes=$(RESERVED)'],
    volumeMounts: [],
    env: [{ name: 'RESERVED', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
  }
  t.same(told(decide(input({ container: polkadot }))), ['Secret s/k env multiaddr-list peer'])
  const generic = {
    container: { command: ['/node'], ...mount('config', '/c') },
    annotations: { 'repeer.dev/profile': 'generic' },
    maps: { node: { peers: 'a:1\nb:2', other: 'redis:6379' } },
  }
  t.equal(injected(decide(input(generic))).plan.p2pPort, 1, 'its port is that of its peers')
  t.match(
    skipped(
      decide(
        input({
          ...generic,
          maps: { node: 'unknown' },
          annotations: { ...generic.annotations, 'repeer.dev/config': 'node/peers' },
        }),
      ),
    ),
    {
      reason: 'bad-annotation',
      message: /P2P port/,
    },
  )
  t.same(told(decide(input(generic))), ['ConfigMap node/peers directory generic-list peer'])
  t.end()
})
