// From the figures to docs/scale.md. Pure.
import { mebibytes } from '../table.ts'
import type { Cost, Cut, Idle, Latency, Mass, Stage, Start } from './measure.ts'

export type Figures = {
  readonly kubernetes: string
  readonly stages: readonly Stage[]
  readonly edits: Latency
  readonly moves: { readonly each: Latency; readonly last: Latency }
  readonly own: Mass
  readonly after: Idle
  readonly cut: Cut
  /** Resident after everything. */
  readonly served: number
  readonly relist: Start
  readonly informers: { readonly start: Start; readonly idle: Idle }
}

export type Measured = { readonly machine: string; readonly date: Date; readonly figures: Figures }

/** What a controller of this many pods would need: the issue's question. */
const onPaper = 50_000
/** --writes-per-second where nothing is said. */
const writesPerSecond = 50
/** The goals of the project. */
const goal = { lastSeconds: 25, rssBytes: 250e6 }

/** Least squares: value = base + slope * pods. */
export function line(points: readonly (readonly [x: number, y: number])[]): { base: number; slope: number } {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(point => point[0]), mean(point => point[1])]
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  const slope = spread === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread
  return { base: y - slope * x, slope }
}

const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} s`
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const ofCore = ({ cpuSeconds, seconds: during }: Cost) => `${((cpuSeconds / during) * 100).toFixed(1)} %`

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n')
}

/** The page, of one run of the command. */
export function scalePage({ machine, date, figures }: Measured): string {
  const full = figures.stages.at(-1)
  if (!full) throw new Error('found no stage')
  const { edits, moves, own, after, cut, served, relist, informers } = figures
  const peak = Math.max(
    ...figures.stages.flatMap(stage => [stage.start.peakRss, stage.idle.peakRss, stage.shared.peakRss]),
    own.peakRss,
    after.peakRss,
  )
  const worst = Math.max(full.shared.last, own.last)
  const latency = (what: string, { tries, p50, p99, load }: Latency) => [
    what,
    String(tries),
    seconds(p50),
    seconds(p99),
    load.toFixed(1),
  ]
  const massRow = (what: string, mass: Mass) => [
    what,
    String(mass.edits),
    seconds(mass.edited),
    seconds(mass.last),
    String(mass.writes),
    seconds(mass.cpuSeconds),
    seconds(mass.apiCpuSeconds),
    mebibytes(mass.peakRss),
    mass.load.toFixed(1),
  ]
  const startRow = (what: string, start: Start) => [
    what,
    seconds(start.syncedSeconds),
    start.writes > 0 ? seconds(start.seconds) : '-',
    String(start.writes),
    seconds(start.cpuSeconds),
    megabytes(start.bytes),
    mebibytes(start.rss),
    mebibytes(start.peakRss),
    start.load.toFixed(1),
  ]
  const idleRow = (what: string, idle: Idle) => [
    what,
    ofCore(idle),
    `${(idle.bytes / idle.seconds / 1e3).toFixed(1)} KB`,
    mebibytes(idle.rss),
    idle.load.toFixed(1),
  ]
  return `# Scale

