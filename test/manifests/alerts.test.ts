// The alerts by promtool, over series that a test makes: each fires in its case and not before, and none in what is
// ordinary. A minute is a sample; time begins at 0, so that a timestamp that is the present one is `now`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { alerts, groups, promtool, withoutPromtool } from './monitoring.ts'

/** By series, its values as promtool's tests have them: `1x9` nine more times 1, `_` none, `stale` gone. */
type World = Readonly<Record<string, string>>

/** Longer than any case. */
const minutes = 180
const now = `0+60x${minutes}`
const always = (value: number) => `${value}x${minutes}`
/** One value for some minutes, then others: from(10, 1, 20, 0) is 1 from minute 10 on and 0 from minute 20 on. */
function from(...changes: (number | 'stale')[]): string {
  const parts: string[] = []
  const add = (value: number | 'stale' | undefined, many: number) => {
    // `_x2` is twice nothing, and `1x2` is 1 and twice more.
    if (many > 0) parts.push(value === undefined ? `_x${many}` : value === 'stale' ? value : `${value}x${many - 1}`)
  }
  let since = 0
  let value: number | 'stale' | undefined
  for (let i = 0; i < changes.length; i += 2) {
    add(value, Number(changes[i]) - since)
    since = Number(changes[i])
    value = changes[i + 1]
  }
  add(value, minutes - since)
  return parts.join(' ')
}

const target = (namespace: string, pod: string, more = '') => `namespace="${namespace}",pod="${pod}"${more}`
const own = (pod: string, more = '') => target('repeer-system', pod, more)

function controller(pod: string, leader: string, since = 0): World {
  return {
    [`up{job="repeer-controller",${own(pod)}}`]: from(since, 1),
    [`repeer_controller_leader{${own(pod)}}`]: leader,
    ...Object.fromEntries(
      ['written', 'gone', 'failed'].map(outcome => [
        `repeer_controller_writes_total{outcome="${outcome}",${own(pod)}}`,
        from(since, 0),
      ]),
    ),
  }
}

/** A chain of `count` nodes, and what the leading controller says of it. */
function chain(count: number): World {
  const world: Record<string, string> = {
    [`repeer_controller_group_pods{group="chain/gaia",budget="allowed",${own('controller-a')}}`]: always(1),
    [`repeer_controller_group_pods{group="chain/gaia",budget="used",${own('controller-a')}}`]: always(0),
    [`repeer_controller_group_stopped{group="chain/gaia",${own('controller-a')}}`]: always(0),
  }
  for (let i = 0; i < count; i++) Object.assign(world, node(`node-${i}`))
  return world
}

function node(pod: string): World {
  const of = (metric: string, labels = '') => `repeer_sidecar_${metric}{${target('chain', pod, labels)}}`
  return {
    [`up{job="repeer-sidecar",${target('chain', pod)}}`]: always(1),
    [of('info', ',group="chain/gaia",profile="cometbft",reach="wrap"')]: always(1),
    [of('last_look_timestamp_seconds')]: now,
    [of('peers', ',standing="connected"')]: always(3),
    [of('peers', ',standing="absent"')]: always(0),
    [of('peers', ',standing="former"')]: always(0),
    [of('peers', ',standing="unseen"')]: always(0),
    [of('hold', ',reason="list-empty"')]: always(0),
    [of('hold', ',reason="unreachable"')]: always(0),
    [of('hold', ',reason="awaiting-turn"')]: always(0),
    [of('hold', ',reason="paused"')]: always(0),
    [of('hold', ',reason="catching-up"')]: always(0),
    [of('restarts_total', ',level="process",outcome="verified"')]: always(0),
    [of('restarts_total', ',level="process",outcome="unverified"')]: always(0),
    [of('restarts_total', ',level="process",outcome="not-taken"')]: always(0),
  }
}

function webhook(pod: string, since = 0): World {
  const of = (metric: string, labels = '') => `repeer_webhook_${metric}{${own(pod, labels)}}`
  return {
    [`up{job="repeer-webhook",${own(pod)}}`]: from(since, 1),
    [of('ready')]: from(since, 1),
    [of('certificate_expiry_timestamp_seconds')]: from(since, 60 * 86_400),
    [of('certificate_failures')]: from(since, 0),
    [of('ca_bundle_losses')]: from(since, 0),
    [of('admissions_total', ',outcome="injected",reason="wrap"')]: from(since, 0),
    [of('admissions_total', ',outcome="failed",reason="internal-error"')]: from(since, 0),
  }
}

