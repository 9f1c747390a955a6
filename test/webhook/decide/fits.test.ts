// What the webhook hands out is taken: by the API server, which sees the changed pod, and by the sidecar, which reads
// the plan. A row on each side of each bound.
import t from 'tap'
import { annotation } from '../../../peers/pod.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import { controllersShare } from '../../../webhook/decide/fits.ts'
import { applyPatch } from '../../../webhook/patch/apply.ts'
import { patchOf } from '../../../webhook/patch/patch.ts'
import { type Change, ids, injected, input, list, skipped } from '../fixtures/pods/build.ts'

/** Bytes of all annotations of the pod as it would be created: apimachinery's ValidateAnnotationsSize. */
function annotationBytes(change: Change): number {
  const made = input(change)
  const pod = applyPatch(made.pod, patchOf(made.pod, decide(made), made.settings))
  return Object.entries(pod.metadata?.annotations ?? {}).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  )
}

const most = 262_144 - 69_632

t.test('annotations: as many bytes as leave the controller its share, and one more', async t => {
  t.equal(controllersShare, 69_632)
  const filled = (note: string) => ({ annotations: { note } })
  const free = most - annotationBytes(filled(''))
  t.equal(annotationBytes(filled('x'.repeat(free))), most)
  t.ok(injected(decide(input(filled('x'.repeat(free))))))
  const message = /^with repeer's annotations.*: found 192513 bytes with repeer's plan of \d+, expected at most 192512$/
  const over = skipped(decide(input(filled('x'.repeat(free + 1)))))
  t.match(over, { reason: 'annotations-too-large', message })
  // Bytes, not characters.
  const odd = free % 2 === 0 ? '' : 'x'
  t.ok(injected(decide(input(filled(`${'ä'.repeat(Math.floor(free / 2))}${odd}`)))))
  t.equal(skipped(decide(input(filled('ä'.repeat(Math.ceil((free + 1) / 2)))))).reason, 'annotations-too-large')
})

t.test('annotations: what repeer replaces or takes away does not count', async t => {
  const big = 'x'.repeat(150_000)
  for (const name of [annotation.plan, annotation.endpoints, annotation.turn, annotation.peerHash])
    t.ok(injected(decide(input({ annotations: { [name]: big } }))), name)
  t.equal(
    skipped(decide(input({ annotations: { [annotation.nudge]: 'x'.repeat(200_000) } }))).reason,
    'annotations-too-large',
  )
})

t.test('annotations: a literal list stands in the plan once more', async t => {
  const entries = (count: number) =>
    Array.from({ length: count }, (_, n) => `${ids[0]}@node${String(n).padStart(5, '0')}:26656`).join(',')
  const named = (count: number) => ({ annotations: { [annotation.peers]: entries(count) } })
  t.ok(injected(decide(input(named(1600)))))
  // As it was seen: 270,609 bytes in all, which an API server refuses.
  t.equal(skipped(decide(input(named(2260)))).reason, 'annotations-too-large')
  t.ok(annotationBytes(named(1600)) <= most)
})

const port = (containerPort: number, over: object = {}) => ({ ports: [{ containerPort, ...over }] })
const beside = (fields: object): Change => ({
  pod: {
    containers: [
      {
        name: 'gaiad',
        image: 'gaia',
        command: ['gaiad', 'start', '--home', '/home'],
        volumeMounts: [{ name: 'config', mountPath: '/home/config' }],
      },
      { name: 'exporter', image: 'x', ...fields },
    ],
  },
})

