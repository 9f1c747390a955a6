import t from 'tap'
import { readPod } from '../../../rollout/cluster/read-pod.ts'
import { pauseRows } from '../../peers/pauses.ts'
import { plan, pod, source } from '../fixtures/objects.ts'

const at = '2026-01-01T00:00:00Z'
const meta = { uid: 'u1', creationTimestamp: at }
const given = (over: Parameters<typeof pod>[3] = {}) =>
  pod('a', 'node-0', [source('node')], { ...over, metadata: { ...meta, ...over.metadata } })

t.test('what is kept of a pod, and nothing else', async t => {
  const annotations = {
    'repeer.dev/peer-hash': 'p1:ab',
    'repeer.dev/endpoints': '{}',
    'repeer.dev/turn': 's1:cd',
    'repeer.dev/turn-granted-at': '2026-01-01T00:00:05.250Z',
    other: 'x',
  }
  const conditions = [
    { type: 'Initialized', status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' },
    { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' },
  ]
  const start = Date.parse(at)
  t.strictSame(readPod(given({ annotations, status: { conditions } })), {
    namespace: 'a',
    name: 'node-0',
    uid: 'u1',
    plan: plan([source('node')]),
    peerHash: 'p1:ab',
    endpoints: '{}',
    turn: 's1:cd',
    turnGrantedAt: start + 5250,
    paused: false,
    ip: '10.0.0.1',
    phase: 'Running',
    ready: true,
    readySince: start + 10_000,
    deleting: false,
    createdAt: start,
  })
})

t.test('a pod that has only just been made', async t => {
  const found = readPod({ ...given(), status: undefined })
  t.match(found, { phase: 'Unknown', ready: false, deleting: false })
  t.strictSame(
    Object.keys(found ?? {}).filter(key =>
      ['peerHash', 'endpoints', 'turn', 'turnGrantedAt', 'ip', 'readySince'].includes(key),
    ),
    [],
  )
})

t.test('deleting, paused, not ready', async t => {
  t.match(readPod(given({ metadata: { deletionTimestamp: at } })), { deleting: true })
  t.match(readPod(given({ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })), { ready: false })
  for (const { text, held, odd } of pauseRows) {
    const said: string[] = []
    const object = given(text === undefined ? {} : { annotations: { 'repeer.dev/pause': text } })
    const row = JSON.stringify(text)
    t.match(readPod(object, { odd: sentence => void said.push(sentence) }), { paused: held }, row)
    t.equal(said.length, odd ? 1 : 0, row)
  }
})

t.test('pods in which repeer is not', async t => {
  const object = given() as unknown as { metadata: { annotations: object }; spec: object }
  const others: [string, unknown][] = [
    ['no object', null],
    ['a text', 'x'],
    ['no metadata', { spec: object.spec }],
    ['no name', { ...object, metadata: { ...object.metadata, name: undefined } }],
    ['no UID', { ...object, metadata: { ...object.metadata, uid: 7 } }],
    ['no annotations', { ...object, metadata: { ...object.metadata, annotations: undefined } }],
    ['another annotation', { ...object, metadata: { ...object.metadata, annotations: { plan: '{}' } } }],
    ['no spec', { ...object, spec: undefined }],
    [
      'no sidecar',
      { ...object, spec: { containers: [{ name: 'node' }], initContainers: [{ name: 'repeer-install' }] } },
    ],
  ]
  for (const [what, object] of others) t.equal(readPod(object, { unusable: reason => t.fail(reason) }), undefined, what)
})

t.test('a plan that cannot be used is undefined, with one short reason', async t => {
  for (const text of [
    '',
    '{',
    '{"version":2}',
    JSON.stringify({ ...plan([]), sources: Array(5000).fill(1) }),
    'x'.repeat(300_000),
  ]) {
    const reasons: string[] = []
    t.equal(
      readPod(given({ annotations: { 'repeer.dev/plan': text } }), { unusable: reason => reasons.push(reason) }),
      undefined,
    )
    t.match(reasons, [/^the plan cannot be used: /])
    t.ok((reasons[0]?.length ?? 0) <= 500)
  }
})

t.test("a stranger's words are bounded and checked", async t => {
  const long = 'x'.repeat(64 * 1024 + 1)
  const annotations = {
    'repeer.dev/peer-hash': long,
    'repeer.dev/turn': long,
    'repeer.dev/endpoints': long,
    'repeer.dev/turn-granted-at': 'yesterday',
  }
  const found = readPod(
    given({
      annotations,
      status: { podIP: 'evil.example', phase: 7, conditions: 'x' },
      metadata: { creationTimestamp: 'x' },
    }),
  )
  t.match(found, {
    peerHash: 'too-long',
    turn: 'too-long',
    endpoints: 'too-long',
    phase: 'Unknown',
    ready: false,
    createdAt: 0,
  })
  t.equal(found?.ip, undefined, 'a name would be looked up')
  t.equal(found?.turnGrantedAt, undefined)
  t.equal(readPod(given({ annotations: { 'repeer.dev/endpoints': long.slice(1) } }))?.endpoints?.length, 64 * 1024)
  t.equal(
    readPod(given({ annotations: { 'repeer.dev/turn': '' } }))?.turn,
    undefined,
    'empty is absent, as in the file',
  )
  t.match(readPod(given({ status: { podIP: 'fd00::1' } })), { ip: 'fd00::1' })
})

t.test('the plan is made by the function that is given', async t => {
  const parsed = plan([])
  t.equal(readPod(given(), { plan: () => parsed })?.plan, parsed)
})
