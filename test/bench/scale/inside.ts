// Runs inside the cluster's namespaces: creates the fleet, measures, and writes the figures as JSON on standard output.
// Arguments: the bundle, the reference program, a folder for the kubeconfig, a folder for logs.
import { join } from 'node:path'
import { kubectl } from '../../testbed/install.ts'
import { end, start } from '../processes.ts'
import { loadConfig, openApi } from './api.ts'
import { followCohort } from './cohort.ts'
import { installPermissions, kubeconfigFor, startController } from './controller.ts'
import { type Fleet, fleet as full, namespaceName } from './fleet.ts'
import {
  type Bench,
  measureCut,
  measureEdits,
  measureIdle,
  measureInformers,
  measureMass,
  measureMoves,
  measureStart,
  optInTo,
  type Stage,
} from './measure.ts'
import { prepare, startKwok } from './prepare.ts'
import { startRelay } from './relay.ts'

const [bundle = '', reference = '', dir = '', logs = ''] = process.argv.slice(2)
/** For a quick look: BENCH_SCALE=5 takes a fifth of the namespaces. */
const divisor = Number(process.env.BENCH_SCALE ?? 1)
const fleet: Fleet = {
  ...full,
  namespaces: Math.round(full.namespaces / divisor),
  slices: Math.round(full.slices / divisor),
}
const tries = { edits: 100, moves: 25 }
const idleSeconds = 30

const began = performance.now()
const say = (line: string) => process.stderr.write(`[${Math.round((performance.now() - began) / 1000)} s] ${line}\n`)
const json = (value: unknown) =>
  JSON.stringify(value, (_, field) => (typeof field === 'number' ? Math.round(field * 1000) / 1000 : field))

const api = openApi()
const relay = await startRelay(6443)
installPermissions()
const authority = loadConfig().getCurrentCluster()?.caFile ?? ''
const kubeconfig = kubeconfigFor(dir, relay, authority)
const kwok = startKwok(process.env.KUBECONFIG ?? '', join(logs, 'kwok.log'))
const namespaces = Array.from({ length: fleet.namespaces }, (_, index) => namespaceName(index))
const pages = start([process.execPath, join(import.meta.dirname, 'page-server.ts'), ...namespaces])
const cohort = followCohort(api, fleet)
const { nodes } = cohort
const bench: Bench = { api, fleet, cohort, relay, say }
const run = () => startController(bundle, kubeconfig, join(logs, 'controller.log'))

const stages: Stage[] = []
await prepare(api, fleet, nodes, cohort.follower, say)
for (const share of [0.25, 0.5, 1]) {
  const some = namespaces.slice(0, Math.round(namespaces.length * share))
  const chosen = nodes.filter(node => some.includes(node.namespace))
  // While no controller runs: so that each pod has to be annotated at the start.
  for (const namespace of some) await cohort.editShared(namespace)
  await optInTo(api, some)
  const [controller, startCost] = await measureStart(bench, chosen, run)
  say(`${chosen.length} pods: start ${json(startCost)}`)
  const idle = await measureIdle(bench, controller, idleSeconds)
  say(`${chosen.length} pods: idle ${json(idle)}`)
  if (share < 1) {
    const shared = await measureMass(bench, controller, chosen, 'shared')
    say(`${chosen.length} pods: shared lists ${json(shared)}`)
    stages.push({
      namespaces: some.length,
      pods: chosen.length,
      slices: some.length * (fleet.slices / fleet.namespaces),
      start: startCost,
      idle,
      shared,
    })
    await controller.stop()
    continue
  }
  const edits = await measureEdits(bench, chosen, tries.edits)
  say(`edits one at a time: ${json(edits)}`)
  const moves = await measureMoves(bench, chosen, tries.moves)
  say(`moved peers: ${json(moves)}`)
  const shared = await measureMass(bench, controller, chosen, 'shared')
  say(`${chosen.length} pods: shared lists ${json(shared)}`)
  stages.push({ namespaces: some.length, pods: chosen.length, slices: fleet.slices, start: startCost, idle, shared })
  const own = await measureMass(bench, controller, chosen, 'own')
  say(`each its own list: ${json(own)}`)
  const after = await measureIdle(bench, controller, 10)
  say(`the 10 s after: ${json(after)}`)
  const [first] = chosen
  if (!first) throw new Error('found no node')
  const cut = await measureCut(bench, controller, first)
  say(`all connections cut: ${json(cut)}`)
  const served = controller.rss()
  await controller.stop()
  const [again, relist] = await measureStart(bench, chosen, run)
  say(`started again with nothing to write: ${json(relist)}`)
  await again.stop()
  const informers = await measureInformers(bench, reference, kubeconfig, join(logs, 'informers.log'), idleSeconds)
  say(`informers: ${json(informers)}`)
  const version = JSON.parse(kubectl('version', '-o', 'json')) as { serverVersion: { gitVersion: string } }
  const figures = {
    kubernetes: version.serverVersion.gitVersion,
    stages,
    edits,
    moves,
    own,
    after,
    cut,
    served,
    relist,
    informers,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
await cohort.follower.close()
await end(pages)
await end(kwok)
relay.close()
