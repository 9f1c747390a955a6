// The measured process: `repeer controller` from the bundle, with the permissions and the environment of its
// Deployment, through the relay.

import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { freePort } from '../../fixtures/free-port.ts'
import { apply, kubectl } from '../../testbed/install.ts'
import { cpuSecondsOf, end, memoryOf, until } from '../processes.ts'
import type { Relay } from './relay.ts'

const root = join(import.meta.dirname, '..', '..', '..')
/** What of the manifests is about permissions; the bench runs the programs itself, and injects the pods itself. */
const kinds = ['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
const policies = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']

export function installPermissions(): void {
  const objects = parseAllDocuments(kubectl('kustomize', join(root, 'manifests'))).map(
    document => document.toJS() as { kind?: string },
  )
  apply(objects.filter(object => [...kinds, ...policies].includes(object.kind ?? '')))
}

/** A kubeconfig file of the controller's ServiceAccount, by way of the relay. */
export function kubeconfigFor(dir: string, relay: Relay, authority: string): string {
  const token = kubectl('-n', 'repeer-system', 'create', 'token', 'repeer-controller', '--duration=2h').trim()
  const server = `https://127.0.0.1:${relay.port}`
  const file = join(dir, 'controller.kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'controller', user: { token } }],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'controller' } }],
    'current-context': 'cluster',
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

/** What the Deployment sets by value: NODE_OPTIONS. */
export function deployedEnv(): Record<string, string> {
  const file = join(root, 'manifests', 'base', 'controller-deployment.yaml')
  const deployment = parse(readFileSync(file, 'utf8')) as {
    spec: { template: { spec: { containers: { env?: { name: string; value?: string }[] }[] } } }
  }
  const env = deployment.spec.template.spec.containers[0]?.env ?? []
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}

export type Measured = {
  readonly pid: number
  readonly startedAt: number
  cpuSeconds(): number
  rss(): number
  /** Highest since the last call, or since the start. */
  peakRss(): number
  stop(): Promise<void>
}

/** A process and what it uses. Its output goes to a file. */
export function startMeasured(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  log: string,
): Measured {
  const [file = '', ...args] = command
  const output = openSync(log, 'a')
  const startedAt = performance.now()
  const child = spawn(file, args, { stdio: ['ignore', output, output], env: { ...process.env, ...env } })
  closeSync(output)
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} cannot be started`)
  return {
    pid,
    startedAt,
    cpuSeconds: () => cpuSecondsOf(pid),
    rss: () => memoryOf(pid).rss,
    peakRss: () => {
      const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
      // Starts the peak anew (Linux, proc_pid_clear_refs).
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
      return peak
    },
    stop: () => end(child),
  }
}

export type Controller = Measured & {
  /** Seconds after the start at which it had read everything. */
  readonly synced: Promise<number>
  /** Annotations written so far. */
  writes(): Promise<number>
}

export async function startController(bundle: string, kubeconfig: string, log: string): Promise<Controller> {
  const port = await freePort()
  const args = [
    'controller',
    `--kubeconfig=${kubeconfig}`,
    `--listen=127.0.0.1:${port}`,
    '--identity=scale',
    '--namespace=repeer-system',
  ]
  const measured = startMeasured([process.execPath, join(bundle, 'repeer.js'), ...args], deployedEnv(), log)
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) })
  const isReady = async () => {
    const response = await ask('/readyz').catch(() => undefined)
    await response?.arrayBuffer()
    return response?.ok ? (performance.now() - measured.startedAt) / 1000 : undefined
  }
  return {
    ...measured,
    synced: until('the controller has read everything', isReady, 120, 50),
    writes: async () => {
      const text = await (await ask('/metrics')).text()
      return Number(/^repeer_controller_writes_total\{outcome="written"\} (\d+)/m.exec(text)?.[1] ?? 0)
    },
  }
}