/** What is there once repeer is installed and nobody uses it. */
const installed: World = {
  ...controller('controller-a', always(1)),
  ...controller('controller-b', always(0)),
  ...webhook('webhook-a'),
  ...webhook('webhook-b'),
}

const set = (metric: string) =>
  `repeer_controller_peer_set_${metric}{source="services",namespace="chain",name="gaia",pod="controller-a"}`
const condition = (type: string, status: string) =>
  `repeer_controller_peer_sets{condition="${type}",status="${status}",${own('controller-a')}}`
const used: World = {
  ...installed,
  ...chain(4),
  [set('peers')]: always(4),
  [set('interval_seconds')]: always(30),
  [set('last_success_timestamp_seconds')]: now,
  [condition('Ready', 'True')]: always(1),
  [condition('Written', 'True')]: always(1),
  [`repeer_webhook_cache_synced{namespace="chain",pod="webhook-a"}`]: always(1),
  [`repeer_webhook_cache_synced{namespace="chain",pod="webhook-b"}`]: always(1),
}

const without = (world: World, pattern: RegExp): World =>
  Object.fromEntries(Object.entries(world).filter(([series]) => !pattern.test(series)))
/** The same, with other values for every series that matches. */
const other = (world: World, pattern: RegExp, values: string): World => {
  const changed = Object.keys(world).filter(series => pattern.test(series))
  if (changed.length === 0) throw new Error(`no series matches ${pattern}`)
  return { ...world, ...Object.fromEntries(changed.map(series => [series, values])) }
}

/** The same, but that every series that matches is gone from that minute on. */
const gone = (world: World, pattern: RegExp, minute: number): World =>
  Object.fromEntries(
    Object.entries(world).map(([series, values]) => {
      if (!pattern.test(series)) return [series, values]
      return [series, `${values.replace(/x\d+$/, `x${minute - 1}`)} stale`]
    }),
  )

type Case = {
  readonly world: World
  /** Minutes: the last one without the alert, and one with it. */
  readonly silent: number
  readonly fires: number
  /** Its labels beside the severity; more than one alert where there are several. */
  readonly labels: readonly Readonly<Record<string, string>>[]
  /** What fires along with it. */
  readonly also?: readonly string[]
}

const node0 = { namespace: 'chain', pod: 'node-0' }
const ofNode0 = /repeer_sidecar.*node-0/
const api =
  'apiserver_admission_webhook_fail_open_count{name="pods.repeer.dev",type="admit",job="apiserver",instance="a"}'
const apiUp = 'up{job="apiserver",instance="a"}'