const taken: readonly [what: string, change: Change, who: RegExp][] = [
  ['a port of the node', { container: port(9469) }, /container gaiad listens at 9469/],
  ['a port of another container', beside(port(9469)), /container exporter listens/],
  ['TCP, said', beside(port(9469, { protocol: 'TCP' })), /container exporter listens/],
  ['a probe', beside({ livenessProbe: { httpGet: { path: '/', port: 9469 } } }), /container exporter listens/],
  [
    'a native sidecar',
    { pod: { initContainers: [{ name: 'proxy', image: 'x', restartPolicy: 'Always', ...port(9469) }] } },
    /container proxy listens/,
  ],
  [
    "the node's RPC, by a flag",
    { container: { command: ['gaiad', 'start', '--home', '/home', '--rpc.laddr', 'tcp://0.0.0.0:9469'] } },
    /the node listens/,
  ],
  ['its P2P port, by an annotation', { annotations: { [annotation.p2pPort]: '9469' } }, /the node listens/],
]
for (const [what, change, who] of taken) {
  t.test(`port 9469 is taken: ${what}`, async t => {
    const { reason, message } = skipped(decide(input(change)))
    t.equal(reason, 'port-conflict')
    t.match(message, who)
  })
}

const free: readonly [what: string, change: Change][] = [
  ['one below', beside(port(9468))],
  ['one above', beside(port(9470))],
  ['UDP', beside(port(9469, { protocol: 'UDP' }))],
  ['an init container that has ended', { pod: { initContainers: [{ name: 'init', image: 'x', ...port(9469) }] } }],
  ["the machine's network, where the page has any free port", { container: port(9469), pod: { hostNetwork: true } }],
]
for (const [what, change] of free) {
  t.test(`port 9469 is free: ${what}`, async t => {
    t.ok(injected(decide(input(change))))
  })
}

const mounted = (mountPath: string): Change => ({
  container: {
    volumeMounts: [
      { name: 'config', mountPath: '/home/config' },
      { name: 'config', mountPath },
    ],
  },
})
for (const path of ['/repeer', '/repeer/', '//repeer', '/./repeer', '/x/../repeer/wrap', 'repeer', 'repeer/control/'])
  t.test(`a mount at ${path} is in the way`, async t => {
    t.match(skipped(decide(input(mounted(path)))), { reason: 'name-conflict', message: /mounts volume config at/ })
  })
for (const path of ['/repeerx', '/x/repeer', '/repeer/../x', '/Repeer', '/repeer.d/wrap'])
  t.test(`a mount at ${path} is not`, async t => {
    t.ok(injected(decide(input(mounted(path)))))
  })

const refused: readonly [what: string, change: Change, field: RegExp][] = [
  [
    "a ConfigMap's name that none can have",
    { maps: {}, pod: { volumes: [{ name: 'config', configMap: { name: 'Node_1' } }] } },
    /sources\[0\]\.name: expected the name of a ConfigMap/,
  ],
  [
    'a key that leads elsewhere',
    {
      maps: {},
      pod: {
        volumes: [{ name: 'config', configMap: { name: 'node', items: [{ key: '../x', path: 'config.toml' }] } }],
      },
    },
    /sources\[0\]\.key: expected a key/,
  ],
  [
    'a variable that is none',
    { maps: {}, container: { env: [{ name: 'A PERSISTENT_PEERS', valueFrom: fromKey('node', 'peers') }] } },
    /variable: expected the name of the environment variable/,
  ],
]
for (const [what, change, field] of refused) {
  t.test(`the sidecar would refuse the plan: ${what}`, async t => {
    const { reason, message } = skipped(decide(input(change)))
    t.equal(reason, 'plan-refused')
    t.match(message, field)
    t.notMatch(message, /Node_1|\.\.\/x|A PERSISTENT/, 'what was found is not quoted')
  })
}

t.test('names as long as they may be', async t => {
  const named = (name: string): Change => ({
    maps: {},
    pod: { volumes: [{ name: 'config', configMap: { name } }] },
  })
  t.ok(injected(decide(input(named('a'.repeat(253))))))
  t.equal(skipped(decide(input(named('a'.repeat(254))))).reason, 'plan-refused')
  const keyed = (key: string): Change => ({
    maps: { node: { [key]: list } },
    annotations: { [annotation.config]: `configmap/node/${key}` },
  })
  t.ok(injected(decide(input(keyed('k'.repeat(253))))))
  t.equal(skipped(decide(input(keyed('k'.repeat(254))))).reason, 'bad-annotation')
})

function fromKey(name: string, key: string) {
  return { configMapKeyRef: { name, key } }
}
