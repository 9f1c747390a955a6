// The sidecar's metrics, in a registry of their own.
//
// By file: the package as a whole brings clustering, push gateways and an HTTPS client, 15 MB resident, a fifth of the
// sidecar (seen with 15.1.3).
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Registry from 'prom-client/lib/registry.js'
import { outcomes, type Page, phases, toldOutcomes } from '../peers/page.ts'
import { levels, type Plan } from '../peers/plan.ts'
import { holdReasons } from '../peers/reasons.ts'
import { standings } from './decide/look.ts'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const info = new Gauge({
    name: 'repeer_sidecar_info',
    help: '1; its labels say which group of nodes the pod restarts with, what the node is, and how it is reached',
    labelNames: ['group', 'profile', 'reach'],
    registers,
  })
  const phase = new Gauge({
    name: 'repeer_sidecar_phase',
    help: '1 for the phase the pod is in',
    labelNames: ['phase'],
    registers,
  })
  const hold = new Gauge({
    name: 'repeer_sidecar_hold',
    help: '1 for the reason why the node is left as it is',
    labelNames: ['reason'],
    registers,
  })
  const peers = new Gauge({
    name: 'repeer_sidecar_peers',
    help: 'Listed peers by standing',
    labelNames: ['standing'],
    registers,
  })
  const lookedAt = new Gauge({
    name: 'repeer_sidecar_last_look_timestamp_seconds',
    help: 'When the last comparison was completed',
    registers,
  })
  const restarts = new Counter({
    name: 'repeer_sidecar_restarts_total',
    help: 'Restarts in place by level and outcome',
    labelNames: ['level', 'outcome'],
    registers,
  })
  const told = new Counter({
    name: 'repeer_sidecar_told_total',
    help: 'Times that the running node was told its peers, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  // A counter that appears with its first event hides it: increase() knows no value before. `asked` is not counted.
  const ends = <Name extends string>(names: readonly Name[]) => names.filter(name => name !== 'asked')
  for (const level of levels.filter(name => name !== 'none'))
    for (const outcome of ends(outcomes)) restarts.inc({ level, outcome }, 0)
  for (const outcome of ends(toldOutcomes)) told.inc({ outcome }, 0)
  return {
    registry,
    looks: new Counter({ name: 'repeer_sidecar_looks_total', help: 'Comparisons made', registers }),
    lookFailures: new Counter({
      name: 'repeer_sidecar_look_failures_total',
      help: 'Comparisons that failed',
      registers,
    }),
    restarts,
    told,
    lookupFailures: new Gauge({
      name: 'repeer_sidecar_lookup_failures',
      help: 'Hosts whose last look-up failed',
      registers,
    }),
    /** What stays as it is for as long as the sidecar runs. */
    describe({ group, profile, reach }: Pick<Plan, 'group' | 'profile' | 'reach'>): void {
      info.set({ group, profile, reach: reach.by }, 1)
    },
    /** Takes over what the status page says. */
    show(page: Page): void {
      for (const name of phases) phase.set({ phase: name }, page.phase === name ? 1 : 0)
      for (const reason of Object.keys(holdReasons)) hold.set({ reason }, page.reason === reason ? 1 : 0)
      // Nobody is a number as well.
      for (const standing of standings) peers.set({ standing }, 0)
      for (const { standing } of page.peers) peers.inc({ standing })
      lookedAt.set(Date.parse(page.lookedAt) / 1000)
      this.lookupFailures.set(page.lookups.length)
    },
  }
}
