import t from 'tap'
import { createMetrics } from '../../controller/metrics.ts'

t.test('counters count, and gauges show what is so at the scrape', async t => {
  let groups: [string, { used: number; allowed: number; stopped: boolean }][] = [['chain/gaia', { used: 1, allowed: 2, stopped: true }]]
  let age: number | undefined
  const metrics = createMetrics(
    { pending: () => 3, groups: () => groups, watchAge: () => age, queueDepth: () => 7, leading: () => true },
    false,
  )
  metrics.granted()
  metrics.settled(4)
  metrics.wrote('written')
  metrics.wrote('written')
  metrics.wrote('failed')
  metrics.eventDropped()
  const lines = async () => (await metrics.registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
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
  age = 2.5
  const after = await lines()
  t.ok(after.includes('repeer_controller_watch_age_seconds 2.5'))
  t.notOk(
    after.some(line => line.includes('chain/gaia')),
    'a group that is gone is not shown',
  )
})
