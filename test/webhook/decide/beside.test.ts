// The container beside the node that has to start anew with it: whether it can, and what the plan says of it.
import t from 'tap'
import type { Beside } from '../../../peers/plan.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import type { DecideInput } from '../../../webhook/decide/decision.ts'
import { type Change, configMount, injected, input, skipped } from '../fixtures/pods/build.ts'
import { inputOf } from '../fixtures/pods/load.ts'

type Spec = Record<string, unknown>
const utils = {
  name: 'node-utils',
  image: 'ghcr.io/voluzi/node-utils:3',
  restartPolicy: 'Always',
  securityContext: { runAsUser: 1000 },
}
const pod = (utilsChange: Spec | null = {}, podChange: Spec = {}) => ({
  ...configMount,
  shareProcessNamespace: true,
  initContainers: utilsChange === null ? [] : [{ ...utils, ...utilsChange }],
  ...podChange,
})
const traced = { args: ['--trace-store', '/trace/trace.fifo'] }

const whole: Beside = {
  container: 'node-utils',
  names: ['nodeutils', 'node-utils'],
  uid: 1000,
  port: 8000,
  fifo: false,
}

const good: readonly [what: string, change: Change, expected: Partial<Beside> | undefined][] = [
  ['as it is', { pod: pod() }, {}],
  ['none', { pod: pod(null) }, undefined],
  ['the node writes its trace', { pod: pod(), container: traced }, { fifo: true }],
  ['... with = and an underscore', { pod: pod(), container: { args: ['--trace_store=/x'] } }, { fifo: true }],
  ["the pod's user", { pod: pod({ securityContext: {} }, { securityContext: { runAsUser: 7 } }) }, { uid: 7 }],
  ['its own user over it', { pod: pod({}, { securityContext: { runAsUser: 7 } }) }, { uid: 1000 }],
  ['root', { pod: pod({ securityContext: { runAsUser: 0 } }) }, { uid: 0 }],
  ['known by its image', { pod: pod({ name: 'helper' }) }, { container: 'helper' }],
  [
    'a port that it declares',
    {
      pod: pod({
        ports: [
          { name: 'x', containerPort: 1 },
          { name: 'node-utils', containerPort: 8010 },
        ],
      }),
    },
    { port: 8010 },
  ],
  [
    'a port by its variable',
    { pod: pod({ env: [{ name: 'PORT', value: '9000' }], ports: [{ containerPort: 8010 }] }) },
    { port: 9000 },
  ],
  ['a variable that is no port', { pod: pod({ env: [{ name: 'PORT', value: 'x' }] }) }, {}],
  ['a command of its own', { pod: pod({ command: ['/opt/utils'] }) }, { names: ['utils', 'nodeutils', 'node-utils'] }],
  [
    'an ordinary container, always restarted',
    { pod: pod(null, { containers: undefined, initContainers: [] }) },
    undefined,
  ],
  [
    'beside one that ends before the node starts',
    {
      pod: pod(
        {},
        { initContainers: [{ name: 'cosmosigner-discovery-wait', image: 'ghcr.io/voluzi/node-utils:3' }, utils] },
      ),
    },
    {},
  ],
  ['only one that ends before the node starts', { pod: pod({ name: 'wait', restartPolicy: undefined }) }, undefined],
  [
    'it cannot see the node, and reads nothing of it',
    { pod: pod({}, { shareProcessNamespace: undefined }) },
    undefined,
  ],
]

for (const [what, change, expected] of good) {
  const { containers: _, ...spec } = (change.pod ?? {}) as Spec
  const { plan, why } = injected(decide(input({ ...change, pod: spec })))
  t.same(plan.reach, expected === undefined ? { by: 'wrap' } : { by: 'wrap', beside: { ...whole, ...expected } }, what)
  if (expected)
    t.match(
      why.strategy,
      /asks it first.*stops the node, ends .*starts the node when it answers again; at most once in 10 minutes/,
      what,
    )
}

