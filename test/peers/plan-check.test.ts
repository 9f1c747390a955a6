// Plans come from an annotation that anybody with rights on the pod may have written: every field and combination is
// checked.
import t from 'tap'
import { type KeySource, levelOf, levels, type Plan, vias } from '../../peers/plan.ts'
import { checkPlan, PlanError, parsePlan } from '../../peers/plan-check.ts'

const keySource = {
  kind: 'ConfigMap',
  name: 'node0-config',
  key: 'config.toml',
  via: 'directory',
  format: 'cometbft-toml',
  role: 'peer',
  level: 'process',
} satisfies KeySource

const valid: Plan = {
  version: 1,
  container: 'node',
  profile: 'cometbft',
  sources: [
    keySource,
    { ...keySource, name: 'a.b-c', via: 'subPath', override: 'CMT_P2P_PERSISTENT_PEERS' },
    { ...keySource, kind: 'Secret', key: 'PEERS', via: 'env', format: 'cometbft-list', variable: 'PERSISTENT_PEERS' },
    { ...keySource, via: 'init', level: 'all-containers' },
    { kind: 'Literal', name: 'args[3]', format: 'cometbft-list', role: 'seed', text: '', level: 'none' },
    { ...keySource, name: 'delivered', via: 'init', unseen: true, override: 'CMT_P2P_PERSISTENT_PEERS' },
    { ...keySource, name: 'copied', via: 'env', variable: 'PERSISTENT_PEERS', override: 'GAIAD_P2P_PERSISTENT_PEERS' },
    {
      kind: 'Literal',
      name: 'env PEERS',
      format: 'cometbft-list',
      role: 'peer',
      text: '',
      unseen: true,
      level: 'none',
    },
  ],
  reach: { by: 'wrap' },
  strategy: 'auto',
  turns: 'controller',
  group: 'chain-a/cosmoshub-4',
  validator: false,
  maxUnavailable: '1',
  minPeers: 2,
  pinAddresses: false,
  p2pPort: 26656,
  rpcPort: 26657,
  times: { settleSeconds: 5, graceSeconds: 30, minIntervalSeconds: 120, livenessSeconds: 30 },
  restartPolicyAlways: true,
  ownerRolls: false,
  mesh: false,
  hostNetwork: false,
  canRestartAll: true,
  notFollowed: [{ container: 'beacon', program: 'op-node' }],
}

const signal = { by: 'signal', uid: 1000, names: ['geth'] }
const observe = { by: 'observe', reason: 'host-pid' }
const container = { ...keySource, level: 'container' }
const none = { ...keySource, level: 'none' }
const literal = valid.sources[4]
const manySources = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...keySource, key: `node-${index}.toml` }))

function problemsOf(value: unknown): PlanError['problems'] {
  try {
    checkPlan(value)
  } catch (error) {
    if (error instanceof PlanError) return error.problems
    throw error
  }
  return []
}

const beside = { container: 'node-utils', names: ['nodeutils'], uid: 1000, port: 8000, fifo: true }

t.test('valid plans', t => {
  t.strictSame(checkPlan(valid), valid)
  t.strictSame(parsePlan(JSON.stringify(valid)), valid)
  const { minPeers: _, pinAddresses: _____, rpcPort: __, notFollowed: ____, times, ...rest } = valid
  const { livenessSeconds: ___, ...required } = times
  const others: object[] = [
    { ...rest, times: required },
    { ...valid, sources: [] },
    { ...valid, sources: manySources(500) },
    { ...valid, sources: [container, literal], reach: signal },
    { ...valid, sources: [container], reach: { ...signal, names: Array(500).fill('a') } },
    { ...valid, sources: [container], reach: { ...signal, uid: null, names: [] }, strategy: 'signal' },
    { ...valid, sources: [none], reach: observe },
    { ...valid, sources: [none], reach: { by: 'observe', reason: 'asked-to-observe' }, strategy: 'observe' },
    { ...valid, strategy: 'hot' },
    { ...valid, reach: { by: 'wrap', beside } },
    { ...valid, reach: { by: 'wrap', beside: { ...beside, uid: 0, names: ['a', 'b'] } }, strategy: 'wrap' },
    { ...valid, strategy: 'wrap', maxUnavailable: '34%', times: { ...times, settleSeconds: 0.25 } },
    {
      ...valid,
      sources: [
        { ...keySource, key: '.hidden' },
        { ...keySource, key: 'a..b', via: 'envFrom', variable: 'x.PEERS-1' },
      ],
    },
    { ...valid, sources: [{ ...keySource, via: 'env', variable: 'A', level: 'container' }] },
  ]
  for (const plan of others) t.strictSame(problemsOf(plan), [], JSON.stringify(plan).slice(0, 200))
  t.end()
})