const cases: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  RepeerWaitsForSomebody: {
    'a list was emptied in minute 10': {
      world: other(used, /hold.*node-0.*list-empty/, from(0, 0, 10, 1)),
      silent: 24,
      fires: 25,
      labels: [{ ...node0, reason: 'list-empty' }],
    },
    'an address does not answer, for longer than time alone would explain': {
      world: other(used, /hold.*node-0.*unreachable/, from(0, 0, 10, 1)),
      silent: 24,
      fires: 25,
      labels: [{ ...node0, reason: 'unreachable' }],
    },
  },
  RepeerNodeAlone: {
    'all its peers are gone': {
      world: other(
        other(used, /peers.*node-0.*connected/, from(0, 3, 10, 0)),
        /peers.*node-0.*absent/,
        from(0, 0, 10, 3),
      ),
      silent: 24,
      fires: 25,
      labels: [node0],
    },
  },
  RepeerBlind: {
    'its looks do not end': {
      world: other(used, /last_look.*node-0/, `0+60x10 600x${minutes - 11}`),
      silent: 20,
      fires: 21,
      labels: [node0],
    },
    'it has never looked': {
      world: other(used, /last_look.*node-0/, always(0)),
      silent: 10,
      fires: 11,
      labels: [node0],
    },
    'its series are gone, and nobody answers': {
      world: other(gone(used, ofNode0, 10), /up.*node-0/, from(0, 1, 10, 0)),
      silent: 14,
      fires: 15,
      labels: [node0],
    },
    'nobody has ever answered': {
      world: other(without(used, ofNode0), /up.*node-0/, always(0)),
      silent: 4,
      fires: 5,
      labels: [node0],
    },
  },
  RepeerSidecarsUnseen: {
    'Prometheus may not look into the namespaces of chains': {
      world: without(used, /sidecar/),
      silent: 14,
      fires: 15,
      labels: [{}],
    },
  },
  RepeerRestartsDoNotHelp: {
    'the second in an hour': {
      world: other(used, /restarts.*node-0.*unverified/, from(0, 0, 10, 1, 40, 2)),
      silent: 39,
      fires: 41,
      labels: [node0],
    },
    'the second in the first minutes of a sidecar': {
      world: other(used, /restarts.*node-0.*not-taken/, from(2, 0, 3, 1, 5, 2)),
      silent: 4,
      fires: 6,
      labels: [node0],
    },
  },
  RepeerAwaitsTurn: {
    'its namespace has lost the label': {
      world: other(used, /hold.*node-0.*awaiting-turn/, from(0, 0, 10, 1)),
      silent: 129,
      fires: 130,
      labels: [node0],
    },
  },
  RepeerNoLeader: {
    'both replicas are gone': {
      world: gone(used, /controller-/, 10),
      silent: 14,
      fires: 15,
      labels: [{}],
    },
    'there has never been one': {
      world: without(used, /controller/),
      silent: 4,
      fires: 5,
      labels: [{}],
    },
    'both are there, and neither leads': {
      world: other(used, /controller_leader/, from(0, 0)),
      silent: 4,
      fires: 5,
      labels: [{}],
    },
    'both lead': { world: other(used, /controller_leader/, always(1)), silent: 4, fires: 5, labels: [{}] },
  },
  RepeerGroupStopped: {
    'a node does not come back': {
      world: other(used, /group_stopped/, from(0, 0, 10, 1)),
      silent: 14,
      fires: 15,
      labels: [{ group: 'chain/gaia' }],
    },
  },
  RepeerWritesFail: {
    'permission was taken away': {
      world: other(used, /writes.*failed.*controller-a/, `0x10 1+2x${minutes - 11}`),
      silent: 20,
      fires: 21,
      labels: [{}],
    },
  },
  RepeerControllerListsUnknown: {
    'a namespace with too much': {
      world: { ...used, 'repeer_controller_lists_too_much{namespace="loud",pod="controller-a"}': from(10, 1) },
      silent: 24,
      fires: 25,
      labels: [{ namespace: 'loud' }],
    },
  },
  RepeerPeerSet: {
    'its source has stopped to answer': {
      world: other(used, /last_success/, `0+60x10 600x${minutes - 11}`),
      silent: 31,
      fires: 32,
      labels: [{ source: 'services', namespace: 'chain', name: 'gaia' }],
    },
    'its source has never answered': {
      world: without(used, /last_success/),
      silent: 4,
      fires: 5,
      labels: [{ source: 'services', namespace: 'chain', name: 'gaia' }],
    },
  },
  RepeerPeerSetNotWritten: {
    'somebody else keeps the key': {
      world: { ...used, [condition('Written', 'False')]: from(10, 1) },
      silent: 24,
      fires: 25,
      labels: [{ condition: 'Written' }],
    },
  },
  RepeerWebhookDown: {
    'both replicas are gone': {
      world: gone(used, /webhook-/, 10),
      silent: 14,
      fires: 15,
      labels: [{}],
    },
    'there has never been one': { world: without(used, /webhook/), silent: 4, fires: 5, labels: [{}] },
    'neither is ready': { world: other(used, /webhook_ready/, always(0)), silent: 4, fires: 5, labels: [{}] },
  },
  RepeerWebhookFails: {
    'the first failure': {
      world: other(used, /failed.*internal-error|internal-error.*failed/, from(0, 0, 10, 1)),
      silent: 9,
      fires: 10,
      labels: [{ reason: 'internal-error' }],
    },
  },
  RepeerWebhookBypassed: {
    'the first call that failed': {
      world: { ...used, [apiUp]: always(1), [api]: from(20, 1) },
      silent: 19,
      fires: 20,
      labels: [{ name: 'pods.repeer.dev' }],
    },
    'one more': {
      world: { ...used, [apiUp]: always(1), [api]: from(0, 4, 40, 5) },
      silent: 39,
      fires: 40,
      labels: [{ name: 'pods.repeer.dev' }],
    },
  },
  RepeerWebhookListsUnknown: {
    'one replica may not read a namespace': {
      world: other(used, /cache_synced.*webhook-a/, from(0, 1, 10, 0)),
      silent: 24,
      fires: 25,
      labels: [{ namespace: 'chain' }],
    },
  },
  RepeerCertificate: {
    'a week is left': {
      world: other(used, /certificate_expiry/, always(7 * 86_400 + 600)),
      silent: 25,
      fires: 26,
      labels: [{ pod: 'webhook-a' }, { pod: 'webhook-b' }],
    },
    'there is none': {
      world: other(used, /certificate_expiry.*webhook-a/, always(0)),
      silent: 14,
      fires: 15,
      labels: [{ pod: 'webhook-a' }],
    },
  },
  RepeerCertificateFails: {
    'every look fails': {
      world: other(used, /certificate_failures.*webhook-a/, `0x10 1+1x${minutes - 11}`),
      silent: 40,
      fires: 42,
      labels: [{ pod: 'webhook-a' }],
    },
  },
  RepeerCABundleLost: {
    'the second time in an hour': {
      world: other(used, /ca_bundle_losses/, from(0, 0, 10, 1, 40, 2)),
      silent: 39,
      fires: 41,
      labels: [{}],
    },
  },
}

