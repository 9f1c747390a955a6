// `npm run e2e [-- SCENARIO...]`: builds what is missing, starts a cluster, loads the images, installs repeer as its README says, and runs the
// scenarios inside. With E2E_CLUSTER=kubeconfig they run on the cluster of the current KUBECONFIG, with E2E_IMAGE as repeer's image.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxImage, cometbftImage } from './chain.ts'
import { startCluster } from './cluster.ts'
import { repeerImage } from './install.ts'
import { buildPrograms } from './programs.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

function scenarioFiles(wanted: readonly string[]): string[] {
  const all = readdirSync(join(import.meta.dirname, 'scenarios')).filter(name => name.endsWith('.e2e.ts'))
  const chosen = wanted.length === 0 ? all : all.filter(name => wanted.some(one => name.startsWith(one)))
  if (chosen.length === 0) throw new Error(`found no scenario ${wanted.join(', ')}, expected one of ${all.join(', ')}`)
  return chosen.sort().map(name => join('test', 'cluster', 'scenarios', name))
}

/** The scenarios share one cluster and follow one another; each has a namespace of its own. */
function runScenarios(files: readonly string[], prefix: readonly string[], env: NodeJS.ProcessEnv): number {
  const tap = [join(root, 'node_modules', '.bin', 'tap'), 'run', '--jobs=1', '--timeout=900', '--reporter=tap', ...files]
  const [program = '', ...args] = [...prefix, ...tap]
  return spawnSync(program, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1
}

async function main(): Promise<number> {
  const files = scenarioFiles(process.argv.slice(2))
  const chainPrograms = await buildPrograms(['cometbft'], say)
  const path = [...chainPrograms, process.env.PATH].join(':')
  if (process.env.E2E_CLUSTER === 'kubeconfig') return runScenarios(files, [], { ...process.env, PATH: path })

  const image = join(root, 'dist', 'image')
  execFileSync(process.execPath, [join(root, 'manifests', 'image', 'bundle.ts')], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (!existsSync(image)) throw new Error(`${image} is missing: npm run build makes it`)
  const cluster = await startCluster(say)
  const interrupted = () => void cluster.stop().then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    await cluster.loadImage({
      name: cometbftImage,
      entrypoint: ['/bin/cometbft'],
      files: [{ from: join(chainPrograms[0] ?? '', 'cometbft'), to: '/bin/cometbft' }],
    })
    const busybox = execFileSync('which', ['busybox']).toString().trim()
    await cluster.loadImage({
      name: busyboxImage,
      entrypoint: ['/bin/sh'],
      files: [{ from: busybox, to: '/bin/busybox' }],
      links: { '/bin/sh': 'busybox' },
    })
    await cluster.loadImage(repeerImage(image))
    const status = runScenarios(files, cluster.enter, { ...cluster.env, PATH: [...chainPrograms, cluster.env.PATH].join(':') })
    if (status !== 0) say(cluster.logs(10))
    return status
  } finally {
    await cluster.stop()
  }
}

process.exitCode = await main()