t.test('the plan is a frozen copy', t => {
  const input = structuredClone(valid)
  const plan = checkPlan(input)
  for (const part of [plan, plan.sources, plan.sources[0], plan.reach, plan.times]) t.ok(Object.isFrozen(part))
  t.notOk(Object.isFrozen(input), 'what was passed in stays as it is')
  t.not(plan.times, input.times)
  t.end()
})

const source = (change: object) => ({ ...valid, sources: [{ ...keySource, ...change }] })
const without = (field: string, from: object = valid) =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== field))

/** A plan, and the path, finding and expectation of the one problem that it has. */
const broken: readonly [plan: unknown, path: string, found: string, expected: string][] = [
  [null, 'plan', 'null', 'an object'],
  [[valid], 'plan', 'an array of 1', 'an object'],
  ['{}', 'plan', '"{}"', 'an object'],
  [{}, 'version', 'nothing', 'create the pod again'],
  [{ ...valid, version: 2, later: true }, 'version', '2', '1: create the pod again'],
  [{ ...valid, version: '1' }, 'version', '1', '1: create the pod again'],
  // unknown fields, at each level
  [{ ...valid, peers: [] }, 'peers', 'an unknown field', 'none but canRestartAll, container'],
  [JSON.parse(JSON.stringify(valid).replace('{', '{"__proto__": 1,')), '__proto__', 'an unknown field', 'none but'],
  [{ ...valid, times: { ...valid.times, settle: 1 } }, 'times.settle', 'an unknown field', 'settleSeconds'],
  [{ ...valid, reach: { by: 'wrap', uid: 1 } }, 'reach.uid', 'an unknown field', 'none but by'],
  [source({ text: 'x' }), 'sources[0].text', 'an unknown field', 'variable, via'],
  [{ ...valid, sources: [{ ...literal, key: 'x' }] }, 'sources[0].key', 'an unknown field', 'text'],
  // missing, and of the wrong type or range
  ...Object.keys(valid)
    .filter(
      field => !['version', 'minPeers', 'pinAddresses', 'rpcPort', 'notFollowed', 'reach', 'times'].includes(field),
    )
    .map((field): [unknown, string, string, string] => [without(field), field, 'nothing', '']),
  [without('reach'), 'reach', 'nothing', 'an object'],
  [{ ...valid, times: 5 }, 'times', '5', 'an object'],
  [{ ...valid, container: 'Node' }, 'container', '"Node"', 'the name of a container'],
  [{ ...valid, container: '../x' }, 'container', '"../x"', 'the name of a container'],
  [{ ...valid, profile: 'bitcoin' }, 'profile', '"bitcoin"', 'one of cometbft, gnoland, stellar-core'],
  [{ ...valid, sources: {} }, 'sources', 'an object', 'an array'],
  [{ ...valid, sources: manySources(501) }, 'sources', 'an array of 501', 'at most 500'],
  [
    { ...valid, sources: [container], reach: { ...signal, names: Array(501).fill('a') } },
    'reach.names',
    'an array of 501',
    'at most 500',
  ],
  [{ ...valid, sources: ['x'] }, 'sources[0]', '"x"', 'an object'],
  [{ ...valid, turns: 'none' }, 'turns', '"none"', 'one of self, controller'],
  [{ ...valid, group: 'a\nb' }, 'group', '"a\\nb"', 'a name without white space'],
  [{ ...valid, validator: 'true' }, 'validator', '"true"', 'true or false'],
  [{ ...valid, maxUnavailable: 1 }, 'maxUnavailable', '1', 'as a string'],
  [{ ...valid, maxUnavailable: '0' }, 'maxUnavailable', '"0"', 'a number from 1'],
  [{ ...valid, maxUnavailable: '101%' }, 'maxUnavailable', '"101%"', 'a percentage from 1% to 100%'],
  [{ ...valid, minPeers: -1 }, 'minPeers', '-1', 'a whole number from 0'],
  [{ ...valid, pinAddresses: 'no' }, 'pinAddresses', '"no"', 'true or false'],
  [{ ...valid, minPeers: 1.5 }, 'minPeers', '1.5', 'a whole number'],
  [{ ...valid, p2pPort: 0 }, 'p2pPort', '0', 'a whole number from 1 to 65535'],
  [{ ...valid, p2pPort: '26656' }, 'p2pPort', '"26656"', 'a whole number from 1 to 65535'],
  [{ ...valid, rpcPort: 65536 }, 'rpcPort', '65536', 'a whole number from 1 to 65535'],
  [{ ...valid, rpcPort: null }, 'rpcPort', 'null', 'a whole number from 1 to 65535'],
  [{ ...valid, times: { ...valid.times, graceSeconds: -1 } }, 'times.graceSeconds', '-1', 'a number from 0'],
  [{ ...valid, times: { ...valid.times, graceSeconds: Number.NaN } }, 'times.graceSeconds', 'NaN', 'a number from 0'],
  [
    { ...valid, times: { ...valid.times, minIntervalSeconds: 1e9 } },
    'times.minIntervalSeconds',
    '1000000000',
    'to 604800',
  ],
  [{ ...valid, times: without('settleSeconds', valid.times) }, 'times.settleSeconds', 'nothing', 'a number'],
  // reach
  [{ ...valid, reach: { by: 'kill' } }, 'reach.by', '"kill"', 'one of wrap, signal, observe'],
  [
    { ...valid, sources: [container], reach: { ...signal, uid: -1 } },
    'reach.uid',
    '-1',
    'a UID from 0 to 2147483647, or null',
  ],
  [{ ...valid, sources: [container], reach: without('uid', signal) }, 'reach.uid', 'nothing', 'a UID'],
  [
    { ...valid, sources: [container], reach: { ...signal, names: ['geth', '/bin/sh'] } },
    'reach.names[1]',
    '/bin/sh',
    'the name of a process',
  ],
  [
    { ...valid, sources: [none], reach: { by: 'observe', reason: 'because' } },
    'reach.reason',
    '"because"',
    'one of asked-to-observe',
  ],
  [{ ...valid, reach: { by: 'wrap', beside: true } }, 'reach.beside', 'true', 'an object'],
  [
    { ...valid, reach: { by: 'wrap', beside: { ...beside, uid: null } } },
    'reach.beside.uid',
    'null',
    'a whole number from 0',
  ],
  [{ ...valid, reach: { by: 'wrap', beside: { ...beside, port: 0 } } }, 'reach.beside.port', '0', 'from 1 to 65535'],
  [{ ...valid, reach: { by: 'wrap', beside: { ...beside, names: [] } } }, 'reach.beside.names', 'none', 'one at least'],
  [
    { ...valid, reach: { by: 'wrap', beside: { ...beside, names: ['/x'] } } },
    'reach.beside.names[0]',
    '/x',
    'the name of a process',
  ],
  [
    { ...valid, reach: { by: 'wrap', beside: { ...beside, container: 'A' } } },
    'reach.beside.container',
    '"A"',
    'the name of a container',
  ],
  [
    { ...valid, reach: { by: 'wrap', beside: without('fifo', beside) } },
    'reach.beside.fifo',
    'nothing',
    'true or false',
  ],
  [
    { ...valid, reach: { by: 'wrap', beside: { ...beside, host: 'x' } } },
    'reach.beside.host',
    'an unknown field',
    'none but container',
  ],
  [{ ...valid, sources: [none], reach: { ...observe, beside } }, 'reach.beside', 'an unknown field', 'none but by'],
  // sources: names that could leave the mount directory
  [source({ name: '..' }), 'sources[0].name', '".."', 'the name of a ConfigMap'],
  [source({ name: '../../etc' }), 'sources[0].name', '"../../etc"', 'the name of a ConfigMap'],
  [source({ name: 'a/b' }), 'sources[0].name', '"a/b"', 'the name of a ConfigMap'],
  [source({ name: '' }), 'sources[0].name', '""', 'the name of a ConfigMap'],
  [source({ name: 'A' }), 'sources[0].name', '"A"', 'a DNS subdomain in lower case'],
  [source({ kind: 'Secret', name: `${'a'.repeat(254)}` }), 'sources[0].name', '"aaaa', 'the name of a Secret'],
  [source({ key: '.' }), 'sources[0].key', '"."', 'letters, digits, - _ and .'],
  [source({ key: '..' }), 'sources[0].key', '".."', 'not beginning with ..'],
  [source({ key: '..data' }), 'sources[0].key', '"..data"', 'not beginning with ..'],
  [source({ key: 'a/b' }), 'sources[0].key', '"a/b"', 'letters, digits, - _ and .'],
  [source({ key: 'a\u0000' }), 'sources[0].key', '"a\\u0000"', 'letters, digits, - _ and .'],
  [source({ via: 'env', variable: '../x' }), 'sources[0].variable', '"../x"', 'the name of the environment variable'],
  [source({ via: 'env', variable: '..' }), 'sources[0].variable', '".."', 'the name of the environment variable'],
  [source({ unseen: false }), 'sources[0].unseen', 'false', 'true, or nothing'],
  [source({ override: 'A B' }), 'sources[0].override', '"A B"', 'the name of an environment variable'],
  [source({ override: 'x/../y' }), 'sources[0].override', '"x/../y"', 'the name of an environment variable'],
  // other nodes
  [{ ...valid, notFollowed: [] }, 'notFollowed', 'an array of 0', '1 to 10 containers'],
  [
    { ...valid, notFollowed: Array(11).fill({ container: 'a', program: 'b' }) },
    'notFollowed',
    'an array of 11',
    '1 to 10 containers',
  ],
  [
    { ...valid, notFollowed: [{ container: 'A', program: 'b' }] },
    'notFollowed[0].container',
    '"A"',
    'the name of a container',
  ],
  [
    { ...valid, notFollowed: [{ container: 'a', program: 'x'.repeat(41) }] },
    'notFollowed[0].program',
    'xxx',
    'at most 40 characters',
  ],
  [
    { ...valid, notFollowed: [{ container: 'a', program: 'b\nc' }] },
    'notFollowed[0].program',
    'b',
    'the name of a program',
  ],
  [
    { ...valid, notFollowed: [{ container: 'a', program: 'b', peers: 1 }] },
    'notFollowed[0].peers',
    'an unknown field',
    'none but',
  ],
  // sources: the rest
  [source({ kind: 'File' }), 'sources[0].kind', '"File"', 'one of ConfigMap, Secret, Literal'],
  [source({ via: 'volume' }), 'sources[0].via', '"volume"', 'one of directory, subPath'],
  [source({ format: 'yaml' }), 'sources[0].format', '"yaml"', 'one of cometbft-toml'],
  [source({ role: 'boot' }), 'sources[0].role', '"boot"', 'one of peer, seed'],
  [source({ level: 'pod' }), 'sources[0].level', '"pod"', 'one of process, container'],
  [{ ...valid, sources: [{ ...literal, level: 'process' }] }, 'sources[0].level', '"process"', 'one of none'],
  [{ ...valid, sources: [{ ...literal, text: undefined }] }, 'sources[0].text', 'nothing', 'a string'],
  // combinations that cannot be
  [source({ via: 'env' }), 'sources[0].variable', 'nothing', 'the name of the environment variable'],
  [source({ via: 'envFrom' }), 'sources[0].variable', 'nothing', 'the name of the environment variable'],
  [source({ variable: 'PEERS' }), 'sources[0].variable', 'PEERS', 'no variable, since via is directory'],
  [
    { ...valid, sources: [{ ...container, override: 'CMT_P2P_PERSISTENT_PEERS' }], reach: signal },
    'sources[0].override',
    'CMT_P2P_PERSISTENT_PEERS',
    'only a wrapped node',
  ],
  [
    { ...valid, sources: [none, { ...none, key: 'b', override: 'X' }], reach: observe },
    'sources[1].override',
    'X',
    'reach is observe',
  ],
  [source({ via: 'subPath' }), 'sources[0].level', 'process', 'container or a coarser one'],
  [source({ via: 'init' }), 'sources[0].level', 'process', 'all-containers or a coarser one'],
  [
    { ...valid, canRestartAll: false, sources: [{ ...keySource, level: 'all-containers' }] },
    'sources[0].level',
    'all-containers',
    'process or',
  ],
  [
    { ...valid, restartPolicyAlways: false, sources: [container] },
    'sources[0].level',
    'container',
    'process or a coarser one',
  ],
  [{ ...valid, sources: [keySource], reach: signal }, 'sources[0].level', 'process', 'container or a coarser one'],
  [
    { ...valid, sources: [container], reach: observe },
    'sources[0].level',
    'container',
    'none, given via directory, reach observe',
  ],
  [
    { ...valid, sources: [keySource, container] },
    'sources[1]',
    'ConfigMap node0-config/config.toml via directory',
    'sources[0] already',
  ],
  [{ ...valid, sources: [literal, literal] }, 'sources[1]', 'Literal args[3]', 'each source once'],
  [
    { ...valid, sources: [none], reach: signal, restartPolicyAlways: false },
    'reach.by',
    'signal',
    'nothing would start the node again',
  ],
  [{ ...valid, strategy: 'observe' }, 'strategy', 'observe', 'a strategy that permits reach wrap'],
  [{ ...valid, strategy: 'signal' }, 'strategy', 'signal', 'a strategy that permits reach wrap'],
  [
    { ...valid, sources: [container], reach: signal, strategy: 'wrap' },
    'strategy',
    'wrap',
    'a strategy that permits reach signal',
  ],
  [
    { ...valid, sources: [none], reach: { by: 'observe', reason: 'asked-to-observe' } },
    'reach.reason',
    'asked-to-observe',
    'strategy is auto',
  ],
]

