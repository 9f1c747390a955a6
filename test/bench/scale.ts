// The controller at scale, on a real API server with kwok in the place of kubelets: 1,000 pods in 50 namespaces, 5,000
// EndpointSlices. Writes docs/scale.md. BENCH_SCALE=5 takes a fifth of it, for a quick look, and writes nothing.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { startCluster } from '../testbed/cluster.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { machine } from './processes.ts'
import { type Figures, scalePage } from './scale/report.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

export async function scale(): Promise<string> {
  const programs = await buildPrograms(['kwok'], say)
  const cluster = await startCluster(say)
  try {
    const work = join(cluster.dir, 'scale')
    mkdirSync(work)
    const bundle = join(work, 'bundle')
    execFileSync(process.execPath, [join(root, 'manifests', 'image', 'bundle.ts')], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    cpSync(join(root, 'dist', 'image'), bundle, { recursive: true })
    const reference = await bundleReference(work)
    const file = join(import.meta.dirname, 'scale', 'inside.ts')
    const [program = '', ...args] = [
      ...cluster.enter,
      process.execPath,
      file,
      bundle,
      reference,
      work,
      join(cluster.dir, 'log'),
    ]
    const env = { ...cluster.env, PATH: [...programs, cluster.env.PATH].join(':') }
    const inside = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<number | null>(resolve => inside.once('exit', resolve))
    const output = await text(inside.stdout)
    if ((await ended) !== 0) throw new Error(`the measurement inside the cluster failed\n${cluster.logs(10)}`)
    const figures = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as Figures
    const page = scalePage({ machine: machine(), date: new Date(), figures })
    if (process.env.BENCH_SCALE) return page
    const written = join(root, 'docs', 'scale.md')
    writeFileSync(written, page)
    return `${page}\nwritten to ${written}`
  } finally {
    await cluster.stop()
  }
}

/** Bundled as repeer is, so that not the number of its files is compared. */
async function bundleReference(work: string): Promise<string> {
  const outfile = join(work, 'informers.mjs')
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
  const entry = join(import.meta.dirname, 'scale', 'informers.ts')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: banner },
    logLevel: 'warning',
  })
  return outfile
}
