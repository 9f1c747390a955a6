// One handle for a Kubernetes cluster of one node on this machine, in network, mount and PID namespaces of its own.
// Linux and root (or CAP_SYS_ADMIN) are needed. Nothing of it is left behind: it ends with this process, however that
// ends.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KubeConfig } from '@kubernetes/client-node'
import { cgroupRoots, makeCgroup, removeCgroup } from './cgroups.ts'
import { type Client, makeClient } from './client.ts'
import { type Image, packImage } from './image.ts'
import { buildPrograms } from './programs.ts'

export type Cluster = {
  readonly dir: string
  /** A command line prefix that runs what follows inside the cluster's namespaces. */
  readonly enter: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Runs kubectl and returns its output; throws with its message. */
  kubectl(...args: string[]): string
  /** Typed clients that reach the cluster from out here. */
  readonly client: Client
  loadImage(image: Image): Promise<void>
  /** The last lines of every component's log. */
  logs(lines?: number): string
  stop(): Promise<void>
}

const needed = {
  runc: 'runc',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  catatonit: 'catatonit',
  openssl: 'openssl',
  ip: 'iproute2',
  unshare: 'util-linux',
} as const

/** The groups of programs that a cluster is made of: for who builds before anything starts. */
export const clusterPrograms = ['kubernetes', 'kubectl', 'etcd', 'containerd', 'coredns'] as const

export type ClusterOptions = {
  /**
   * How late timers may be in containerd and the pods (timerslack_ns of proc(5)). 0, the default: as the system has it,
   * 0.05.
   */
  readonly timerSlackMs?: number
}

/**
 * Builds what is missing and returns when the node is Ready. `say` hears progress. Throws an Error that says what is
 * missing or failed.
 */
export async function startCluster(
  say: (line: string) => void,
  { timerSlackMs = 0 }: ClusterOptions = {},
): Promise<Cluster> {
  const missing = Object.entries(needed).filter(([program]) => spawnSync('which', [program]).status !== 0)
  if (!existsSync('/usr/lib/cni/bridge')) missing.push(['bridge', 'containernetworking-plugins' as never])
  if (missing.length > 0) {
    const names = missing.map(([program]) => program).join(', ')
    throw new Error(
      `the cluster needs ${names}: apt-get install ${[...new Set(missing.map(([, name]) => name))].join(' ')}`,
    )
  }
  const folders = await buildPrograms(clusterPrograms, say)
  sweep()
  const dir = mkdtempSync(join(tmpdir(), `rp-${process.pid}-`))
  const cgroup = `/repeer-${process.pid}-${Date.now()}`
  makeCgroup(cgroup)
  const env = { ...process.env, PATH: [...folders, process.env.PATH].join(':') }
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const inside = [
    'catatonit',
    '--',
    process.execPath,
    join(import.meta.dirname, 'inside.ts'),
    dir,
    cgroup,
    String(timerSlackMs),
  ]
  const outer = spawn('unshare', [...namespaces, ...inside], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await ready(outer, say)
  } catch (error) {
    const text = lastLines(dir, 5)
    await end(outer, dir, cgroup)
    throw new Error(`${(error as Error).message}\n${text}`)
  }
  const first = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim().split(' ')[0] ?? ''
  const enter = ['nsenter', '-t', first, '-n', '-m', '-p', `--wdns=${process.cwd()}`]
  const clusterEnv = { ...env, KUBECONFIG: join(dir, 'admin.kubeconfig') }
  const execute = (...command: string[]) => {
    const [program = '', ...args] = [...enter, ...command]
    return execFileSync(program, args, {
      env: clusterEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 << 20,
    }).toString()
  }
  const { server: api, client } = await clientFromOutside(dir)
  return {
    dir,
    enter,
    client,
    env: clusterEnv,
    kubectl: (...args) => execute('kubectl', ...args),
    async loadImage(image) {
      const packed = await packImage(dir, image)
      execute('ctr', '-a', join(dir, 'containerd.sock'), '-n', 'k8s.io', 'images', 'import', packed)
      rmSync(packed)
    },
    logs: (lines = 40) => lastLines(dir, lines),
    stop: () => {
      api.close()
      return end(outer, dir, cgroup)
    },
  }
}

/** Forwards a port of this machine's loopback to the API server's socket, for as long as the process lives. */
async function clientFromOutside(dir: string): Promise<{ server: Server; client: Client }> {
  const server = createServer(near => {
    const far = connect(join(dir, 'api.sock'))
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  }).unref()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const config = new KubeConfig()
  config.loadFromString(
    readFileSync(join(dir, 'admin.kubeconfig'), 'utf8').replace('127.0.0.1:6443', `127.0.0.1:${port}`),
  )
  return { server, client: makeClient(config) }
}

/** Resolves at READY; rejects when a component or the whole ends before. */
function ready(outer: ChildProcess, say: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!outer.stdout) throw new Error('no pipe')
    createInterface(outer.stdout).on('line', line => {
      if (line === 'READY') resolve()
      else if (line.startsWith('FAILED ')) reject(new Error(line.slice(7)))
      else say(line)
    })
    outer.once('exit', code => reject(new Error(`the cluster's first process ended with ${code}`)))
    // Seen: 10 s where its programs are in the page cache, a minute where forty processes wait for two cores.
    setTimeout(() => reject(new Error('the cluster was not ready within 300 s')), 300_000).unref()
  })
}

/** Closing its standard input ends it; what it mounted goes with its mount namespace. */
async function end(outer: ChildProcess, dir: string, cgroup: string): Promise<void> {
  if (outer.exitCode === null && outer.signalCode === null) {
    const gone = new Promise(resolve => outer.once('exit', resolve))
    outer.stdin?.end()
    const late = setTimeout(() => outer.kill('SIGKILL'), 5_000)
    await gone
    clearTimeout(late)
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  removeCgroup(cgroup)
}

/** Removes what a killed run could not: folders and cgroups that name a process which is no more. */
function sweep(): void {
  const isStale = (name: string, prefix: string) => {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
    return pid !== undefined && !existsSync(`/proc/${pid}`)
  }
  for (const name of readdirSync(tmpdir()))
    if (isStale(name, 'rp')) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  for (const name of cgroupRoots().flatMap(root => readdirSync(root))) if (isStale(name, 'repeer')) removeCgroup(name)
}

function lastLines(dir: string, lines: number): string {
  const log = join(dir, 'log')
  if (!existsSync(log)) return ''
  const part = (name: string) => readFileSync(join(log, name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  // A second node's, too, below its name.
  return readdirSync(log, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.log'))
    .map(name => `--- ${name}\n${part(name)}`)
    .join('\n')
}
