// On a real cluster, side by side in one run: repeer, replacing the pod at once, and prometheus-config-reloader, each
// with the same chains and the same changes. Writes docs/measurements.md. BENCH_RUNS sets the number of runs (20).
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { startCluster } from '../testbed/cluster.ts'
import { buildImages, loadImages } from '../testbed/images.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { reloaderImage } from './cluster/arms.ts'
import type { Sample } from './cluster/lane.ts'
import { measurementsPage, tablesOf } from './cluster/report.ts'
import { machine } from './processes.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

export async function cluster(): Promise<string> {
  const [chainPrograms = '', reloader = ''] = await buildPrograms(['cometbft', 'config-reloader'], say)
  const running = await startCluster(say)
  try {
    await loadImages(running, buildImages(chainPrograms))
    const file = { from: join(reloader, 'prometheus-config-reloader'), to: '/bin/prometheus-config-reloader' }
    await running.loadImage({ name: reloaderImage, entrypoint: ['/bin/prometheus-config-reloader'], files: [file] })
    const [program = '', ...args] = [
      ...running.enter,
      process.execPath,
      join(import.meta.dirname, 'cluster', 'inside.ts'),
    ]
    const env = { ...running.env, PATH: `${chainPrograms}:${running.env.PATH}` }
    const inside = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<number | null>(resolve => inside.once('exit', resolve))
    const output = await text(inside.stdout)
    if ((await ended) !== 0) throw new Error(`the measurement inside the cluster failed\n${running.logs(20)}`)
    const { kubernetes, samples } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as {
      kubernetes: string
      samples: Sample[]
    }
    const page = join(root, 'docs', 'measurements.md')
    writeFileSync(page, measurementsPage({ machine: machine(), kubernetes, date: new Date(), samples }))
    return `${tablesOf(samples)}\n\nwritten to ${page}`
  } finally {
    await running.stop()
  }
}
