// Admission of a 20 KB pod: times at 200 requests/s, the most that one core does, memory. Reference: the same server
// deciding nothing.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWebhook } from '../../demo/webhook-process.ts'
import { deployed } from './deployed.ts'
import { atRate, caller, flatOut, type Target } from './load.ts'
import { benchConfigMap } from './pod.ts'
import { end, holdTo, memoryOf, start } from './processes.ts'
import { mebibytes, milliseconds, percentile, ratio, table } from './table.ts'

type Measured = {
  readonly server: number[]
  readonly client: number[]
  readonly perSecond: number
  readonly rss: number
}

const rate = 200
const seconds = 10

export async function admission(): Promise<string> {
  holdTo(1)
  const reference = await measure('reference')
  const decide = await measure('decide')
  const deployed = await measureDeployed()
  const row = (name: string, text: (value: number) => string, of: (measured: Measured) => number, goal: string) => [
    name,
    text(of(decide)),
    text(of(reference)),
    ratio(of(decide), of(reference)),
    goal,
  ]
  const rows = [
    row(`server side, p50 at ${rate}/s`, milliseconds, run => percentile(run.server, 0.5), ''),
    row(`server side, p99 at ${rate}/s`, milliseconds, run => percentile(run.server, 0.99), '<= 5 ms'),
    row(`client side, p50 at ${rate}/s`, milliseconds, run => percentile(run.client, 0.5), ''),
    row(`client side, p99 at ${rate}/s`, milliseconds, run => percentile(run.client, 0.99), ''),
    row(
      'requests/s, one core, flat out',
      value => value.toFixed(0),
      run => run.perSecond,
      '>= 1500',
    ),
    row('resident after the load, this server, unbundled', mebibytes, run => run.rss, ''),
    ['resident, the bundled webhook as deployed, ready', mebibytes(deployed.ready), '-', '-', '<= 130 MiB'],
    ['resident, the same after 10 s at 200/s', mebibytes(deployed.loaded), '-', '-', '<= 130 MiB'],
    ['resident, the same after 5 s flat out', mebibytes(deployed.flatOut), '-', '-', ''],
  ]
  return table(['admission of a 20 KB pod, TLS', 'repeer', 'reference', 'ratio', 'goal'], rows)
}

/**
 * The whole webhook, as the image runs it, with the environment that the Deployment gives it, against the demo's
 * stand-in for the API server.
 */
async function measureDeployed(): Promise<{ ready: number; loaded: number; flatOut: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'repeer-bench-'))
  const signal = AbortSignal.timeout(120_000)
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'chain', labels: { 'repeer.dev/inject': 'enabled' } },
  }
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'node0-config', namespace: 'chain' },
    data: benchConfigMap(),
  }
  const entry = join(import.meta.dirname, '../../dist/image/repeer.js')
  const timeline = { tell: () => {} }
  const own = {
    directory,
    execPath: process.execPath,
    entry,
    path: process.env.PATH ?? '',
    env: deployed('webhook').env,
    timeline,
    signal,
  }
  const webhook = await startWebhook({ ...own, objects: [namespace, configMap] })
  try {
    const resident = () => memoryOf(webhook.pid).rss
    const ready = resident()
    const { call, close } = caller({ port: webhook.address.port, ca: webhook.address.ca }, 16)
    await atRate(call, rate, seconds)
    const loaded = resident()
    await flatOut(call, 16, 5)
    const after = resident()
    close()
    return { ready, loaded, flatOut: after }
  } finally {
    await webhook.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(kind: 'decide' | 'reference'): Promise<Measured> {
  const child = start([process.execPath, join(import.meta.dirname, 'admission-server.ts'), kind], { cpu: 0, ipc: true })
  try {
    const [target] = (await once(child, 'message')) as [Target]
    const { call, close } = caller(target, 16)
    const times = async () => {
      child.send('times')
      const [{ times }] = (await once(child, 'message')) as [{ times: number[] }]
      return times
    }
    await flatOut(call, 8, 3) // compiled and warm
    await times()
    const client = await atRate(call, rate, seconds)
    const server = await times()
    const perSecond = await flatOut(call, 16, 5)
    const { rss } = memoryOf(child.pid ?? 0)
    close()
    return { server, client, perSecond, rss }
  } finally {
    await end(child)
  }
}