const ordinary: Readonly<Record<string, { readonly world: World; readonly components?: readonly string[] }>> = {
  'a chain that is well': { world: used },
  'installed, and nobody uses it: no pods at all': { world: installed },
  'a fresh install: the rules are there before anything answers': {
    world: {
      ...controller('controller-a', from(3, 0, 4, 1), 3),
      ...controller('controller-b', from(3, 0), 3),
      ...webhook('webhook-a', 3),
      ...webhook('webhook-b', 3),
      [`repeer_webhook_ready{${own('webhook-a')}}`]: from(3, 0, 4, 1),
      [`repeer_webhook_certificate_expiry_timestamp_seconds{${own('webhook-a')}}`]: from(3, 0, 4, 60 * 86_400),
    },
  },
  'a rollout of repeer: other pods, one after the other, and another leader': {
    world: {
      ...gone(gone(used, /(controller|webhook)-a/, 30), /(controller|webhook)-b/, 32),
      ...controller('controller-c', from(29, 0, 32, 1), 29),
      ...controller('controller-d', from(31, 0), 31),
      ...webhook('webhook-c', 29),
      [`repeer_webhook_ready{${own('webhook-c')}}`]: from(29, 0, 30, 1),
      [`repeer_webhook_certificate_expiry_timestamp_seconds{${own('webhook-c')}}`]: from(29, 0, 30, 60 * 86_400),
      ...webhook('webhook-d', 31),
      [set('peers').replace('controller-a', 'controller-c')]: from(32, 4),
      [set('interval_seconds').replace('controller-a', 'controller-c')]: from(32, 30),
      [set('last_success_timestamp_seconds').replace('controller-a', 'controller-c')]: `_x32 1920+60x${minutes - 33}`,
    },
  },
  'sidecars are upgraded in place: each is away for two minutes, and begins to count anew': {
    world: {
      ...used,
      [`up{job="repeer-sidecar",${target('chain', 'node-0')}}`]: from(0, 1, 30, 0, 32, 1),
      [`repeer_sidecar_last_look_timestamp_seconds{${target('chain', 'node-0')}}`]: `0+60x29 stale _ 0 1980+60x${minutes - 34}`,
      [`repeer_sidecar_restarts_total{${target('chain', 'node-0', ',level="process",outcome="unverified"')}}`]: from(
        0,
        5,
        30,
        0,
      ),
    },
  },
  'a chain is scaled to zero': {
    world: gone(used, /sidecar|controller_group/, 30),
  },
  'a node restarts: an hour of replay, in which its connections cannot be seen': {
    world: other(
      other(used, /peers.*node-0.*connected/, from(0, 3, 10, 0, 70, 3)),
      /peers.*node-0.*unseen/,
      from(0, 0, 10, 3, 70, 0),
    ),
  },
  'a node catches up for hours': { world: other(used, /hold.*node-0.*catching-up/, from(0, 0, 10, 1)) },
  'somebody holds a chain still': { world: other(used, /hold.*paused/, from(0, 0, 10, 1)) },
  'a list is wrong, and put right after ten minutes': {
    world: other(used, /hold.*list-empty/, from(0, 0, 10, 1, 20, 0)),
  },
  'forty nodes restart in turn': { world: other(used, /hold.*awaiting-turn/, from(0, 0, 10, 1, 70, 0)) },
  'restarts that help, and one that did not': {
    world: other(
      other(used, /restarts.*node-0.*unverified/, from(0, 0, 60, 1)),
      /restarts.*"verified"/,
      from(0, 0, 10, 1, 20, 2, 30, 3),
    ),
  },
  'a write that fails, and then succeeds': {
    world: other(
      other(used, /writes.*failed.*controller-a/, from(0, 0, 10, 1)),
      /writes.*written.*controller-a/,
      from(0, 0, 11, 1),
    ),
  },
  'a PeerSet that is looked at once an hour': {
    world: {
      ...used,
      [set('interval_seconds')]: always(3600),
      [set('last_success_timestamp_seconds')]: '0x59 3600x59 7200x59',
    },
  },
  'a PeerSet whose list is nobody yet': { world: other(used, /peer_set_peers/, always(0)) },
  'a caBundle that was lost once': { world: other(used, /ca_bundle_losses/, from(0, 0, 10, 1)) },
  'an API server that has counted failures long ago': { world: { ...used, [apiUp]: always(1), [api]: always(3) } },
  'without a controller: its own rules are not there': {
    world: without(used, /controller/),
    components: ['sidecar', 'webhook'],
  },
}

