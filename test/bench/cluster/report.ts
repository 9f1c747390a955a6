// From samples to tables and to docs/measurements.md. Pure.
import { percentile, ratio, table } from '../table.ts'
import { type ArmName, arms } from './arms.ts'
import type { Change, Sample } from './lane.ts'

const order: readonly ArmName[] = ['wrap', 'signal', 'replace', 'reloader']
type Question = {
  readonly title: string
  readonly change: Change
  /** Undefined: it did not come to that. */
  readonly answer: (sample: Sample) => number | undefined
}
const questions: readonly Question[] = [
  {
    title: "a peer's pod deleted -> reconnected at its new address",
    change: 'moved peer',
    answer: sample => sample.seconds,
  },
  {
    title: "of that, the peer's new pod runs -> reconnected",
    change: 'moved peer',
    answer: sample => sample.sinceNewPodSeconds,
  },
  {
    title: 'of that, the peer takes connections -> reconnected',
    change: 'moved peer',
    answer: sample => sample.sinceAnswersSeconds,
  },
  {
    title: 'a peer added to the list -> the node runs with the new list',
    change: 'edited list',
    answer: sample => sample.runningSeconds,
  },
  {
    title: 'a peer added to the list -> the node is connected to it',
    change: 'edited list',
    answer: sample => sample.seconds,
  },
]

type Cells = readonly [
  arm: string,
  runs: string,
  p50: string,
  p95: string,
  ratio: string,
  down50: string,
  down95: string,
  stale: string,
]
const head: Cells = ['with', 'runs', 'p50', 'p95', 'ratio', 'node down p50', 'p95', 'made stale']

function rowsOf(samples: readonly Sample[], { change, answer }: Question): Cells[] {
  const of = (arm: ArmName) => samples.filter(sample => sample.arm === arm && sample.change === change)
  const secondsOf = (its: readonly Sample[]) => its.map(answer).filter(seconds => seconds !== undefined)
  const reference = percentile(secondsOf(of('replace')), 0.5)
  return order.flatMap(arm => {
    const its = of(arm)
    if (its.length === 0) return []
    const { name } = arms[arm]
    const seconds = secondsOf(its)
    const stale = its.reduce((sum, sample) => sum + sample.madeStale, 0) / its.length
    if (seconds.length === 0) return [[name, String(its.length), 'never', 'never', '-', '-', '-', '-'] as const]
    const missed = its.length - seconds.length
    const runs = missed > 0 ? `${its.length}, ${missed} in vain` : String(its.length)
    // One that was never connected took longer than all others.
    const ranked = [...seconds, ...Array<number>(missed).fill(Number.POSITIVE_INFINITY)]
    const down = its.map(sample => sample.downMs / 1000)
    const [p50, p95] = [percentile(ranked, 0.5), percentile(ranked, 0.95)]
    return [
      [
        name,
        runs,
        inSeconds(p50),
        inSeconds(p95),
        ratio(p50, reference),
        inSeconds(percentile(down, 0.5), 2),
        inSeconds(percentile(down, 0.95), 2),
        stale.toFixed(1),
      ] as const,
    ]
  })
}

export function tablesOf(samples: readonly Sample[]): string {
  return questions.map(question => `${question.title}\n${table(head, rowsOf(samples, question))}`).join('\n\n')
}

export type Measured = {
  readonly machine: string
  readonly kubernetes: string
  readonly date: Date
  readonly samples: readonly Sample[]
}

/** The page, in the field's words; figures of one run of the command, none of them carried over from another. */
export function measurementsPage({ machine, kubernetes, date, samples }: Measured): string {
  const parts = questions.map(question => `## ${capital(question.title)}\n\n${markdown(rowsOf(samples, question))}`)
  return `# Measurements

Written by \`npm run bench -- cluster\` on ${date.toISOString().slice(0, 10)}; run it to have your own.

${machine.replace(/;.*/, '')}; Kubernetes ${kubernetes}, one node with a real kubelet, containerd and CoreDNS; CometBFT 0.38.19 with headless Services.
Chains of four validators, four to seven of them at a time on this machine, two runs at a time. Their nodes are set to idle cheaply: a block each 30 s, gossip each second.

- **repeer** as installed by \`kubectl apply -k manifests/\`, with its defaults.
- **pod replaced at once**: the pod is deleted at the moment of the change, and its StatefulSet makes a new one. The best that any tool which rolls
  pods can do: no time for finding out is counted.
- **prometheus-config-reloader** 0.85.0 in the pod, watching the mounted list; it POSTs to a hook that ends the node, and the kubelet starts its
  container again. It sees no addresses, only files.

repeer gives a node that could find a moved peer by itself 5 s before it restarts it (\`repeer.dev/settle-seconds\`): CometBFT tries a lost peer every 5 to 8 s, and
that peer may well dial in. Nobody follows an edited list by itself, so there the settle time is 0.5 s.

*Ratio* is p50 against the replaced pod. *Node down*: from the end of the node's process until it answers its RPC again. *Made stale*: other nodes,
of two that list this one, which are left with an address of it that is gone.

${parts.join('\n\n')}
`
}

function markdown(rows: readonly Cells[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

function inSeconds(value: number, digits = 1): string {
  return Number.isFinite(value) ? `${value.toFixed(digits)} s` : 'never'
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
