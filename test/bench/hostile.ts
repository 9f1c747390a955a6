// A hostile namespace at full tilt beside an honest one: the real webhook and controller as processes, bundled as in
// the image, with the environment that the manifests give them and in cgroups of that memory, before the stand-in for
// the API server. What the honest one notices is measured undisturbed, and then beside it. Of the attacks of a tenant
// two are none on these programs and are tested where they hit, in the sidecar: a name that fails, and a peer that
// moves after each restart (test/sidecar/decide).
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { apiRequest } from '../../kubernetes/api-request.ts'
import { freePort } from '../fixtures/free-port.ts'
import { trend, type Vitals, vitalsOf } from '../soak/vitals.ts'
import { deployed, type Limited, limitMemory } from './deployed.ts'
import type { News, Order } from './hostile/cluster.ts'
import { atRate, caller, servername } from './load.ts'
import { end, start, until } from './processes.ts'
import { mebibytes, milliseconds, percentile, ratio, table } from './table.ts'

const root = join(import.meta.dirname, '..', '..')
/** Honest admissions a second, and for how long, in s. */
const perSecond = 50
const seconds = 20
const edits = 10

type Figures = {
  readonly admissions: readonly number[]
  readonly edits: readonly number[]
  readonly gapMs: number
  /** Of the stand-in for the API server: for how long it did nothing else. */
  readonly clusterMs: number
}

