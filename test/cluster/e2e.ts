// `npm run e2e [-- SCENARIO...]`: builds what is missing, starts a cluster, loads the images, installs repeer as its README says, and runs the
// scenarios inside. With E2E_CLUSTER=kubeconfig they run on the cluster of the current KUBECONFIG, with E2E_IMAGE as repeer's image.
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Cluster, startCluster } from './cluster.ts'
import { loadImages } from './images.ts'
import { buildPrograms } from './programs.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

function scenarioFiles(wanted: readonly string[]): string[] {
  const all = readdirSync(join(import.meta.dirname, 'scenarios')).filter(name => name.endsWith('.e2e.ts'))
  const chosen = wanted.length === 0 ? all : all.filter(name => wanted.some(one => name.startsWith(one)))
  if (chosen.length === 0) throw new Error(`found no scenario ${wanted.join(', ')}, expected one of ${all.join(', ')}`)
  return chosen.sort().map(name => join('test', 'cluster', 'scenarios', name))
}

/** These take the webhook away, or its certificates: nothing else may run beside them. */
const alone = ['08', '09', '13', '16']

/** The scenarios share one cluster, each in namespaces of its own: two at a time, since they mostly wait, then those that want it for themselves. */
function runScenarios(files: readonly string[], prefix: readonly string[], env: NodeJS.ProcessEnv): number {
  const isAlone = (file: string) => alone.some(one => basename(file).startsWith(one))
  const run = (some: readonly string[], jobs: number) => {
    if (some.length === 0) return 0
    const tap = [join(root, 'node_modules', '.bin', 'tap'), 'run', `--jobs=${jobs}`, '--timeout=900', '--reporter=tap', ...some]
    const [program = '', ...args] = [...prefix, ...tap]
    return spawnSync(program, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1
  }
  const shared = run(
    files.filter(file => !isAlone(file)),
    2,
  )
  return run(files.filter(isAlone), 1) || shared
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
        `${String(lastTimestamp ?? eventTime)} ${metadata.namespace}/${of.name} ${reason}: ${message}`,
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
  if (isOwn) return runScenarios(files, [], { ...process.env, PATH: path })

  const cluster = await startCluster(say)
  const interrupted = () => void cluster.stop().then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    await loadImages(cluster, chainPrograms[0] ?? '')
    const status = runScenarios(files, cluster.enter, { ...cluster.env, PATH: [...chainPrograms, cluster.env.PATH].join(':') })
    if (status !== 0) {
      const log = join(tmpdir(), `repeer-e2e-${process.pid}.log`)
      writeFileSync(log, `${await podsAndEvents(cluster)}\n${cluster.logs(2000)}`)
      say(`what was left in the cluster, and the components' logs: ${log}`)
    }
    return status
  } finally {
    await cluster.stop()
  }
}

process.exitCode = await main()
