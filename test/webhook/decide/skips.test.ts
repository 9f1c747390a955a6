// Every reason for leaving a pod alone, and which comes first where several apply.
import t from 'tap'
import { annotation, containerName, volumeName } from '../../../peers/pod.ts'
import { type SkipReason, skipReasons } from '../../../peers/reasons.ts'
import { decide, decideLightly } from '../../../webhook/decide/decide.ts'
import { skip } from '../../../webhook/decide/skip-rules.ts'
import { patchOf } from '../../../webhook/patch/patch.ts'
import { type Change, ids, injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'
import { settings } from '../fixtures/pods/load.ts'

const two = {
  containers: [1, 2].map(n => ({ name: `gaiad-${n}`, image: 'gaia', command: ['gaiad', 'start', '--home', '/h'] })),
}
const sidecar = { initContainers: [{ name: containerName.sidecar, image: settings.image }] }
const byMount = {
  initContainers: [
    {
      name: containerName.sidecar,
      image: 'older',
      volumeMounts: [{ name: volumeName.input, mountPath: '/repeer/input' }],
    },
  ],
}
const native = {
  name: 'gaiad-0',
  image: 'gaia',
  command: ['gaiad', 'start', '--home', '/h'],
  restartPolicy: 'Always',
}
const status = { [annotation.status]: 'injected' }

/** One projected volume of ConfigMaps s0, s1, ..., mounted many times. */
function manyMounts(mounts: number, sources: number): Change {
  const projected = { sources: Array.from({ length: sources }, (_, n) => ({ configMap: { name: `s${n}` } })) }
  const volumeMounts = Array.from({ length: mounts }, (_, n) => ({ name: 'many', mountPath: `/many/${n}` }))
  return { container: { volumeMounts }, pod: { volumes: [{ name: 'many', projected }] } }
}

const rows: readonly [what: string, change: Change, reason: SkipReason, message?: RegExp][] = [
  ['opted out', { annotations: { 'repeer.dev/inject': 'false' } }, 'opted-out'],
  ['opted out, with blanks', { annotations: { 'repeer.dev/inject': ' false ' } }, 'opted-out'],
  [
    'opted out before anything else',
    { annotations: { 'repeer.dev/inject': 'false' }, namespaceLabels: { 'repeer.dev/inject': '' } },
    'opted-out',
  ],
  ['namespace without the label', { namespaceLabels: { 'repeer.dev/inject': '' } }, 'not-opted-in', /namespace ns/],
  ['namespace with another value', { namespaceLabels: { 'repeer.dev/inject': 'true' } }, 'not-opted-in'],
  ['Windows by spec.os', { pod: { ...input().pod.spec, os: { name: 'windows' } } }, 'os-windows'],
  ['Windows by nodeSelector', { pod: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }, 'os-windows'],
  ['mirror pod', { annotations: { 'kubernetes.io/config.mirror': 'abc' } }, 'static-pod'],
  ['static pod', { annotations: { 'kubernetes.io/config.source': 'file' } }, 'static-pod'],
  ['owned by a Node', { metadata: { ownerReferences: [{ kind: 'Node', name: 'n' }] } }, 'static-pod'],
  ['injected, by image', { annotations: status, pod: sidecar }, 'already-injected'],
  ['injected, by volume', { annotations: { [annotation.status]: 'injected: wrap' }, pod: byMount }, 'already-injected'],
  ['our container without our status', { pod: sidecar }, 'name-conflict', /container repeer/],
  [
    'our container, and a status that says that nothing was injected',
    { annotations: { [annotation.status]: 'skipped: x' }, pod: sidecar },
    'name-conflict',
  ],
  [
    'our container of another image, with a volume of its own',
    {
      annotations: status,
      pod: { initContainers: [{ name: 'repeer', image: 'x', volumeMounts: [{ name: 'config', mountPath: '/x' }] }] },
    },
    'name-conflict',
  ],
  [
    'our container of another image',
    { annotations: status, pod: { initContainers: [{ name: 'repeer', image: 'x' }] } },
    'name-conflict',
  ],
  [
    'our status on another container',
    { annotations: status, pod: { containers: [{ name: 'repeer-install' }] } },
    'name-conflict',
  ],
  ['our volume', { pod: { volumes: [{ name: 'repeer-wrap', emptyDir: {} }] } }, 'name-conflict', /volume repeer-wrap/],
  [
    'a mount below ours',
    { container: { volumeMounts: [{ name: 'config', mountPath: '/repeer/wrap' }] } },
    'name-conflict',
    /\/repeer\/wrap/,
  ],
  ['a mount at ours', { container: { volumeMounts: [{ name: 'config', mountPath: '/repeer' }] } }, 'name-conflict'],
  [
    "a program at the status page's port",
    { container: { ports: [{ containerPort: 9469 }] } },
    'port-conflict',
    /gaiad listens at 9469/,
  ],
  ['too many annotations', { annotations: { note: 'x'.repeat(200_000) } }, 'annotations-too-large', /expected at most/],
  [
    'a name that no ConfigMap can have',
    { maps: {}, pod: { volumes: [{ name: 'config', configMap: { name: '_' } }] } },
    'plan-refused',
    /sources\[0\]\.name/,
  ],
  [
    'bad values',
    { annotations: { 'repeer.dev/profile': 'bitcoin', 'repeer.dev/min-peers': 'x' } },
    'bad-annotation',
    /(?=.*profile is "bitcoin")(?=.*min-peers is "x")/,
  ],
  [
    'wrap without a command',
    {
      container: { command: undefined, args: ['start', '--home', '/h'] },
      annotations: { 'repeer.dev/strategy': 'wrap' },
    },
    'bad-annotation',
    /entrypoint/,
  ],
  [
    'a container that is not there',
    { annotations: { 'repeer.dev/container': 'node' } },
    'unknown-container',
    /"node".*gaiad/,
  ],
  [
    'an init container is not the node',
    { annotations: { 'repeer.dev/container': 'x' }, pod: { initContainers: [{ name: 'x' }] } },
    'unknown-container',
    /"x" is an init container, and those are not followed; it is not one of gaiad$/,
  ],
  [
    'a node that is a native sidecar',
    { container: { command: ['sleep', '1'], image: 'alpine', name: 'x' }, pod: { initContainers: [native] } },
    'not-a-node',
    /: init container gaiad-0 runs a node \(cometbft\), and init containers are not followed: move it to spec.containers$/,
  ],
  [
    'an init container that ends is no node',
    {
      container: { command: ['sleep', '1'], image: 'alpine', name: 'x' },
      pod: { initContainers: [{ ...native, restartPolicy: undefined }] },
    },
    'not-a-node',
    /that repeer knows$/,
  ],
  [
    'arguments beyond number',
    { container: { args: Array.from({ length: 2000 }, () => '-v') } },
    'too-large',
    /expected at most 2000/,
  ],
  [
    'characters beyond number',
    { container: { args: ['x'.repeat(300_000)], env: [{ name: 'X', value: 'x'.repeat(224_300) }] } },
    'too-large',
    /found 524\d{3} characters in commands.*expected at most 524288/,
  ],
  [
    'labels and annotations beyond number',
    { labels: { a: 'x'.repeat(300_000) }, annotations: { b: 'x'.repeat(230_000) } },
    'too-large',
    /expected at most 524288/,
  ],
  ['mounts times keys', manyMounts(50, 50), 'too-large'],
  ['no node', { container: { command: ['sleep', '1'], image: 'alpine', name: 'x' } }, 'not-a-node'],
  ['no container', { pod: { containers: [] } }, 'not-a-node'],
  ['two nodes', { pod: two }, 'ambiguous-container', /gaiad-1, gaiad-2/],
  ['no list', { maps: { node: { 'app.toml': 'a = 1' } } }, 'no-peers', /repeer.dev\/config/],
  ['only a key beside peers', { maps: { node: { 'node_key.json': '{}' } } }, 'no-peers'],
]

for (const [what, change, reason, message = /./] of rows) {
  const decision = skipped(decide(input(change)))
  t.equal(decision.reason, reason, what)
  t.match(decision.message, message, what)
  t.ok(decision.message.startsWith(skipReasons[reason]), `${what}: the message is the table's`)
}

t.test('what a sentence says by itself gets nothing added, and a long finding is cut', async t => {
  const bare: [SkipReason, Change][] = [
    ['opted-out', { annotations: { 'repeer.dev/inject': 'false' } }],
    ['os-windows', { pod: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }],
    ['static-pod', { annotations: { 'kubernetes.io/config.mirror': 'abc' } }],
    ['already-injected', { annotations: status, pod: sidecar }],
  ]
  for (const [reason, change] of bare) t.equal(skipped(decide(input(change))).message, skipReasons[reason])
  const messageOf = (...given: Parameters<typeof skip>) => skipped(skip(...given)).message
  t.equal(messageOf('not-a-node'), skipReasons['not-a-node'])
  const [just, long] = ['x'.repeat(2000), 'x'.repeat(2001)]
  t.equal(messageOf('not-a-node', just), `${skipReasons['not-a-node']}: ${just}`)
  t.equal(messageOf('not-a-node', long), `${skipReasons['not-a-node']}: ${just}...`)
  const other = { initContainers: [{ name: 'x', image: settings.image }] }
  t.ok(
    decide(input({ annotations: status, pod: other })).inject,
    "our image in somebody else's container is no sidecar",
  )
})

t.test('too large: 2000 of all kinds together are not', async t => {
  const command = ['gaiad', 'start', '--home', '/home']
  // Two for the volume and its keys, one for the container, four for its command, two for the mount of such a volume.
  const args = Array.from({ length: 1991 }, () => '-v')
  const { spec } = input().pod
  const volumes = [...(spec?.volumes ?? []), { name: 'more', emptyDir: {} }]
  const rows: [what: string, change: Change, found: number | undefined][] = [
    ['as many', {}, undefined],
    ['an argument more', { container: { args: [...args, '-v'] } }, 2001],
    ['a word of the command', { container: { command: [...command, '-v'] } }, 2001],
    ['a variable', { container: { env: [{ name: 'A', value: 'a' }] } }, 2001],
    ['variables of a ConfigMap', { container: { envFrom: [{ configMapRef: { name: 'x' } }] } }, 2001],
    ['a port', { container: { ports: [{ containerPort: 1 }] } }, 2001],
    ['a volume', { pod: { volumes } }, 2001],
    ['an init container', { pod: { initContainers: [{ name: 'x' }] } }, 2001],
  ]
  for (const [what, change, found] of rows) {
    const decision = decide(input({ ...change, container: { args, ...change.container } }))
    const message = decision.inject ? '' : decision.message
    t.equal(/found (\d+) of them/.exec(message)?.[1], found === undefined ? undefined : String(found), what)
  }
})

t.test('too large: 512 KiB of all texts together are not', async t => {
  const most = 512 * 1024
  // gaiad start --home /home
  const rest = 'x'.repeat(most - 21)
  const rows: [what: string, change: Change, found: number | undefined][] = [
    ['as many', { container: { args: [rest] } }, undefined],
    ['an argument', { container: { args: [rest, 'x'] } }, most + 1],
    ['a value', { container: { args: [rest.slice(1)], env: [{ name: 'A', value: 'a' }] } }, most + 1],
    [
      'an init container',
      { container: { args: [rest] }, pod: { initContainers: [{ name: 'x', args: ['x'] }] } },
      most + 1,
    ],
    ['a label', { container: { args: [rest] }, labels: { a: 'x' } }, most + 1],
    ['an annotation', { container: { args: [rest] }, annotations: { a: 'x' } }, most + 1],
  ]
  for (const [what, change, found] of rows) {
    const decision = decide(input(change))
    const message = decision.inject ? '' : decision.message
    t.equal(/found (\d+) characters/.exec(message)?.[1], found === undefined ? undefined : String(found), what)
  }
})

t.test('a pod as large as any is looked through', t => {
  const many = manyMounts(30, 30)
  t.equal(
    decide(input({ ...many, container: { ...many.container, env: [{ name: 'PERSISTENT_PEERS', value: list }] } }))
      .inject,
    true,
  )
  const env = Array.from({ length: 1000 }, (_, n) => ({ name: `V${n}`, value: 'x' }))
  t.equal(decide(input({ container: { env } })).inject, true)
  t.end()
})

t.test('every reason but the caught error has a row', t => {
  const seen = new Set(rows.map(row => row[2]))
  t.same(
    Object.keys(skipReasons).filter(reason => !seen.has(reason as SkipReason)),
    ['internal-error'],
  )
  t.end()
})

t.test('what looks like a reason and is none', t => {
  const rows: readonly [string, Change][] = [
    ['the pod itself', {}],
    ['opted in by name', { annotations: { 'repeer.dev/inject': 'true' } }],
    ['Linux, said', { pod: { ...input().pod.spec, os: { name: 'linux' } } as never }],
    ['config.source api', { annotations: { 'kubernetes.io/config.source': 'api' } }],
    ['a copied status', { annotations: status }],
    [
      'a mount beside ours',
      {
        container: {
          volumeMounts: [
            { name: 'config', mountPath: '/repeerless' },
            { name: 'config', mountPath: '/home/config' },
          ],
        },
      },
    ],
    [
      'a mount of ours in another container',
      {
        pod: {
          containers: [
            ...(input().pod.spec?.containers ?? []),
            { name: 'x', volumeMounts: [{ name: 'v', mountPath: '/repeer/x' }] },
          ],
        },
      },
    ],
  ]
  for (const [what, change] of rows) t.ok(decide(input(change)).inject, what)
  t.end()
})

t.test('seeds alone, and an empty list to be filled beside them', t => {
  const seed = `${ids[0]}@seed:26656`
  const args = [`--p2p.seeds=${seed}`]
  const rows: readonly [what: string, change: Change, expected: 'seeds-only' | 'inject'][] = [
    ['a flag', { container: { volumeMounts: [], args } }, 'seeds-only'],
    [
      'a document that lists nobody',
      { container: { args }, maps: { node: { 'config.toml': toml('') } } },
      'seeds-only',
    ],
    ['an empty list of its own', { container: { args }, maps: { node: { persistent_peers: '' } } }, 'inject'],
    ['a document that lists somebody', { container: { args } }, 'inject'],
    [
      'named by annotation',
      { annotations: { 'repeer.dev/config': 'node/config.toml' }, maps: { node: { 'config.toml': toml('', seed) } } },
      'inject',
    ],
    ['peers by annotation', { annotations: { 'repeer.dev/peers': list }, container: { args } }, 'inject'],
    ['an empty document without seeds', { maps: { node: { 'config.toml': toml('') } } }, 'inject'],
  ]
  for (const [what, change, expected] of rows) {
    const decision = decide(input(change))
    const plan = injected(decision).plan
    const isLeft = plan.reach.by === 'observe' && plan.reach.reason === 'seeds-only'
    t.equal(isLeft ? 'seeds-only' : 'inject', expected, what)
    t.equal(injected(decision).why.strategy.includes('seeds or bootnodes alone'), isLeft, `${what}: explained`)
    const rights = patchOf(input(change).pod, decision, settings).filter(({ path }) =>
      /shareProcessNamespace|containers\/0\/command/.test(path),
    )
    t.equal(rights.length === 0, isLeft, `${what}: changed or not`)
  }
  t.end()
})

t.test('too large: keys of one ConfigMap at many places, 20,000 in all are not', t => {
  const maps = {
    node: { 'config.toml': toml() },
    x: Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`K${n}`, ''])),
  }
  const taking = (times: number, rest: object[] = []) => ({
    maps: { ...maps, y: { A: '', B: '' } },
    container: {
      envFrom: [
        ...Array.from({ length: times }, (_, n) => ({ prefix: `P${n}`, configMapRef: { name: 'x' } })),
        ...rest,
      ],
    },
  })
  const y = { configMapRef: { name: 'y' } }
  const mounting = (change: Change, how: object): Change => ({
    ...change,
    pod: {
      volumes: [
        { name: 'config', configMap: { name: 'node' } },
        { name: 'x', configMap: { name: 'x' } },
      ],
      initContainers: [{ name: 'i', volumeMounts: ['/a', '/b'].map(mountPath => ({ name: 'x', mountPath, ...how })) }],
    },
  })
  const rows: [what: string, change: Change, found: number | undefined][] = [
    ['as many', taking(50), undefined],
    ['one that is taken once', taking(50, [y]), undefined],
    ['one that is taken twice', taking(50, [y, y]), 20_004],
    [
      'by an init container',
      { ...taking(50), pod: { initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'x' } }] }] } },
      20_400,
    ],
    ['by mounts of another container', mounting(taking(50), {}), 20_800],
    ['single keys by mounts', mounting(taking(50), { subPath: 'K1' }), 20_002],
  ]
  for (const [what, change, found] of rows) {
    const decision = decide(input(change))
    const message = decision.inject ? '' : decision.message
    t.equal(/found (\d+) keys/.exec(message)?.[1], found === undefined ? undefined : String(found), what)
  }
  // A sixteenth: 1,250.
  t.not(decideLightly(input(taking(3))), 'too-dear')
  t.equal(decideLightly(input(taking(4))), 'too-dear')
  t.end()
})