/** Runs one test of promtool. `checks`: a minute, a query, and the labels of all that it must find, each with value 1. */
function run(
  dir: string,
  world: World,
  checks: readonly (readonly [minute: number, query: string, found: readonly string[]])[],
  components?: readonly string[],
): { readonly ok: boolean; readonly said: string } {
  const rules = join(dir, 'rules.yml')
  writeFileSync(rules, stringify({ groups: groups(components) }))
  const file = join(dir, 'test.yml')
  const test = {
    interval: '1m',
    input_series: Object.entries(world).map(([series, values]) => ({ series, values })),
    promql_expr_test: checks.map(([minute, expr, found]) => ({
      eval_time: `${minute}m`,
      expr,
      exp_samples: found.map(labels => ({ labels, value: 1 })),
    })),
  }
  writeFileSync(file, stringify({ rule_files: [rules], evaluation_interval: '1m', tests: [test] }))
  return promtool('test', 'rules', file)
}

const names = 'group by (alertname) (ALERTS{alertstate="firing"})'
const series = (labels: Readonly<Record<string, string>>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`

t.test('every alert has a case', async t => {
  t.same(alerts.map(({ alert }) => alert).sort(), Object.keys(cases).sort())
})

for (const [name, its] of Object.entries(cases)) {
  t.test(`${name} fires`, { skip: withoutPromtool }, async t => {
    const rule = alerts.find(({ alert }) => alert === name)
    for (const [what, { world, silent, fires, labels, also = [] }] of Object.entries(its)) {
      const { ok, said } = run(t.testdir(), world, [
        [silent, `group by (alertname) (ALERTS{alertstate="firing",alertname="${name}"})`, []],
        [fires, names, [name, ...also].map(alertname => series({ alertname }))],
        [
          fires,
          `group without (alertstate, severity, __name__) (ALERTS{alertstate="firing",alertname="${name}"})`,
          labels.map(some => series({ alertname: name, ...some })),
        ],
      ])
      t.ok(ok, `${what}: ${said}`)
      const texts = Object.values(rule?.annotations ?? {}).join('\n')
      const asked = [...texts.matchAll(/\$labels\.(\w+)/g)].map(match => match[1] ?? '')
      for (const some of labels)
        t.same(
          asked.filter(label => !(label in some)),
          [],
          `${what}: its texts name labels that it has`,
        )
    }
  })
}

for (const [what, { world, components }] of Object.entries(ordinary)) {
  t.test(`nothing fires: ${what}`, { skip: withoutPromtool }, async t => {
    const ever = `group by (alertname) (count_over_time(ALERTS{alertstate="firing"}[${minutes}m]))`
    const { ok, said } = run(t.testdir(), world, [[minutes - 1, ever, []]], components)
    t.ok(ok, said)
  })
}
