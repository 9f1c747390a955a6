// `npm run e2e [-- SCENARIO...]`: builds what is missing, starts a cluster, loads the images, installs repeer as its
// README says, and runs the scenarios inside; at the same time, in a second cluster, those that nothing may run beside.
// `npm run e2e -- chaos [--fault NAME]... [--hold SECONDS]` breaks things instead.
// With E2E_CLUSTER=kubeconfig they run on the cluster of the current KUBECONFIG, with E2E_IMAGE as repeer's image.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { type Cluster, clusterPrograms, startCluster } from './cluster.ts'
import { buildImages, loadImages } from './images.ts'
import { kubectl } from './install.ts'
import { buildPrograms } from './programs.ts'
import { ofTests } from './stellar-nodes.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

/** A suite of its own: `npm run e2e -- chaos`, all, or with `--fault NAME` some; see test/chaos/faults.ts. */
const chaos = join('test', 'chaos', 'chaos.e2e.ts')

function scenarioFiles(wanted: readonly string[]): string[] {
  if (wanted.length === 1 && wanted[0] === 'chaos') return [chaos]
  const all = readdirSync(join(import.meta.dirname, '..', 'scenarios')).filter(name => name.endsWith('.e2e.ts'))
  const chosen = wanted.length === 0 ? all : all.filter(name => wanted.some(beginning => name.startsWith(beginning)))
  if (chosen.length === 0) throw new Error(`found no scenario ${wanted.join(', ')}, expected one of ${all.join(', ')}`)
  return chosen.sort().map(name => join('test', 'scenarios', name))
}

/**
 * These take the webhook or the controller away, their certificates, their version, or a node: nothing else may run
 * beside them.
 */
const alone = ['08', '09', '13', '16', '23', '44', '46', '47-helm', '48', '49', 'chaos']
/** They come first, so that none of them is left to run by itself at the end. */
const long = ['07', '10', '12', '14']
/**
 * What these prove is a matter of seconds (43), or of how long a node takes to start (41: where its liveness probe
 * would not wait for another such start, its container is restarted, not its process). Four at once on two cores
 * stretch a restart from 0.3 to 4 s (seen): nothing runs beside them. They come last, in a cluster of their own.
 */
const timed = ['41', '43']

function isOneOf(some: readonly string[], file: string): boolean {
  return some.some(beginning => basename(file).startsWith(beginning))
}

/** These run programs of a Cosmos SDK chain, beside what all need. */
const onInterchain = ['32', '34', '40', '41']

/** These want the image as its Dockerfile builds it, and a registry. */
const onRegistry = ['48']

/** These begin with an older version. */
const onUpgrade = ['49']

/** This installs by Helm. */
const byHelm = ['47-helm']

/**
 * CometBFT's consensus looks around every 100 µs, also when idle. That is 3 % of a core for each node, and 1 % with
 * timers that may be so late.
 */
const timerSlackMs = 10

/** Where scenarios run: the command that enters the cluster, and its environment. */
type Place = { readonly enter: readonly string[]; readonly env: NodeJS.ProcessEnv }

/** Runs one scenario by tap; its report comes at once when it has ended, so that those of several do not mix. */
async function runScenario(file: string, { enter, env }: Place): Promise<number> {
  const tap = [
    join(root, 'node_modules', '.bin', 'tap'),
    'run',
    `--timeout=${file === chaos ? 7200 : 900}`,
    '--reporter=tap',
    file,
  ]
  const [program = '', ...args] = [...enter, ...tap]
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [report, status] = await Promise.all([
    text(child.stdout),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve(code ?? 1))
    }),
  ])
  process.stdout.write(report)
  return status
}

