// `npm run e2e [-- SCENARIO...]`: builds what is missing, starts a cluster, loads the images, installs repeer as its README says, and runs the
// scenarios inside; at the same time, in a second cluster, those that nothing may run beside. With E2E_CLUSTER=kubeconfig they run on the cluster of the current KUBECONFIG, with E2E_IMAGE as repeer's image.
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Cluster, startCluster } from './cluster.ts'
import { buildImages, loadImages } from './images.ts'
import { buildPrograms } from './programs.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

function scenarioFiles(wanted: readonly string[]): string[] {
  const all = readdirSync(join(import.meta.dirname, 'scenarios')).filter(name => name.endsWith('.e2e.ts'))
  const chosen = wanted.length === 0 ? all : all.filter(name => wanted.some(one => name.startsWith(one)))
  if (chosen.length === 0) throw new Error(`found no scenario ${wanted.join(', ')}, expected one of ${all.join(', ')}`)
  return chosen.sort().map(name => join('test', 'cluster', 'scenarios', name))
}

/** These take the webhook or the controller away, or their certificates: nothing else may run beside them. */
const alone = ['08', '09', '13', '16']
const isAlone = (file: string) => alone.some(one => basename(file).startsWith(one))
/** The longest come first, so that none of them is left to run by itself at the end. */
const long = ['04', '10', '07', '14']
function place(file: string): number {
  const index = long.findIndex(one => basename(file).startsWith(one))
  return index === -1 ? long.length : index
}

type Lane = { readonly files: readonly string[]; readonly jobs: number }

/** The scenarios share one cluster, each in namespaces of its own: two at a time, since they mostly wait; those that want it for themselves one by one. */
function lanesOf(files: readonly string[]): Lane[] {
  const shared = files.filter(file => !isAlone(file)).sort((a, b) => place(a) - place(b))
  const lanes = [
    { files: shared, jobs: 2 },
    { files: files.filter(isAlone), jobs: 1 },
  ]
  return lanes.filter(lane => lane.files.length > 0)
}

/** Its output comes at once where `shown`, else when all is done: two reports of tap must not be mixed. */
async function runLane({ files, jobs }: Lane, prefix: readonly string[], env: NodeJS.ProcessEnv, shown: boolean): Promise<number> {
  const tap = [join(root, 'node_modules', '.bin', 'tap'), 'run', `--jobs=${jobs}`, '--timeout=900', '--reporter=tap', ...files]
  const [program = '', ...args] = [...prefix, ...tap]
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', shown ? 'inherit' : 'pipe', 'inherit'] })
  const output = child.stdout ? text(child.stdout) : undefined
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 1))
  })
  if (output) process.stdout.write(await output)
  return status
}

/** What components' logs do not tell: the pods that are left, and what happened to them. */
async function podsAndEvents({ client }: Cluster): Promise<string> {
  const { items: pods } = await client.core.listPodForAllNamespaces()
  const { items: events } = await client.core.listEventForAllNamespaces()
  const lines = [
    '--- pods',
    ...pods.map(({ metadata, status }) => `${metadata?.namespace}/${metadata?.name} ${JSON.stringify(status)}`),
    '--- events',
    ...events.map(
      ({ metadata, lastTimestamp, eventTime, involvedObject: of, reason, message }) =>
        `${(lastTimestamp ?? eventTime)?.toISOString()} ${metadata.namespace}/${of.name} ${reason}: ${message}`,
    ),
  ]
  return lines.join('\n')
}

async function main(): Promise<number> {
  const files = scenarioFiles(process.argv.slice(2))
  const isOwn = process.env.E2E_CLUSTER === 'kubeconfig'
  if (process.env.E2E_CLUSTER && !isOwn) throw new Error(`found E2E_CLUSTER=${process.env.E2E_CLUSTER}, expected kubeconfig or nothing`)
  if (isOwn && !process.env.E2E_IMAGE)
    throw new Error("found no E2E_IMAGE, expected repeer's image as the nodes of your cluster can pull it")
  const chainPrograms = await buildPrograms(['cometbft'], say)
  const path = [...chainPrograms, process.env.PATH].join(':')
  if (isOwn) {
    const statuses = []
    for (const lane of lanesOf(files)) statuses.push(await runLane(lane, [], { ...process.env, PATH: path }, true))
    return Math.max(...statuses)
  }

  const lanes = lanesOf(files)
  const images = buildImages(chainPrograms[0] ?? '')
  const clusters: Cluster[] = []
  const stopAll = () => Promise.all(clusters.map(cluster => cluster.stop()))
  const interrupted = () => void stopAll().then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const statuses = await Promise.all(
      lanes.map(async (lane, index) => {
        const cluster = await startCluster(say)
        clusters.push(cluster)
        await loadImages(cluster, images)
        const env = { ...cluster.env, PATH: [...chainPrograms, cluster.env.PATH].join(':') }
        const status = await runLane(lane, cluster.enter, env, index === 0)
        if (status !== 0) {
          const log = join(tmpdir(), `repeer-e2e-${process.pid}-${index}.log`)
          writeFileSync(log, `${await podsAndEvents(cluster)}\n${cluster.logs(2000)}`)
          say(`what was left in the cluster, and the components' logs: ${log}`)
        }
        return status
      }),
    )
    return Math.max(...statuses)
  } finally {
    await stopAll()
  }
}

process.exitCode = await main()