export async function hostile(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'hostile-'))
  const cluster = fork(join(import.meta.dirname, 'hostile', 'cluster.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const children: ChildProcess[] = [cluster]
  const limits = new Map<Part, Limited | undefined>()
  try {
    const { kubeconfig } = (await heard(cluster, 'ready')) as Extract<News, { is: 'ready' }>
    const file = join(dir, 'kubeconfig')
    writeFileSync(file, kubeconfig)
    const [port, metrics] = [await freePort(), await freePort()]
    execFileSync(process.execPath, [join(root, 'manifests', 'image', 'bundle.ts')], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const bundle = join(root, 'dist', 'image', 'repeer.js')
    const common = [`--kubeconfig=${file}`, '--log-level=fatal']
    const started = (part: Part, ...flags: string[]) => {
      const { env, memory } = deployed(part)
      const child = start([process.execPath, bundle, part, ...flags, ...common], { env: { ...env } })
      children.push(child)
      limits.set(part, limitMemory(child.pid ?? 0, part, memory))
      return child
    }
    const webhook = started('webhook', '--image=repeer:bench', `--listen=127.0.0.1:${port}`)
    const controller = started('controller', `--listen=127.0.0.1:${metrics}`)
    const ca = await caOf(kubeconfig)
    const target = { port, ca }
    await until(
      'the webhook is ready',
      async () => ((await status(target, '/readyz')) === 200 ? true : undefined),
      60,
      100,
    )
    const programs = { webhook, controller }
    await ask(cluster, 'edit', 'edited')

    const before = await measure(cluster, target)
    const quiet = resident(programs)
    const attacked = ask(cluster, 'attack', 'attacked')
    const tenant = fork(join(import.meta.dirname, 'hostile', 'tenant.ts'), [JSON.stringify(target)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    children.push(tenant)
    await attacked
    const samples: ReturnType<typeof resident>[] = []
    const timer = setInterval(() => samples.push(resident(programs)), 500)
    const beside = await measure(cluster, target)
    clearInterval(timer)
    await end(tenant)
    const ended = Object.entries(programs).filter(
      ([, { exitCode, signalCode }]) => exitCode !== null || signalCode !== null,
    )
    const bounds = [...limits].map(
      ([part, limit]) => `${part} ${limit ? `ended by the kernel ${limit.ends()} times` : 'without a cgroup'}`,
    )
    return report(before, beside, { quiet, samples, ended: [...ended.map(([name]) => name), ...bounds] })
  } finally {
    for (const child of children.reverse()) await end(child)
    for (const limit of limits.values()) limit?.remove()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function heard(cluster: ChildProcess, is: News['is']): Promise<News> {
  for (;;) {
    const [news] = (await once(cluster, 'message')) as [News]
    if (news.is === is) return news
  }
}

async function ask(cluster: ChildProcess, order: Order, is: News['is']): Promise<News> {
  const answer = heard(cluster, is)
  cluster.send(order)
  return answer
}

async function caOf(kubeconfig: string): Promise<string> {
  const config = new KubeConfig()
  config.loadFromString(kubeconfig)
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/repeer'
  const bundle = await until(
    'the caBundle',
    async () => {
      const found = (await apiRequest(config, { method: 'GET', path, expected: [] })) as {
        webhooks?: { clientConfig?: { caBundle?: string } }[]
      }
      return found.webhooks?.[0]?.clientConfig?.caBundle || undefined
    },
    60,
    100,
  )
  return Buffer.from(bundle, 'base64').toString()
}

function status({ port, ca }: { port: number; ca: string }, path: string): Promise<number> {
  return new Promise(resolve => {
    const sent = request({ host: '127.0.0.1', port, path, ca, servername, agent: false }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.once('error', () => resolve(0)).end()
  })
}

async function measure(cluster: ChildProcess, target: { port: number; ca: string }): Promise<Figures> {
  const { call, close } = caller(target, 20)
  await ask(cluster, 'gaps', 'gaps')
  const admissions = atRate(call, perSecond, seconds)
  const times: number[] = []
  for (let index = 0; index < edits; index++) {
    times.push(((await ask(cluster, 'edit', 'edited')) as Extract<News, { is: 'edited' }>).ms)
    await sleep((seconds / edits) * 1000)
  }
  const { ms, ownMs } = (await ask(cluster, 'gaps', 'gaps')) as Extract<News, { is: 'gaps' }>
  const figures = { admissions: await admissions, edits: times, gapMs: ms, clusterMs: ownMs }
  close()
  return figures
}

type Part = 'webhook' | 'controller'

/** Undefined of a program that has ended. */
function resident(programs: Record<Part, ChildProcess>): Record<Part, Vitals | undefined> {
  const of = ({ pid = 0 }: ChildProcess) => vitalsOf({ pid })
  return { webhook: of(programs.webhook), controller: of(programs.controller) }
}

type Memory = {
  readonly quiet: ReturnType<typeof resident>
  readonly samples: readonly ReturnType<typeof resident>[]
  readonly ended: readonly string[]
}

function report(before: Figures, beside: Figures, { quiet, samples, ended }: Memory): string {
  const p99 = ({ admissions }: Figures) => percentile(admissions, 0.99)
  const last = ({ edits }: Figures) => Math.max(...edits)
  const rows = [
    ['an honest admission, p50', ...both(percentile(before.admissions, 0.5), percentile(beside.admissions, 0.5))],
    ['an honest admission, p99 (goal: 2x)', ...both(p99(before), p99(beside))],
    ['an edited list in the annotations, p50', ...both(percentile(before.edits, 0.5), percentile(beside.edits, 0.5))],
    ['the slowest of them (goal: 2x)', ...both(last(before), last(beside))],
    ['between two reads of a page, longest', ...both(before.gapMs, beside.gapMs)],
    ['the stand-in API server itself, longest pause', ...both(before.clusterMs, beside.clusterMs)],
  ]
  const memory = (['webhook', 'controller'] as const).map(name => {
    const values = samples.flatMap(sample => sample[name] ?? [])
    const half = Math.floor(values.length / 2)
    const mean = (some: readonly Vitals[]) => some.reduce((sum, { rss }) => sum + rss, 0) / some.length
    const late = values.slice(half)
    const { slope, error } = trend(late.map(({ atMs, rss }) => [atMs, rss]))
    return [
      `${name}, resident`,
      mebibytes(quiet[name]?.rss ?? Number.NaN),
      mebibytes(mean(values.slice(0, half))),
      mebibytes(mean(late)),
      mebibytes(Math.max(...values.map(({ rss }) => rss))),
      mebibytes(deployed(name).memory),
      `${mebibytes(slope / 60)} ± ${mebibytes(error / 60)} a minute`,
      String(Math.max(...values.map(({ files }) => files))),
    ]
  })
  return [
    `A hostile namespace beside an honest one (${perSecond} honest admissions/s for ${seconds} s, ${edits} edits):\n`,
    table(['', 'undisturbed', 'beside it', 'ratio'], rows),
    '',
    table(
      ['', 'undisturbed', 'first half', 'second half', 'most', 'limit', 'slope of the second half', 'most files'],
      memory,
    ),
    '',
    `  ended (goal: neither): ${ended.join(', ')}`,
  ].join('\n')
}

function both(undisturbed: number, beside: number): string[] {
  return [milliseconds(undisturbed), milliseconds(beside), ratio(beside, undisturbed)]
}
