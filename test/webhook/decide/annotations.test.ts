// Each override, good and bad; all problems are told together.
import t from 'tap'
import { readAnnotations } from '../../../webhook/decide/annotations.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import { pauseRows } from '../../peers/pauses.ts'
import { injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'

const good: readonly [name: string, value: string, field: string, read: unknown][] = [
  ['container', 'gaiad', 'container', 'gaiad'],
  ['profile', 'substrate', 'profile', 'substrate'],
  ['config', 'peers/list', 'config', [{ kind: 'ConfigMap', name: 'peers', key: 'list' }]],
  [
    'config',
    'configmap/peers/list, secret/s.x/KEY',
    'config',
    [
      { kind: 'ConfigMap', name: 'peers', key: 'list' },
      { kind: 'Secret', name: 's.x', key: 'KEY' },
    ],
  ],
  ['peers', ' a:1,b:2 ', 'peers', 'a:1,b:2'],
  ['strategy', 'hot', 'strategy', 'hot'],
  ['group', 'hub-1', 'group', 'hub-1'],
  ['max-unavailable', '2', 'maxUnavailable', '2'],
  ['max-unavailable', '25%', 'maxUnavailable', '25%'],
  ['min-peers', '3', 'minPeers', 3],
  ['min-interval', '90s', 'minIntervalSeconds', 90],
  ['min-interval', '2m', 'minIntervalSeconds', 120],
  ['min-interval', '1h', 'minIntervalSeconds', 3600],
  ['min-interval', '45', 'minIntervalSeconds', 45],
  ['settle-seconds', '0', 'settleSeconds', 0],
  ['grace-seconds', '300', 'graceSeconds', 300],
  ['pin-addresses', 'false', 'pinAddresses', false],
  ['pin-addresses', ' true ', 'pinAddresses', true],
]
for (const [name, value, field, read] of good) {
  const { overrides, problems } = readAnnotations({ [`repeer.dev/${name}`]: value })
  t.same(problems, [], `${name} ${value}`)
  t.same((overrides as Record<string, unknown>)[field], read, `${name} ${value}`)
}

const bad: readonly [name: string, values: readonly string[]][] = [
  ['container', ['', ' ']],
  ['profile', ['', 'bitcoin', 'CometBFT']],
  [
    'config',
    ['', ',', 'name', 'a/b/c/d', 'volume/a/b', 'UPPER/key', 'a/..', 'a/.', 'a/k ey', '../x', `${'n'.repeat(254)}/k`],
  ],
  ['peers', ['', ' ']],
  ['strategy', ['', 'restart', 'Wrap']],
  ['group', ['', 'a b', 'a/b', '-a', 'x'.repeat(64)]],
  ['max-unavailable', ['0', '-1', '0%', '101%', '1.5', 'all', '']],
  ['min-peers', ['0', '-1', '1.5', 'x', '']],
  ['min-interval', ['0', '25h', '2d', '1m30s', '-5', 'soon', '']],
  ['settle-seconds', ['-1', '3601', '5,5', 'x']],
  ['grace-seconds', ['0', '3601', 'x']],
  ['inject', ['no', 'disabled', '']],
  ['allow-mass-removal', ['1', 'TRUE']],
  ['pin-addresses', ['no', '', 'FALSE']],
]
for (const [name, values] of bad) {
  for (const value of values) {
    const { problems } = readAnnotations({ [`repeer.dev/${name}`]: value })
    t.equal(problems.length, 1, `${name} ${JSON.stringify(value)}`)
    t.match(
      problems[0],
      new RegExp(`^repeer.dev/${name} is ".*; expected `),
      'it says what was found and what is expected',
    )
    t.equal(skipped(decide(input({ annotations: { [`repeer.dev/${name}`]: value } }))).reason, 'bad-annotation')
  }
}

t.test('no value of repeer.dev/pause keeps repeer out; an odd one is a warning', async t => {
  for (const { text, odd } of pauseRows) {
    const annotations: Record<string, string> = text === undefined ? {} : { 'repeer.dev/pause': text }
    const read = readAnnotations(annotations)
    t.same(read.problems, [], JSON.stringify(text))
    t.same(
      read.warnings.map(warning => warning.slice(0, 'repeer.dev/pause'.length)),
      odd ? ['repeer.dev/pause'] : [],
      JSON.stringify(text),
    )
    t.same(injected(decide(input({ annotations }))).warnings, read.warnings)
  }
})

t.test('defaults', t => {
  t.same(readAnnotations({}), {
    overrides: { strategy: 'auto', maxUnavailable: '1', minIntervalSeconds: 120, settleSeconds: 5, pinAddresses: true },
    problems: [],
    warnings: [],
  })
  t.end()
})

t.test('a misspelt annotation is a warning, a long value is cut', t => {
  t.match(readAnnotations({ 'repeer.dev/stratgy': 'wrap' }).warnings, [/stratgy/])
  t.ok((readAnnotations({ 'repeer.dev/profile': 'x'.repeat(1e5) }).problems[0] ?? '').length < 300)
  t.match(injected(decide(input({ annotations: { 'repeer.dev/stratgy': 'wrap' } }))).warnings, [/stratgy/])
  t.end()
})

t.test('overrides reach the plan', t => {
  const annotations = {
    'repeer.dev/group': 'hub',
    'repeer.dev/max-unavailable': '50%',
    'repeer.dev/min-peers': '2',
    'repeer.dev/min-interval': '10m',
    'repeer.dev/settle-seconds': '7',
    'repeer.dev/grace-seconds': '99',
    'repeer.dev/strategy': 'hot',
  }
  const { plan } = injected(decide(input({ annotations })))
  t.match(plan, { group: 'ns/hub', maxUnavailable: '50%', minPeers: 2, strategy: 'hot', reach: { by: 'wrap' } })
  t.same(plan.times, { settleSeconds: 7, graceSeconds: 99, minIntervalSeconds: 600 })
  t.end()
})

t.test('repeer.dev/peers is the list', t => {
  const { plan, peers } = injected(decide(input({ annotations: { 'repeer.dev/peers': list } })))
  t.same(plan.sources, [
    {
      kind: 'Literal',
      name: 'annotation repeer.dev/peers',
      format: 'cometbft-list',
      role: 'peer',
      text: list,
      level: 'none',
    },
  ])
  t.equal(peers, 2)
  t.end()
})

t.test('repeer.dev/peers that does not parse is told, and injected', t => {
  const decision = injected(decide(input({ annotations: { 'repeer.dev/peers': 'nonsense' } })))
  t.match(decision.warnings, [/does not parse.*annotation repeer.dev\/peers, entry 1: expected NODEID@HOST:PORT/])
  t.notMatch(decision.warnings, [/nonsense/], 'controllers log the warnings that they are given')
  t.equal(decision.peerHash, undefined)
  t.end()
})

t.test('repeer.dev/config: how the node sees the key decides', t => {
  const rows: readonly [string, Parameters<typeof input>[0], string, string, string][] = [
    ['a mounted key', {}, 'node/config.toml', 'directory', 'process'],
    [
      'an env key',
      {
        container: { env: [{ name: 'P', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
        maps: { m: { k: list } },
      },
      'm/k',
      'env',
      'process',
    ],
    [
      'behind envFrom',
      { container: { envFrom: [{ configMapRef: { name: 'm' }, prefix: 'X_' }] }, maps: { m: { k: list } } },
      'm/k',
      'envFrom',
      'process',
    ],
    ['seen by nobody, but an override', { maps: { m: { k: list } } }, 'm/k', 'init', 'process'],
    [
      'seen by nobody, no program known',
      { container: { command: ['/start.sh'] }, labels: { 'chain-id': 'x', 'node-id': 'y' }, maps: { m: { k: list } } },
      'm/k',
      'init',
      'none',
    ],
  ]
  for (const [what, change, config, via, level] of rows) {
    const { plan } = injected(decide(input({ ...change, annotations: { 'repeer.dev/config': config } })))
    t.match(plan.sources, [{ via, level }], what)
  }
  const secret = injected(decide(input({ annotations: { 'repeer.dev/config': 'secret/s/peers' } })))
  t.match(secret.plan.sources, [{ kind: 'Secret', name: 's', key: 'peers', format: 'cometbft-list' }])
  t.equal(secret.peerHash, undefined)
  t.match(secret.warnings.join('\n'), /no container[\s\S]*sidecar only/)
  t.end()
})

t.test('repeer.dev/container and repeer.dev/profile: the table, row by row', t => {
  const plain = { name: 'main', image: 'x', command: ['/run.sh'] }
  const node = { name: 'gaiad', image: 'gaia', command: ['gaiad', 'start', '--home', '/home'] }
  const peers = { 'repeer.dev/peers': 'a:1' }
  const rows: readonly [string, Record<string, string>, object[], string][] = [
    [
      'name and profile',
      { 'repeer.dev/container': 'main', 'repeer.dev/profile': 'besu', ...peers },
      [plain, node],
      'main besu',
    ],
    ['name, likeliest profile', { 'repeer.dev/container': 'gaiad', ...peers }, [plain, node], 'gaiad cometbft'],
    ['name, nothing known', { 'repeer.dev/container': 'main', ...peers }, [plain, node], 'main generic'],
    ['name, nothing known, no list', { 'repeer.dev/container': 'main' }, [plain], 'not-a-node'],
    ['name, not there', { 'repeer.dev/container': 'x' }, [plain], 'unknown-container'],
    [
      'name of a helper',
      { 'repeer.dev/container': 'nginx', 'repeer.dev/profile': 'generic', ...peers },
      [{ name: 'nginx' }],
      'nginx generic',
    ],
    ['profile, one alike', { 'repeer.dev/profile': 'cometbft', ...peers }, [plain, node], 'gaiad cometbft'],
    ['profile, one container', { 'repeer.dev/profile': 'generic', ...peers }, [plain], 'main generic'],
    [
      'profile, helpers apart',
      { 'repeer.dev/profile': 'generic', ...peers },
      [plain, { name: 'istio-proxy' }],
      'main generic',
    ],
    [
      'profile, two containers',
      { 'repeer.dev/profile': 'generic', ...peers },
      [plain, { ...plain, name: 'other' }],
      'ambiguous-container',
    ],
    [
      'profile, two alike',
      { 'repeer.dev/profile': 'cometbft', ...peers },
      [node, { ...node, name: 'simd' }],
      'ambiguous-container',
    ],
    ['profile, only helpers', { 'repeer.dev/profile': 'generic', ...peers }, [{ name: 'nginx' }], 'not-a-node'],
    ['neither, one node', peers, [plain, node], 'gaiad cometbft'],
    ['neither, none', peers, [plain], 'not-a-node'],
  ]
  for (const [what, annotations, containers, expected] of rows) {
    const decision = decide(input({ annotations, pod: { containers }, maps: { node: { 'config.toml': toml() } } }))
    t.equal(decision.inject ? `${decision.plan.container} ${decision.plan.profile}` : decision.reason, expected, what)
  }
  t.end()
})
