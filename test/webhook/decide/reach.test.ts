// The truth table of find-reach.ts, row by row, and the level that each way of seeing a list gets from it.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, configMount, directory, injected, input, list, toml } from '../fixtures/pods/build.ts'

const bare = { command: undefined, args: ['start', '--home', '/home'], image: 'cometbft/cometbft:v0.38.19' }
const uid = { securityContext: { runAsUser: 1000 } }
const tracker = {
  shareProcessNamespace: true,
  initContainers: [{ name: 'node-utils', image: 'ghcr.io/voluzi/node-utils:3' }],
}
/** As cosmopilot makes it: a native sidecar that the kubelet starts again, with a user that is stated. */
const nodeUtils = {
  name: 'node-utils',
  image: 'ghcr.io/voluzi/node-utils:3',
  restartPolicy: 'Always',
  securityContext: { runAsUser: 1000 },
}
const together = { shareProcessNamespace: true, initContainers: [nodeUtils] }
const strategy = (value: string) => ({ annotations: { 'repeer.dev/strategy': value } })

const rows: readonly [what: string, change: Change, expected: string][] = [
  ['command', {}, 'wrap'],
  ['command, Never', { pod: { restartPolicy: 'Never' } }, 'wrap'],
  ['command, sharing refused', { pod: { shareProcessNamespace: false } }, 'wrap'],
  ['command, hostPID', { pod: { hostPID: true } }, 'wrap'],
  ['command, hot', strategy('hot'), 'wrap'],
  ['command, asked to wrap', strategy('wrap'), 'wrap'],
  ['command, asked to observe', strategy('observe'), 'observe asked-to-observe'],
  ['command, asked to signal, no UID', strategy('signal'), 'signal null'],
  [
    'command, asked to signal, Never',
    { ...strategy('signal'), pod: { restartPolicy: 'Never' } },
    'observe restart-policy',
  ],
  ['command, PID tracked', { pod: tracker }, 'observe operator-tracks-pid'],
  ['command, PID tracked, hot', { pod: tracker, ...strategy('hot') }, 'observe operator-tracks-pid'],
  ['command, node-utils', { pod: together }, 'wrap beside node-utils'],
  ['command, node-utils, Never', { pod: { ...together, restartPolicy: 'Never' } }, 'wrap beside node-utils'],
  ['command, node-utils, hot', { pod: together, ...strategy('hot') }, 'wrap beside node-utils'],
  ['command, node-utils, asked to wrap', { pod: together, ...strategy('wrap') }, 'wrap beside node-utils'],
  ['command, node-utils, asked to observe', { pod: together, ...strategy('observe') }, 'observe asked-to-observe'],
  ['command, tracker without sharing', { pod: { ...tracker, shareProcessNamespace: undefined } }, 'wrap'],
  ['none, container UID', { container: { ...bare, ...uid } }, 'signal 1000'],
  ['none, pod UID', { container: bare, pod: uid }, 'signal 1000'],
  [
    'none, container UID over pod UID',
    { container: { ...bare, securityContext: { runAsUser: 7 } }, pod: uid },
    'signal 7',
  ],
  ['none, UID 0', { container: { ...bare, securityContext: { runAsUser: 0 } } }, 'signal 0'],
  ['none, no UID', { container: bare }, 'signal null'],
  [
    'none, no UID, restricted',
    { container: bare, namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    'observe uid-unknown',
  ],
  [
    'none, no UID, baseline',
    { container: bare, namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    'signal null',
  ],
  [
    'none, no UID, pod non-root',
    { container: bare, pod: { securityContext: { runAsNonRoot: true } } },
    'observe uid-unknown',
  ],
  [
    'none, no UID, container non-root',
    { container: { ...bare, securityContext: { runAsNonRoot: true } } },
    'observe uid-unknown',
  ],
  [
    'none, UID, restricted',
    { container: { ...bare, ...uid }, namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    'signal 1000',
  ],
  [
    'none, sharing refused',
    { container: bare, pod: { ...uid, shareProcessNamespace: false } },
    'observe sharing-refused',
  ],
  ['none, sharing already', { container: bare, pod: { ...uid, shareProcessNamespace: true } }, 'signal 1000'],
  ['none, hostPID', { container: bare, pod: { ...uid, hostPID: true } }, 'observe host-pid'],
  ['none, OnFailure', { container: bare, pod: { ...uid, restartPolicy: 'OnFailure' } }, 'observe restart-policy'],
  [
    'none, restart-policy comes before sharing',
    { container: bare, pod: { restartPolicy: 'Never', shareProcessNamespace: false } },
    'observe restart-policy',
  ],
  [
    'none, container restartPolicy',
    { container: { ...bare, restartPolicy: 'Never' }, pod: uid },
    'observe restart-policy',
  ],
]

for (const [what, change, expected] of rows) {
  const pod = { ...configMount, ...change.pod }
  const { plan, why } = injected(decide(input({ ...change, pod })))
  const { reach } = plan
  const beside = reach.by === 'wrap' && reach.beside ? ` beside ${reach.beside.container}` : ''
  t.equal(
    reach.by === 'wrap' ? `wrap${beside}` : reach.by === 'signal' ? `signal ${reach.uid}` : `observe ${reach.reason}`,
    expected,
    what,
  )
  t.match(why.strategy, new RegExp(`^${reach.by}: `), what)
}

t.test('levels, by how the node sees the list and by reach', t => {
  const ref = { name: 'm', key: 'k' }
  const signal = { container: bare, pod: { ...configMount, ...uid } }
  const never = { pod: { ...configMount, restartPolicy: 'Never' } }
  const subPath = { volumeMounts: [{ name: 'config', mountPath: '/home/config/config.toml', subPath: 'config.toml' }] }
  const env = { env: [{ name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: ref } }], volumeMounts: [] }
  const own = { env: [{ name: 'GAIAD_P2P_PERSISTENT_PEERS', valueFrom: { configMapKeyRef: ref } }], volumeMounts: [] }
  const uidPod = { pod: { ...configMount, ...uid } }
  const init = {
    volumes: [
      { name: 'config', configMap: { name: 'node' } },
      { name: 'home', emptyDir: {} },
    ],
    initContainers: [
      {
        name: 'render',
        volumeMounts: [
          { name: 'config', mountPath: '/in' },
          { name: 'home', mountPath: '/out' },
        ],
      },
    ],
  }
  const home = { volumeMounts: [{ name: 'home', mountPath: '/home' }] }
  const script = { command: ['/start.sh'], image: 'cometbft/cometbft' }
  const maps = { m: { k: list }, node: { 'config.toml': toml() } }
  const rows: readonly [string, Change, string][] = [
    ['directory, wrap', {}, 'directory process GAIAD_P2P_PERSISTENT_PEERS'],
    ['directory, wrap, names asked for', { annotations: { 'repeer.dev/pin-addresses': 'false' } }, 'directory process'],
    ['directory, wrap, program unknown', { container: script }, 'directory process'],
    ['directory, signal', signal, 'directory container'],
    ['directory, observe', strategy('observe'), 'directory none'],
    ['subPath, wrap, program known', { container: subPath }, 'subPath process GAIAD_P2P_PERSISTENT_PEERS'],
    [
      'subPath, wrap, behind what takes the variables away',
      { container: { ...subPath, command: ['env', '-i', 'gaiad', 'start', '--home', '/home'] } },
      'subPath container',
    ],
    ['subPath, wrap, program unknown', { container: { ...subPath, ...script } }, 'subPath container'],
    ['subPath, wrap, program unknown, Never', { ...never, container: { ...subPath, ...script } }, 'subPath none'],
    ['subPath, signal', { ...signal, container: { ...bare, ...subPath } }, 'subPath container'],
    ['env that the program does not read, wrap', { container: env }, 'env process GAIAD_P2P_PERSISTENT_PEERS unseen'],
    ['env that a script may read, wrap', { container: { ...env, ...script } }, 'env process'],
    ['env, its own variable, wrap', { container: own }, 'env process GAIAD_P2P_PERSISTENT_PEERS'],
    [
      'env, its own variable, names asked for',
      { container: own, annotations: { 'repeer.dev/pin-addresses': 'false' } },
      'env process',
    ],
    [
      'env that the program does not read, signal',
      { ...strategy('signal'), ...uidPod, container: env },
      'env none unseen',
    ],
    ['env, signal', { ...signal, container: { ...bare, ...env } }, 'env container'],
    [
      'envFrom, wrap',
      {
        container: { envFrom: [{ configMapRef: { name: 'e' } }], volumeMounts: [] },
        maps: { e: { PERSISTENT_PEERS: list } },
      },
      'envFrom process GAIAD_P2P_PERSISTENT_PEERS unseen',
    ],
    ['init, wrap, program known', { pod: init, container: home }, 'init process GAIAD_P2P_PERSISTENT_PEERS'],
    ['init, wrap, program unknown', { pod: init, container: { ...home, ...script } }, 'init all-containers'],
    [
      'init, wrap, program unknown, before 1.36',
      { pod: init, container: { ...home, ...script }, canRestartAll: false },
      'init none',
    ],
    ['init, signal', { pod: { ...init, ...uid }, container: { ...bare, ...home } }, 'init all-containers'],
    [
      'env into a flag by the kubelet, wrap',
      { container: { ...env, args: ['--p2p.persistent_peers=$(PERSISTENT_PEERS)'] } },
      'env container',
    ],
    [
      'env into a flag by a shell, wrap',
      {
        container: { ...env, command: ['sh', '-c', 'gaiad start --home /h --p2p.persistent_peers $PERSISTENT_PEERS'] },
      },
      'env process',
    ],
    [
      'copied by an init container out of a whole mount',
      { pod: init, container: { volumeMounts: [...home.volumeMounts, { name: 'config', mountPath: '/elsewhere' }] } },
      'init process GAIAD_P2P_PERSISTENT_PEERS',
    ],
    [
      'an annotated ConfigMap that no container sees, wrap',
      { annotations: { 'repeer.dev/config': 'configmap/m/k' } },
      'init process GAIAD_P2P_PERSISTENT_PEERS unseen',
    ],
    [
      'an annotated ConfigMap that no container sees, program unknown',
      { annotations: { 'repeer.dev/config': 'configmap/m/k' }, container: script },
      'init none unseen',
    ],
    [
      'a literal',
      { container: { ...directory, volumeMounts: [], env: [{ name: 'PERSISTENT_PEERS', value: list }] } },
      'literal none unseen',
    ],
    [
      'a literal that a script may read',
      { container: { volumeMounts: [], env: [{ name: 'PERSISTENT_PEERS', value: list }], ...script } },
      'literal none',
    ],
    ['a literal flag', { container: { volumeMounts: [], args: [`--p2p.persistent_peers=${list}`] } }, 'literal none'],
  ]
  for (const [what, change, expected] of rows) {
    const { plan } = injected(decide(input({ maps, ...change })))
    const told = plan.sources.map(source =>
      source.kind === 'Literal'
        ? `literal ${source.level}${source.unseen ? ' unseen' : ''}`
        : [source.via, source.level, source.override, source.unseen && 'unseen'].filter(Boolean).join(' '),
    )
    t.same(told, [expected], what)
  }
  t.end()
})

t.test('addresses in place of names: said, and left by annotation', t => {
  const says = (change: Change) => injected(decide(input(change))).why.addresses
  t.match(
    says({}),
    /^in place of names, in GAIAD_P2P_PERSISTENT_PEERS, .*repeer\.dev\/pin-addresses: "false" leaves names$/,
  )
  t.equal(says({ ...strategy('observe') }), undefined, 'only a wrapped node can be given a variable')
  const subPath = { volumeMounts: [{ name: 'config', mountPath: '/home/config/config.toml', subPath: 'config.toml' }] }
  const names = { annotations: { 'repeer.dev/pin-addresses': 'false' }, container: subPath }
  t.match(says(names), /^by name, in GAIAD_P2P_PERSISTENT_PEERS, /)
  t.equal(injected(decide(input(names))).plan.pinAddresses, false)
  t.notOk('pinAddresses' in injected(decide(input({}))).plan)
  t.end()
})

t.test('files beside variables: a script may make one list of both, which the files alone must not outrank', t => {
  const env = [{ name: 'PERSISTENT_PEERS', value: list }]
  const { plan } = injected(
    decide(
      input({
        maps: { node: { 'config.toml': toml() } },
        container: { command: ['sh', '-c', 'set-peers $PERSISTENT_PEERS; gaiad start --home /home'], env },
      }),
    ),
  )
  t.same(
    plan.sources.flatMap(source => (source.kind !== 'Literal' && source.override ? [source.override] : [])),
    [],
  )
  t.end()
})

t.test('the variable that outranks the file, by program', t => {
  const rows: readonly [string, readonly string[], object[], string | undefined][] = [
    ['cometbft', ['cometbft', 'node'], [], 'CMT_P2P_PERSISTENT_PEERS'],
    [
      'dashes',
      ['/usr/bin/interchain-security-pd', 'start', '--home', '/h'],
      [],
      'INTERCHAIN_SECURITY_PD_P2P_PERSISTENT_PEERS',
    ],
    ['behind a shell', ['sh', '-c', 'sleep 10; gaiad start --home /h'], [], 'GAIAD_P2P_PERSISTENT_PEERS'],
    [
      'exec, tini and a variable before it',
      ['tini', '--', 'bash', '-ec', 'A=1 exec gaiad start --home /h'],
      [],
      'GAIAD_P2P_PERSISTENT_PEERS',
    ],
    [
      'cosmovisor',
      ['cosmovisor', 'run', 'start'],
      [{ name: 'DAEMON_NAME', value: 'junod' }],
      'JUNOD_P2P_PERSISTENT_PEERS',
    ],
    ['cosmovisor, name unknown', ['cosmovisor', 'run', 'start'], [], undefined],
    [
      'a program in a variable',
      ['sh', '-c', '$BINARY start --home /h'],
      [{ name: 'BINARY', value: '/bin/seid' }],
      'SEID_P2P_PERSISTENT_PEERS',
    ],
    ['a script', ['/start.sh'], [], undefined],
  ]
  const volumeMounts = [{ name: 'config', mountPath: '/h/config/config.toml', subPath: 'config.toml' }]
  for (const [what, command, env, override] of rows) {
    const { plan } = injected(
      decide(input({ container: { name: 'node', image: 'cometbft/cometbft', command, env, volumeMounts } })),
    )
    const [source] = plan.sources
    t.equal(source?.kind === 'ConfigMap' ? source.override : 'no', override, what)
  }
  t.end()
})