t.test('an ordinary container that the kubelet always starts again', t => {
  const node = {
    name: 'gaiad',
    image: 'gaia',
    command: ['gaiad', 'start', '--home', '/home'],
    volumeMounts: [{ name: 'config', mountPath: '/home/config' }],
  }
  const { restartPolicy: _, ...ordinary } = utils
  const both = (podChange: Spec) => ({ pod: pod(null, { containers: [node, ordinary], ...podChange }) })
  t.match(injected(decide(input(both({})))).plan.reach, { by: 'wrap', beside: { container: 'node-utils' } })
  t.match(injected(decide(input(both({ restartPolicy: 'Never' })))).plan.reach, {
    by: 'observe',
    reason: 'operator-tracks-pid',
  })
  t.end()
})

const bad: readonly [what: string, change: Change, why: RegExp][] = [
  ['nothing starts it again', { pod: pod({ restartPolicy: undefined }) }, /would not be started again/],
  [
    'no user is stated',
    { pod: pod({ securityContext: {} }) },
    /may only be ended by its own user, and no runAsUser is stated/,
  ],
  [
    'another one',
    { pod: pod({}, { initContainers: [utils, { ...utils, name: 'second' }] }) },
    /is not alone: second is another one/,
  ],
  [
    'no shared namespace, and it reads the trace',
    { pod: pod({}, { shareProcessNamespace: undefined }), container: traced },
    /does not share its process namespace/,
  ],
  [
    'sharing refused, and it reads the trace',
    { pod: pod({}, { shareProcessNamespace: false }), container: traced },
    /does not share its process namespace/,
  ],
]

t.test('where it cannot start anew: observed, or refused where wrap was asked for', t => {
  for (const [what, change, why] of bad) {
    const observed = injected(decide(input(change)))
    t.same(observed.plan.reach, { by: 'observe', reason: 'operator-tracks-pid' }, what)
    t.match(observed.why.strategy, why, what)
    const refused = skipped(decide(input({ ...change, annotations: { 'repeer.dev/strategy': 'wrap' } })))
    t.equal(refused.reason, 'bad-annotation', what)
    t.match(refused.message, /repeer.dev\/strategy is "wrap", but container node-utils remembers/, what)
    t.match(refused.message, why, what)
  }
  t.end()
})

// cosmopilot's own pods, from the fixture: the 3.x line, a line without a trace, and what an annotation makes of it.
type Draft = {
  spec: { containers: { args: string[] }[]; shareProcessNamespace?: boolean | undefined }
  metadata: { labels: Record<string, string>; annotations: Record<string, string> }
}
const cosmopilot = (change: (draft: Draft) => void = () => {}): DecideInput => {
  const found = inputOf('cosmopilot')
  change(found.pod as unknown as Draft)
  return found
}
const withoutTrace = ({ spec }: Draft) => {
  for (const container of spec.containers) container.args = ['start', '--home', '/home/app']
}

t.test("cosmopilot's own pods", t => {
  const sources = [{ via: 'subPath', level: 'process', override: 'NIBID_P2P_PERSISTENT_PEERS' }]
  const three = injected(decide(cosmopilot()))
  t.match(three, {
    peers: 2,
    plan: {
      container: 'nibid',
      profile: 'cometbft',
      sources,
      reach: { by: 'wrap', beside: { uid: 1000, fifo: true } },
    },
  })
  const four = injected(decide(cosmopilot(withoutTrace)))
  t.match(four, {
    peers: 2,
    plan: { container: 'nibid', sources, reach: { by: 'wrap', beside: { uid: 1000, fifo: false } } },
  })
  t.notMatch(four.why.strategy, /FIFO/)
  const validator = injected(
    decide(
      cosmopilot(({ metadata }) => {
        metadata.labels.validator = 'true'
      }),
    ),
  )
  t.match(validator.plan, { validator: true, reach: { by: 'wrap', beside: { container: 'node-utils' } } })
  const asked = (change: (draft: Draft) => void) =>
    decide(
      cosmopilot(draft => {
        draft.metadata.annotations['repeer.dev/strategy'] = 'wrap'
        change(draft)
      }),
    )
  t.match(injected(asked(() => {})).plan, {
    strategy: 'wrap',
    sources,
    reach: { by: 'wrap', beside: { container: 'node-utils' } },
  })
  const unshared = ({ spec }: Draft) => {
    spec.shareProcessNamespace = undefined
  }
  t.equal(skipped(asked(unshared)).reason, 'bad-annotation')
  t.end()
})
