// decide never throws and never waits, whatever shape a pod has: properties over real pods with parts replaced, and
// over any JSON.
import fc from 'fast-check'
import t from 'tap'
import { checkPlan } from '../../../peers/plan-check.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import type { DecideInput } from '../../../webhook/decide/decision.ts'
import { inherited } from '../../fixtures/inherited.ts'
import { type Change, input } from '../fixtures/pods/build.ts'
import { inputOf } from '../fixtures/pods/load.ts'

const bases = ['cosmopilot', 'cosmos-operator', 'stellar-helm', 'nethermind', 'besu', 'parity-node'].map(name =>
  inputOf(name),
)
const odd = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    0,
    -1,
    Number.POSITIVE_INFINITY,
    '',
    '$(X)',
    ...inherited,
    true,
    [],
    {},
    [null],
    [[]],
    [{}],
    { name: null },
    ['sh', '-c', null],
    '\u0000',
  ),
  fc.jsonValue(),
)

/** Replaces the value at a random path. */
function replaced(value: unknown, path: readonly number[], by: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || value === null || typeof value !== 'object') return by
  const keys = Object.keys(value)
  const key = keys[step % Math.max(keys.length, 1)]
  if (key === undefined) return by
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...value }
  copy[key] = replaced(copy[key], rest, by)
  return copy
}

/** An injection has a plan that its sidecar takes; a skip says why. */
function sane(decision: ReturnType<typeof decide>): boolean {
  return decision.inject ? checkPlan(decision.plan).sources.length > 0 : decision.message.length > 0
}

t.test('a part of a real pod replaced', t => {
  const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      fc.constantFrom(...bases),
      fc.array(fc.tuple(path, odd), { minLength: 1, maxLength: 4 }),
      (base, changes) => {
        const pod = changes.reduce<unknown>((value, [at, by]) => replaced(value, at, by), base.pod)
        if (!sane(decide({ ...base, pod: pod as DecideInput['pod'] }))) throw new Error('neither a plan nor a reason')
      },
    ),
    { numRuns: 1500 },
  )
  t.pass('never threw')
  t.end()
})

t.test('anything at all', t => {
  fc.assert(
    fc.property(odd, pod => sane(decide({ ...input(), pod: pod as DecideInput['pod'] }))),
    { numRuns: 500 },
  )
  t.pass('never threw')
  t.end()
})

t.test('content, scripts and annotations of any text', t => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...inherited)), fc.string()),
      (script, text, data) => {
        const annotations = { 'repeer.dev/config': script, 'repeer.dev/peers': text }
        decide(
          input({
            container: { command: ['sh', '-c', `gaiad start ${script}`] },
            maps: { node: { ...data, 'config.toml': text } },
          }),
        )
        decide(input({ annotations }))
      },
    ),
    { numRuns: 500 },
  )
  t.pass('never threw')
  t.end()
})