Written by \`npm run bench -- scale\` on ${date.toISOString().slice(0, 10)}; run it to have your own (root, and some ten minutes).

${machine.replace(/;.*/, '')}; Kubernetes ${figures.kubernetes}, its API server, etcd and controller manager on the same machine; kwok 0.8.0 in the place of
kubelets. *Load* is the machine's load average at that moment: with more than the machine has cores, times are those of a machine that is
busy with other things.

The fleet: ${full.namespaces} namespaces, each a chain of ${Math.round(full.pods / full.namespaces)} nodes that list each other; ${full.pods} pods of 25 KB as the webhook injects them, each with a
config.toml of 20 KB of its own and a list that its namespace shares; a headless Service for each, and ${full.slices} EndpointSlices, most of them of Services that
no list names. The controller is the bundle, with the permissions of its ServiceAccount and under its admission policy. In the place of the pods' sidecars, one
process answers for all their addresses, at once, with the page of a node that needs nothing; so no turns are asked for here.

| goal | found | reached |
| --- | ---: | --- |
| all ${full.pods} pods: last annotation <= ${goal.lastSeconds} s after the change, at ${writesPerSecond} writes/s | ${seconds(worst)} | ${worst <= goal.lastSeconds ? 'yes' : 'no'} |
| controller resident <= 250 MB | at most ${megabytes(peak)} | ${peak <= goal.rssBytes ? 'yes' : 'no'} |

## A change, until the API shows the annotation

From the moment at which the request with the change is sent.

${markdown(
  ['change', 'samples', 'p50', 'p99', 'load'],
  [
    latency("a node's own list", edits),
    latency("a peer's EndpointSlice: each pod that lists it", moves.each),
    latency("a peer's EndpointSlice: the last pod that lists it", moves.last),
  ],
)}

## All lists at once

${markdown(
  [
    'change',
    'edits',
    'taken by the API',
    'last annotation',
    'writes',
    'CPU',
    "API server's CPU",
    'peak resident',
    'load',
  ],
  [
    ...figures.stages.map(stage => massRow(`${stage.pods} pods, the list that each namespace shares`, stage.shared)),
    massRow(`${own.pods} pods, each its own list`, own),
  ],
)}

One write a pod, and a few more where a sidecar was slow to show the new list. At ${writesPerSecond} a second ${full.pods} of them take ${seconds(full.pods / writesPerSecond)}.

## Start

From the start of the process; every pod's list has changed while there was no controller.

${markdown(
  ['', 'all read', 'all annotated', 'writes', 'CPU', 'bytes', 'resident', 'peak', 'load'],
  [
    ...figures.stages.map(stage => startRow(`${stage.pods} pods`, stage.start)),
    startRow(`${full.pods} pods, nothing to write: the cost of listing everything`, relist),
    startRow(
      `reference: client-node's informers on the same collections, with Node's defaults; they do nothing`,
      informers.start,
    ),
  ],
)}

All ${cut.connections} connections cut at once: the watches go on from where they were, nothing is listed again. A list that was edited at that moment was on its pod
after ${seconds(cut.annotated)}, all connections were back after ${seconds(cut.seconds)}, with ${seconds(cut.cpuSeconds)} of CPU and ${megabytes(cut.bytes)} (load ${cut.load.toFixed(1)}).

## Nothing to do

${markdown(
  ['', 'of one core', 'bytes a second', 'resident', 'load'],
  [
    ...figures.stages.map(stage => idleRow(`${stage.pods} pods, 30 s`, stage.idle)),
    idleRow(`${full.pods} pods, the 10 s after all lists were edited`, after),
    idleRow('reference: the informers', informers.idle),
  ],
)}

Resident after all of this: ${mebibytes(served)}. The status pages are read without the relay that counts the bytes.

## ${onPaper.toLocaleString('en')} pods, on paper

${paper(figures)}
`
}

/** Straight lines through the three sizes; what they cannot tell is said. */
function paper({ stages, relist }: Figures): string {
  const full = stages.at(-1)
  const of = (value: (stage: Stage) => number) => line(stages.map(stage => [stage.pods, value(stage)] as const))
  const rss = of(stage => stage.idle.rss)
  const peak = of(stage => Math.max(stage.start.peakRss, stage.shared.peakRss))
  const idle = of(stage => stage.idle.cpuSeconds / stage.idle.seconds)
  const perWrite = of(stage => stage.shared.cpuSeconds)
  const at = ({ base, slope }: { base: number; slope: number }) => base + slope * onPaper
  const kilobytes = (bytes: number) => `${(bytes / 1e3).toFixed(1)} KB`
  const namespaces = full ? Math.round((onPaper * full.namespaces) / full.pods) : 0
  const rows = [
    ['resident', mebibytes(rss.base), `${kilobytes(rss.slope)}`, mebibytes(at(rss))],
    ['peak resident', mebibytes(peak.base), `${kilobytes(peak.slope)}`, mebibytes(at(peak))],
    [
      'CPU with nothing to do, of one core',
      `${(idle.base * 100).toFixed(1)} %`,
      `${(idle.slope * 100).toFixed(4)} %`,
      `${(at(idle) * 100).toFixed(0)} %`,
    ],
    [
      'CPU for a change of every list',
      seconds(perWrite.base),
      `${(perWrite.slope * 1e3).toFixed(2)} ms`,
      seconds(at(perWrite)),
    ],
    [
      'bytes to list everything',
      '-',
      full ? kilobytes(relist.bytes / full.pods) : '-',
      full ? megabytes((relist.bytes / full.pods) * onPaper) : '-',
    ],
    [
      'time to annotate every pod',
      '-',
      `${(1e3 / writesPerSecond).toFixed(0)} ms`,
      `${Math.round(onPaper / writesPerSecond / 60)} minutes at ${writesPerSecond} writes/s, ${Math.round(onPaper / 500 / 60)} at 500`,
    ],
  ]
  return `${markdown(['', 'base', 'a pod', `${onPaper.toLocaleString('en')} pods`], rows)}

*A pod* includes its share of everything: ${full ? `1/${Math.round(full.pods / full.namespaces)} of a namespace, ${full.slices / full.pods} EndpointSlices, two lists` : ''}. These are straight lines through three sizes far below, so they say what to
expect, not what was seen; memory above the base needs \`--max-old-space-size\` and the container's limit raised with it. ${namespaces} namespaces mean ${3 * namespaces + 1} watches: connections to the API servers, to be spread over several of them.
`
}
