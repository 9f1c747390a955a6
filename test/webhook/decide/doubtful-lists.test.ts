// What is no list although it is named like one: templates, malformed guesses, ConfigMaps of which nothing is known,
// variables that nobody reads.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, configMount, ids, injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'

const sourcesOf = (change: Change) =>
  injected(decide(input(change))).plan.sources.map(source =>
    source.kind === 'Literal' ? source.name : `${source.name}/${source.key}`,
  )
const warningsOf = (change: Change) => injected(decide(input(change))).warnings.join('\n')

t.test('a template beside the list', t => {
  for (const text of [
    `\${PERSISTENT_PEERS}`,
    '{{ .Values.peers }}',
    '<%= peers %>',
    '$PEERS',
    `${ids[0]}@node:26656,\${MORE}`,
  ]) {
    const change = { maps: { node: { 'config.toml': toml(), 'config.toml.tpl': toml(text), persistent_peers: text } } }
    t.same(sourcesOf(change), ['node/config.toml'], text)
    t.match(warningsOf(change), /ConfigMap node\/persistent_peers is a template/, text)
  }
  const line = { maps: { node: { 'config.toml': '[p2p]\n{{ range .Peers }}\npersistent_peers = "x"\n', peers: list } } }
  t.same(sourcesOf(line), ['node/peers'], 'a template of TOML that is none yet')
  t.end()
})

t.test('a template alone is no list', t => {
  const alone = skipped(decide(input({ maps: { node: { 'config.toml': toml(`\${PERSISTENT_PEERS}`) } } })))
  t.match(alone, { reason: 'no-peers', message: /node\/config.toml is a template.*repeer.dev\/peers/ })
  const literal = { container: { volumeMounts: [], env: [{ name: 'PERSISTENT_PEERS', value: `\${ID}@host:26656` }] } }
  t.match(skipped(decide(input(literal))).message, /env PERSISTENT_PEERS is composed of variables.*repeer.dev\/peers/)
  t.end()
})

t.test('named by annotation it is kept: whoever states it has to be told', t => {
  const change = {
    annotations: { 'repeer.dev/config': 'node/config.toml' },
    maps: { node: { 'config.toml': toml(`\${PERSISTENT_PEERS}`) } },
  }
  t.same(sourcesOf(change), ['node/config.toml'])
  t.match(warningsOf(change), /does not parse/)
  t.end()
})