t.test('a large or contrived pod takes no long time', t => {
  const rows: readonly [string, DecideInput][] = [
    ['a long script', input({ container: { command: ['sh', '-c', `${'"$(('.repeat(20_000)} gaiad start`] } })],
    ['a long flag', input({ container: { args: [`--p2p.persistent_peers=${'x,'.repeat(50_000)}`] } })],
    ['a long name', input({ container: { name: `${'a-'.repeat(50_000)}d`, image: `${'a/'.repeat(50_000)}:` } })],
    ['a long config.toml', input({ maps: { node: { 'config.toml': `[p2p]\n${'#\n'.repeat(100_000)}` } } })],
    [
      'many containers',
      input({
        pod: {
          containers: Array.from({ length: 2000 }, (_, n) => ({
            name: `gaiad-${n}`,
            command: ['gaiad', 'start', '--home', '/h'],
          })),
        },
      }),
    ],
  ]
  const contrived: readonly [string, DecideInput][] = [
    ['many assignments', input({ container: { command: ['sh', '-c', `${'A=1 '.repeat(100_000)} gaiad start`] } })],
    ['many wrappers', input({ container: { command: Array.from({ length: 50_000 }, () => 'tini') } })],
    [
      'blank lines',
      input({ maps: { node: { 'config.toml': `[p2p]\n${'\n'.repeat(400_000)}persistent_peers = ""\n` } } }),
    ],
    ['many colons', input({ container: { image: ':'.repeat(200_000) } })],
    ['many paths', input({ container: { args: ['stellar-core'.repeat(50_000)] } })],
    [
      'many keys',
      input({
        maps: {
          node: Object.fromEntries(
            Array.from({ length: 5000 }, (_, n) => [`peers-${n}`, `${'1'.repeat(40)}@a:${n + 1}`]),
          ),
        },
      }),
    ],
  ]
  const times = <T>(length: number, make: (index: number) => T) => Array.from({ length }, (_, index) => make(index))
  /** One projected volume with many sources at many mounts. */
  const mounts = (count: number, sources: number, change: Change = {}, mount: object = {}) =>
    input({
      ...change,
      container: {
        volumeMounts: times(count, n => ({ name: 'v', mountPath: `/m/${n}`, ...mount })),
        ...change.container,
      },
      pod: {
        volumes: [{ name: 'v', projected: { sources: times(sources, n => ({ configMap: { name: `s${n}` } })) } }],
        ...change.pod,
      },
    })
  /** Many envFrom, and flags that take their lists from many variables. */
  const references = (count: number, flags: number, script = false) => {
    const args = times(flags, n => `--p2p.persistent_peers=$(V${n})`)
    const command = script
      ? ['sh', '-c', `gaiad start --home /home ${args.join(' ')}`]
      : ['gaiad', 'start', '--home', '/home', ...args]
    return input({ container: { command, envFrom: times(count, n => ({ secretRef: { name: `s${n}` } })) } })
  }
  const manyKeys = Object.fromEntries(times(5000, n => [`peers-${n}.toml`, 'a = 1']))
  const someKeys = (map: number) => Object.fromEntries(times(200, n => [`peers-${map}-${n}.toml`, 'a = 1']))
  const products: readonly [string, DecideInput][] = [
    ['400 mounts of 400 sources', mounts(400, 400)],
    ['3,000 mounts of 1,000 sources', mounts(3000, 1000)],
    ['30,000 mounts of 10,000 sources', mounts(30_000, 10_000)],
    ['many mounts by subPath', mounts(400, 400, {}, { subPath: 'config.toml' })],
    ['as many mounts as are allowed', mounts(40, 40)],
    [
      'as many ConfigMaps as are allowed',
      mounts(3, 450, { maps: Object.fromEntries(times(450, n => [`s${n}`, someKeys(n)])) }),
    ],
    [
      'many containers that mount one ConfigMap',
      input({
        maps: { node: manyKeys },
        pod: {
          containers: times(600, n => ({ name: `gaiad-${n}`, volumeMounts: [{ name: 'config', mountPath: '/c' }] })),
        },
      }),
    ],
    ['15,000 references and 30,000 envFrom', references(30_000, 15_000)],
    ['as many references as are allowed', references(900, 900)],
    ['references in a script', references(1500, 30_000, true)],
    [
      'a mount path that grows',
      mounts(
        900,
        1,
        { container: { env: [{ name: 'X', value: 'x'.repeat(1_000_000) }] } },
        { subPathExpr: '$(X)'.repeat(1000) },
      ),
    ],
    [
      'many references by annotation',
      input({
        annotations: { 'repeer.dev/config': times(50_000, n => `node/k${n}`).join() },
        container: { envFrom: [] },
      }),
    ],
  ]
  /** A script that many containers run, as long and as full as scripts may be. */
  const shared = (containers: number, text: string) =>
    input({
      maps: { node: { 'run.sh': text } },
      pod: {
        containers: times(containers, n => ({
          name: `node-${n}`,
          command: ['sh', '/c/run.sh'],
          env: [{ name: 'X', value: `${n}` }],
          volumeMounts: [{ name: 'config', mountPath: '/c' }],
        })),
      },
    })
  const scripts: readonly [string, DecideInput][] = [
    ['1.4 MB of commands', input({ container: { command: ['sh', '-c', 'a;'.repeat(700_000)] } })],
    ['a long script of many containers', shared(300, 'gaiad x;'.repeat(9000))],
    [
      'a script of many containers',
      shared(300, `for i in 1 2 3; do A="$A $X"; done\n${'gaiad x --p2p.seeds "$A" || b;'.repeat(50)}`),
    ],
    [
      'lists in a script',
      input({
        container: {
          command: ['sh', '-c', `A="${`${'1'.repeat(40)}@a:1,`.repeat(4000)}"; gaiad start --home /h`],
          volumeMounts: [],
        },
      }),
    ],
    [
      'many flags of a script',
      input({
        container: {
          command: [
            'sh',
            '-c',
            `gaiad start --home /h ${'--p2p.persistent_peers "$A$B"'.repeat(1)} ${'--p2p.seeds=$A '.repeat(9000)}`,
          ],
        },
      }),
    ],
    [
      'variables that hold each other twice',
      input({
        container: {
          env: times(900, n => ({ name: `V${n}`, value: n === 0 ? 'x' : `$(V${n - 1})$(V${n - 1})` })),
          args: ['--p2p.seeds=$(V899)'],
        },
      }),
    ],
  ]
  for (const [what, hostile] of [...scripts, ...rows, ...contrived, ...products]) {
    // Of this thread's processor time: what else the machine does is not decide's fault.
    const start = process.threadCpuUsage()
    decide(hostile)
    const { user, system } = process.threadCpuUsage(start)
    const ms = Math.round((user + system) / 1000)
    t.ok(ms < 1500, `${what}: ${ms} ms`)
  }
  t.end()
})
