import t from 'tap'
import { createMetrics } from '../../controller/metrics.ts'

t.test('counters count, and gauges show what is so at the scrape', async t => {
  let groups: [string, { used: number; allowed: number; stopped: boolean }][] = [
    ['chain/gaia', { used: 1, allowed: 2, stopped: true }],
  ]
  let age: number | undefined
  let tooMuch = ['loud']
  const metrics = createMetrics(
    {
      pending: () => 3,
      groups: () => groups,
      watchAge: () => age,
      tooMuch: () => tooMuch,
      queueDepth: () => 7,
      leading: () => true,
      peerSets: () => [],
    },
    false,
  )
  metrics.granted()
  metrics.settled(4)
  metrics.wrote('written')
  metrics.wrote('written')
  metrics.wrote('failed')
  metrics.eventDropped()
  const lines = async () =>
    (await metrics.registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const before = await lines()
  for (const line of [
    'repeer_controller_turns_granted_total 1',
    'repeer_controller_settle_seconds_bucket{le="3"} 0',
    'repeer_controller_settle_seconds_bucket{le="5"} 1',
    'repeer_controller_writes_total{outcome="written"} 2',
    'repeer_controller_writes_total{outcome="failed"} 1',
    'repeer_controller_events_dropped_total 1',
    'repeer_controller_pending_pods 3',
    'repeer_controller_group_pods{group="chain/gaia",budget="used"} 1',
    'repeer_controller_group_pods{group="chain/gaia",budget="allowed"} 2',
    'repeer_controller_group_stopped{group="chain/gaia"} 1',
    'repeer_controller_lists_too_much{namespace="loud"} 1',
    'repeer_controller_write_queue_depth 7',
    'repeer_controller_leader 1',
  ]) {
    t.ok(before.includes(line), line)
  }
  t.notOk(
    before.some(line => line.startsWith('repeer_controller_watch_age_seconds')),
    'nothing is watched',
  )
  groups = []
  tooMuch = []
  age = 2.5
  const after = await lines()
  t.ok(after.includes('repeer_controller_watch_age_seconds 2.5'))
  t.notOk(
    after.some(line => line.includes('chain/gaia')),
    'a group that is gone is not shown',
  )
  t.notOk(
    after.some(line => line.includes('loud')),
    'nor a namespace whose lists are known again',
  )
})

t.test('counters begin at zero, so that increase() sees the first of each', async t => {
  const { registry } = createMetrics(
    {
      pending: () => 0,
      groups: () => [],
      watchAge: () => undefined,
      tooMuch: () => [],
      queueDepth: () => 0,
      leading: () => false,
      peerSets: () => [],
    },
    false,
  )
  const lines = (await registry.metrics()).split('\n')
  for (const line of [
    'repeer_controller_turns_granted_total 0',
    ...['written', 'gone', 'failed'].map(outcome => `repeer_controller_writes_total{outcome="${outcome}"} 0`),
    'repeer_controller_events_dropped_total 0',
    ...['services', 'pods', 'stellarNodes', 'validators', 'static'].flatMap(source => [
      `repeer_controller_looks_total{source="${source}",outcome="answered"} 0`,
      `repeer_controller_looks_total{source="${source}",outcome="failed"} 0`,
      `repeer_controller_look_seconds_count{source="${source}"} 0`,
    ]),
  ])
    t.ok(lines.includes(line), line)
})

t.test('PeerSets: how many are as they should be, and of each what it lists', async t => {
  const ok = [
    { type: 'Ready', status: 'True' },
    { type: 'SourceHealthy', status: 'True' },
  ] as const
  const failing = [
    { type: 'Ready', status: 'False' },
    { type: 'SourceHealthy', status: 'False' },
  ] as const
  const figures = {
    source: 'services',
    intervalMs: 30_000,
    namespace: 'chain',
    name: 'gaia',
    peers: 4,
    problems: 2,
    answeredAt: 1_700_000_000_500,
    conditions: ok,
  } as const
  const never = {
    ...figures,
    source: undefined,
    intervalMs: undefined,
    name: 'odd',
    peers: 0,
    problems: 0,
    answeredAt: undefined,
    conditions: failing,
  }
  let sets: Parameters<typeof createMetrics>[0]['peerSets'] = () => [
    figures,
    { ...figures, name: 'osmo', conditions: failing },
    never,
  ]
  const gauges = {
    pending: () => 0,
    groups: () => [],
    watchAge: () => 0,
    tooMuch: () => [],
    queueDepth: () => 0,
    leading: () => true,
    peerSets: () => sets(),
  }
  const metrics = createMetrics(gauges, false)
  metrics.looked('services', true, 30)
  metrics.looked('services', false, 20_000)
  const lines = async () =>
    (await metrics.registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const before = await lines()
  for (const line of [
    'repeer_controller_peer_sets{condition="Ready",status="True"} 1',
    'repeer_controller_peer_sets{condition="Ready",status="False"} 2',
    'repeer_controller_peer_set_peers{source="services",namespace="chain",name="gaia"} 4',
    'repeer_controller_peer_set_problems{source="services",namespace="chain",name="gaia"} 2',
    'repeer_controller_peer_set_peers{source="invalid",namespace="chain",name="odd"} 0',
    'repeer_controller_peer_set_last_success_timestamp_seconds{source="services",namespace="chain",name="gaia"} 1700000000.5',
    'repeer_controller_peer_set_interval_seconds{source="services",namespace="chain",name="gaia"} 30',
    'repeer_controller_looks_total{source="services",outcome="answered"} 1',
    'repeer_controller_looks_total{source="services",outcome="failed"} 1',
    'repeer_controller_look_seconds_bucket{le="0.02",source="services"} 0',
    'repeer_controller_look_seconds_bucket{le="0.05",source="services"} 1',
  ]) {
    t.ok(before.includes(line), line)
  }
  t.notOk(
    before.some(line => /(last_success|interval).*odd/.test(line)),
    'what has never answered has no time, and what cannot be read no interval',
  )
  sets = () => []
  const after = await lines()
  t.notOk(
    after.some(line => line.includes('chain')),
    'a PeerSet that is gone, or a replica that leads no longer, shows none',
  )
})