t.test('malformed: a guess is left out where there is a list, a stated one never', t => {
  const malformed = 'tm-0,tm-1'
  const rows: readonly [what: string, change: Change, expected: readonly string[]][] = [
    [
      'seeds of hosts alone are a script’s own',
      { maps: { node: { 'config.toml': toml(), seeds: malformed } } },
      ['node/config.toml'],
    ],
    ['content outweighs a name', { maps: { node: { persistent_peers: malformed, others: list } } }, ['node/others']],
    [
      'alone it is kept: somebody may have meant it',
      { maps: { node: { persistent_peers: malformed } } },
      ['node/persistent_peers'],
    ],
    [
      'the file that the node reads',
      { maps: { node: { 'config.toml': toml(malformed), peers: list } } },
      ['node/config.toml', 'node/peers'],
    ],
    [
      'a variable that the program reads',
      {
        container: {
          env: [{ name: 'GAIAD_P2P_PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }],
        },
        maps: { node: { peers: list }, m: { k: malformed } },
      },
      ['m/k'],
    ],
    [
      'a variable that a flag names',
      {
        container: {
          args: ['--p2p.seeds=$(S)'],
          env: [{ name: 'S', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }],
        },
        maps: { node: { 'config.toml': toml() }, m: { k: malformed } },
      },
      ['node/config.toml', 'm/k'],
    ],
    ['a flag', { container: { args: ['--p2p.seeds=tm-0'] } }, ['node/config.toml', 'args[0] --p2p.seeds']],
  ]
  for (const [what, change, expected] of rows) t.same([...sourcesOf(change)].sort(), [...expected].sort(), what)
  const [, seeds] = rows[0] ?? []
  t.match(warningsOf(seeds ?? {}), /node\/seeds is named like seeds but holds none that a cometbft node could take/)
  t.end()
})

t.test('a ConfigMap of which nothing is known is no list', t => {
  const native = { name: 'node-utils', restartPolicy: 'Always', image: 'x/node-utils:2' }
  const volumes = [
    ...configMount.volumes,
    { name: 'data', emptyDir: {} },
    { name: 'more', configMap: { name: 'later' } },
  ]
  const shared = [
    { name: 'data', mountPath: '/data' },
    { name: 'more', mountPath: '/config' },
  ]
  const mounts = [
    { name: 'config', mountPath: '/home/config' },
    { name: 'data', mountPath: '/data' },
  ]
  const rows: readonly [what: string, change: Change][] = [
    [
      'of a native sidecar, which renders nothing',
      { pod: { volumes, initContainers: [{ ...native, volumeMounts: shared }] }, container: { volumeMounts: mounts } },
    ],
    [
      'of an init container that names no file in it',
      {
        pod: { volumes, initContainers: [{ name: 'init', image: 'x', volumeMounts: shared }] },
        container: { volumeMounts: mounts },
      },
    ],
    [
      'at another place of the node',
      { pod: { volumes }, container: { volumeMounts: [...mounts, { name: 'more', mountPath: '/genesis' }] } },
    ],
    ['behind envFrom', { container: { envFrom: [{ configMapRef: { name: 'later' } }] } }],
  ]
  for (const view of ['unknown', 'absent'] as const) {
    for (const [what, change] of rows)
      t.same(
        sourcesOf({ ...change, maps: { node: { 'config.toml': toml() }, later: view } }),
        ['node/config.toml'],
        `${view}: ${what}`,
      )
  }
  const alone = {
    container: { volumeMounts: [], envFrom: [{ configMapRef: { name: 'later' } }] },
    maps: { later: 'unknown' as const },
  }
  t.match(skipped(decide(input(alone))), {
    reason: 'no-peers',
    message: /ConfigMap later \(envFrom\) cannot be read here/,
  })
  const genesis = {
    container: { volumeMounts: [{ name: 'config', mountPath: '/genesis' }] },
    maps: { node: 'unknown' as const },
  }
  t.match(
    skipped(decide(input(genesis))).message,
    /ConfigMap node cannot be read here, so the keys at \/genesis are not known/,
  )
  t.end()
})

t.test('what says that peers are in it', t => {
  const copied = {
    pod: {
      volumes: [...configMount.volumes, { name: 'data', emptyDir: {} }],
      initContainers: [
        {
          name: 'init',
          image: 'x',
          command: ['cp', '/tpl/config.toml', '/home/config/'],
          volumeMounts: [
            { name: 'config', mountPath: '/tpl' },
            { name: 'data', mountPath: '/home' },
          ],
        },
      ],
    },
    container: { volumeMounts: [{ name: 'data', mountPath: '/home' }] },
    maps: { node: 'unknown' as const },
  }
  t.ok(sourcesOf(copied).includes('node/config.toml'), 'an init container names the file')
  t.ok(sourcesOf({ maps: { node: 'unknown' } }).includes('node/config.toml'), "the node's own configuration directory")
  const item = {
    pod: { volumes: [{ name: 'config', configMap: { name: 'node', items: [{ key: 'a', path: 'config.toml' }] } }] },
    maps: { node: 'unknown' as const },
  }
  t.same(sourcesOf(item), ['node/a'], 'a key of its own')
  t.end()
})

t.test('variables that nothing in the container reads', t => {
  const peers = { name: 'KNOWN_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }
  const stellar = (container: Record<string, unknown>, more: Change = {}): Change => ({
    ...more,
    container: {
      name: 'core',
      image: 'stellar/stellar-core:22',
      command: undefined,
      volumeMounts: [],
      env: [peers],
      ...container,
    },
    maps: { m: { k: 'a.example:11625,b.example' }, ...more.maps },
  })
  const scripts = { pod: { volumes: [{ name: 'scripts', configMap: { name: 'scripts' } }] } }
  const mounted = {
    command: ['/bin/bash', '/scripts/run.sh'],
    volumeMounts: [{ name: 'scripts', mountPath: '/scripts' }],
  }
  const rows: readonly [what: string, change: Change, unseen: true | undefined][] = [
    ['the image', stellar({}), true],
    ['arguments', stellar({ args: ['run', '--conf', '/c/stellar-core.cfg'] }), true],
    ['a command', stellar({ command: ['stellar-core', 'run'] }), true],
    [
      'a command that names it',
      stellar({ command: ['sh', '-c', 'render "$KNOWN_PEERS" > /c/stellar-core.cfg; exec stellar-core run'] }),
      undefined,
    ],
    [
      'another variable that names it',
      stellar({ env: [peers, { name: 'CONF', value: 'KNOWN_PEERS=$(KNOWN_PEERS)' }] }),
      undefined,
    ],
    [
      'a script that names it',
      stellar(mounted, { ...scripts, maps: { scripts: { 'run.sh': 'echo $KNOWN_PEERS\nexec stellar-core run' } } }),
      undefined,
    ],
    [
      'a script that does not',
      stellar(mounted, { ...scripts, maps: { scripts: { 'run.sh': 'exec stellar-core run' } } }),
      true,
    ],
    ['a script that cannot be read', stellar(mounted, { ...scripts, maps: { scripts: 'unknown' } }), undefined],
    ['a script of the image', stellar({ command: ['/entrypoint.sh'] }), undefined],
  ]
  for (const [what, change, unseen] of rows) {
    const decision = injected(decide(input(change)))
    const [source] = decision.plan.sources
    t.same(
      [source?.unseen, source?.level],
      [unseen, unseen ? 'none' : change.container?.command ? 'process' : 'container'],
      what,
    )
    if (unseen)
      t.match(decision.warnings.join(), /stellar-core does not read variable KNOWN_PEERS: the node is told/, what)
  }
  const literal = injected(decide(input(stellar({ env: [{ name: 'KNOWN_PEERS', value: 'a.example:11625' }] })))).plan
    .sources
  t.match(literal, [{ kind: 'Literal', name: 'env KNOWN_PEERS', unseen: true, level: 'none' }], 'a literal one')
  const enode = `enode://${'a'.repeat(128)}@a:30303`
  const ethereum = (image: string, name: string) =>
    injected(
      decide(input({ container: { image, command: undefined, volumeMounts: [], env: [{ name, value: enode }] } })),
    ).plan.sources[0]?.unseen
  t.equal(ethereum('ethereum/client-go', 'STATIC_NODES'), true)
  t.equal(ethereum('nethermind/nethermind', 'NETHERMIND_NETWORKCONFIG_STATICPEERS'), undefined, 'the program reads it')
  t.end()
})
