// Runs inside the cluster's namespaces: the lanes of one change side by side, then those of the other; the samples as
// JSON on standard output.
import { install, kubectl } from '../../testbed/install.ts'
import type { ArmName } from './arms.ts'
import { type Change, type LaneOptions, prepareLane, runLane, type Sample } from './lane.ts'

const runs = Number(process.env.BENCH_RUNS ?? 20)
const say = (line: string) => process.stderr.write(`${line}\n`)

/** How many chains share the runs of an arm: where one waits a minute for the kubelet, several wait together. */
const lanes: readonly { arm: ArmName; change: Change; beside: number; runs: number; timeoutSeconds: number }[] = [
  { arm: 'wrap', change: 'moved peer', beside: 1, runs, timeoutSeconds: 180 },
  { arm: 'signal', change: 'moved peer', beside: 1, runs, timeoutSeconds: 180 },
  { arm: 'replace', change: 'moved peer', beside: 1, runs, timeoutSeconds: 60 },
  // Shows that it never happens; a longer look would not show more.
  { arm: 'reloader', change: 'moved peer', beside: 1, runs: Math.min(runs, 3), timeoutSeconds: 60 },
  { arm: 'wrap', change: 'edited list', beside: 1, runs, timeoutSeconds: 180 },
  { arm: 'signal', change: 'edited list', beside: 1, runs, timeoutSeconds: 180 },
  { arm: 'replace', change: 'edited list', beside: 1, runs, timeoutSeconds: 60 },
  { arm: 'reloader', change: 'edited list', beside: 4, runs, timeoutSeconds: 180 },
]

function split(change: Change): LaneOptions[] {
  const its = lanes.filter(lane => lane.change === change)
  return its.flatMap(({ beside, runs, ...lane }) =>
    Array.from({ length: Math.min(beside, runs) }, (_, index) => ({
      ...lane,
      say,
      namespace: `bench-${lane.arm}-${lane.change.split(' ')[0]}-${index}`,
      runs: Math.floor(runs / beside) + (index < runs % beside ? 1 : 0),
    })),
  )
}

install()
const samples: Sample[] = []
for (const change of ['moved peer', 'edited list'] as const) {
  const options = split(change)
  samples.push(...(await Promise.all(options.map(prepareLane).map(runLane))).flat())
  // Idle nodes take processor time, too.
  kubectl('delete', 'namespace', '--wait', ...options.map(({ namespace }) => namespace))
}
const version = JSON.parse(kubectl('version', '-o', 'json')) as { serverVersion: { gitVersion: string } }
process.stdout.write(`${JSON.stringify({ kubernetes: version.serverVersion.gitVersion, samples })}\n`)