t.test('one problem each', t => {
  for (const [plan, path, found, expected] of broken) {
    const problems = problemsOf(plan)
    const name = `${path}: ${found}`
    t.equal(problems.length, 1, `${name}: one problem, not ${JSON.stringify(problems)}`)
    t.equal(problems[0]?.path, path, `${name}: path`)
    t.ok(problems[0]?.found.includes(found), `${name}: found ${problems[0]?.found}`)
    t.ok(problems[0]?.expected.includes(expected), `${name}: expected ${problems[0]?.expected}`)
  }
  t.end()
})

t.test('all problems are reported together', t => {
  const plan = { ...valid, p2pPort: 0, mesh: 1, extra: 1, sources: [{ ...keySource, key: '..' }], times: {} }
  const paths = problemsOf(plan).map(({ path }) => path)
  t.strictSame(paths.sort(), [
    'extra',
    'mesh',
    'p2pPort',
    'sources[0].key',
    'times.graceSeconds',
    'times.minIntervalSeconds',
    'times.settleSeconds',
  ])
  t.throws(
    () => checkPlan(plan),
    /^the plan cannot be used: .*sources\[0\]\.key: found "\.\.", expected a key.*; .*p2pPort/,
  )
  t.end()
})

t.test('whatever levelOf says is accepted, and nothing gentler', t => {
  for (const by of ['wrap', 'signal', 'observe'] as const)
    for (const via of vias)
      for (const bits of Array(8).keys()) {
        const [restartPolicyAlways, canRestartAll] = [(bits & 1) > 0, (bits & 2) > 0]
        if (by === 'signal' && !restartPolicyAlways) continue
        const override = by === 'wrap' && (bits & 4) > 0 ? { override: 'X' } : {}
        const variable = via === 'env' || via === 'envFrom' ? { variable: 'V' } : {}
        const right = levelOf({ via, ...override }, { by, restartPolicyAlways, canRestartAll })
        for (const level of levels) {
          const sources = [{ ...keySource, via, level, ...override, ...variable }]
          const reach = { wrap: { by }, signal, observe }[by]
          const accepted = problemsOf({ ...valid, sources, reach, restartPolicyAlways, canRestartAll }).length === 0
          if (level === right) t.ok(accepted, `${by} ${via} ${bits}: ${level}`)
          if (levels.indexOf(level) < levels.indexOf(right)) t.notOk(accepted, `${by} ${via} ${bits}: ${level}`)
        }
      }
  t.end()
})