/** Takes one after the other from the queues, which others may take from, too. */
async function work(queues: readonly string[][], place: Place): Promise<number> {
  let worst = 0
  for (const queue of queues) {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      worst = Math.max(worst, await runScenario(file, place))
  }
  return worst
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

/** What some scenarios want besides programs. What is there from a run before may be named in the environment. */
async function prepare(files: readonly string[]): Promise<void> {
  const { env } = process
  if (files.some(file => isOneOf(onRegistry, file))) {
    const [registry = ''] = await buildPrograms(['registry'], say)
    env.PATH = [registry, env.PATH].join(':')
    env.E2E_BUILT_IMAGE ??= builtImage()
  }
  const older = files.some(file => isOneOf(onUpgrade, file)) ? (env.E2E_BEFORE ?? versionBefore()) : undefined
  if (older !== undefined) env.E2E_BEFORE = older
}

/** The path of an archive, which goes with this process. */
function builtImage(): string {
  return prepared('build-image.ts', folder('repeer-image-'))
}

/** The folder of an older version, which goes with this process; undefined where the clone is too shallow for it. */
function versionBefore(): string | undefined {
  const dir = folder('repeer-before-')
  say('building the version to upgrade from ...')
  const commit = prepared('version-before.ts', dir)
  if (commit === '') say('this clone does not have the commit to upgrade from: git fetch --unshallow --tags')
  return commit === '' ? undefined : dir
}

function folder(prefix: string): string {
  const dir = mkdtempSync(join(tmpdir(), prefix))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** What a program of this folder prints that makes something in `dir`. */
function prepared(program: string, dir: string): string {
  const args = [join(import.meta.dirname, program), dir]
  return execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    .toString()
    .trim()
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fault: { type: 'string', multiple: true, default: [] }, hold: { type: 'string' } },
  })
  const files = scenarioFiles(positionals)
  if (values.fault.length > 0) process.env.CHAOS_FAULTS = values.fault.join(',')
  if (values.hold !== undefined) process.env.CHAOS_HOLD = values.hold
  const isOwn = process.env.E2E_CLUSTER === 'kubeconfig'
  if (process.env.E2E_CLUSTER && !isOwn)
    throw new Error(`found E2E_CLUSTER=${process.env.E2E_CLUSTER}, expected kubeconfig or nothing`)
  if (isOwn && !process.env.E2E_IMAGE)
    throw new Error("found no E2E_IMAGE, expected repeer's image as the nodes of your cluster can pull it")
  // All of it before anything starts: a scenario's time is no time to build in, and of two clusters neither waits for
  // the other's programs.
  const chainPrograms = await buildPrograms(['cometbft'], say)
  if (files.some(file => isOneOf(onInterchain, file))) await buildPrograms(['interchain-security'], say)
  if (!isOwn) await prepare(files)
  if (files.some(file => isOneOf(byHelm, file))) await buildPrograms(['helm'], say)
  const path = [...chainPrograms, process.env.PATH].join(':')
  const exclusive = files.filter(file => isOneOf(alone, file))
  const last = files.filter(file => isOneOf(timed, file))
  const rest = files.filter(file => !isOneOf([...alone, ...timed], file))
  const shared = [...rest.filter(file => isOneOf(long, file)), ...rest.filter(file => !isOneOf(long, file))]
  if (isOwn) {
    const place = { enter: [], env: { ...process.env, PATH: path } }
    const both = await Promise.all([work([shared], place), work([shared], place)])
    const oneByOne = await work([last, exclusive], place)
    kubectl('delete', 'crd', '-l', ofTests, '--ignore-not-found')
    return Math.max(...both, oneByOne)
  }
  await buildPrograms(clusterPrograms, say)
  return inOwnClusters(chainPrograms, { shared, exclusive, last })
}

/**
 * Each scenario has namespaces of its own, so three run in one cluster, as they mostly wait; a second cluster is for
 * those that want it for themselves, then for what is left; and a third, once these are gone, for what is timed.
 */
async function inOwnClusters(
  chainPrograms: readonly string[],
  { shared, exclusive, last }: Readonly<Record<'shared' | 'exclusive' | 'last', string[]>>,
): Promise<number> {
  const images = buildImages(chainPrograms[0] ?? '')
  const clusters: Cluster[] = []
  const stopAll = () => Promise.all(clusters.map(cluster => cluster.stop()))
  const interrupted = () => void stopAll().then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)

  async function inOne(workers: readonly (readonly string[][])[]): Promise<number> {
    const cluster = await startCluster(say, { timerSlackMs })
    clusters.push(cluster)
    await loadImages(cluster, images)
    const place = {
      enter: cluster.enter,
      env: { ...cluster.env, PATH: [...chainPrograms, cluster.env.PATH].join(':') },
    }
    const status = Math.max(...(await Promise.all(workers.map(queues => work(queues, place)))))
    if (status !== 0) {
      const log = join(mkdtempSync(join(tmpdir(), 'repeer-e2e-')), 'cluster.log')
      writeFileSync(log, `${await podsAndEvents(cluster)}\n${cluster.logs(2000)}`)
      say(`what was left in the cluster, and the components' logs: ${log}`)
    }
    return status
  }

  try {
    const started = [
      ...(shared.length > 0 ? [inOne([[shared], [shared], [shared]])] : []),
      ...(exclusive.length > 0 ? [inOne([[exclusive, shared]])] : []),
    ]
    const status = Math.max(0, ...(await Promise.all(started)))
    if (last.length === 0) return status
    await stopAll()
    clusters.length = 0
    return Math.max(status, await inOne([[last]]))
  } finally {
    await stopAll()
  }
}

process.exitCode = await main()