t.test('texts', t => {
  const of = (text: string) => {
    try {
      return parsePlan(text)
    } catch (error) {
      return error instanceof PlanError ? error.message : error
    }
  }
  t.equal(of(''), 'the plan cannot be used: plan: found an empty text, expected a JSON object')
  t.equal(of('{"version": 1'), 'the plan cannot be used: plan: found a text that is not JSON, expected a JSON object')
  t.equal(of(' '.repeat(300_000)), 'the plan cannot be used: plan: found 300000 bytes, expected at most 262144 bytes')
  t.match(of('{"version":9}'), /version: found 9, expected 1: create the pod again/)
  t.match(of(JSON.stringify({ ...valid, container: 'x'.repeat(10_000) })), /^.{1,300}$/, 'long values are cut')
  // The fuzzer's: String() of it throws.
  const strange = { toString: 1 }
  t.match(of(JSON.stringify({ version: strange })), /^the plan cannot be used: version: found an object, expected 1/)
  t.match(
    of(JSON.stringify({ ...valid, reach: { by: 'signal', uid: 1, names: [strange] } })),
    /names\[0\]: found an object/,
  )
  t.match(of(JSON.stringify({ ...valid, sources: [{ ...keySource, variable: strange }] })), /variable: found an object/)
  const odd = (count: number) => of(JSON.stringify({ ...valid, sources: Array.from({ length: count }, () => 7) }))
  t.notMatch(odd(5), /more$/)
  t.match(odd(6), /; and 1 more$/)
  t.match(odd(10_000), /^.{1,600}; and 496 more$/, 'sources beyond 500 are not looked at')
  const unknown = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`field${index}`, 1]))
  t.match(
    of(JSON.stringify({ ...valid, ...unknown })),
    /^.{1,1500}; and 9995 more$/,
    'nor is the message as long as the plan',
  )
  t.end()
})
