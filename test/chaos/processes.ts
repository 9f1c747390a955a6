// The cluster's processes, as /proc of its own PID namespace has them: scenarios run as root inside it, and see nobody
// else's. To be ended, frozen, and started again as they were.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { until } from '../testbed/watch.ts'

export type Process = {
  readonly pid: number
  /** Clock ticks since boot: with the PID it names a process for ever. */
  readonly start: string
  readonly parent: number
  readonly args: readonly string[]
  readonly podUid?: string
}

function read(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Undefined where it has just ended. Field 4 and 22 of proc_pid_stat(5), after the name, which may hold anything. */
function processOf(pid: number): Process | undefined {
  const stat = read(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const start = fields[19]
  // A zombie has ended, and only waits to be reaped.
  if (start === undefined || fields[0] === 'Z') return undefined
  const podUid = /pod([0-9a-f]{8}[-_0-9a-f]{28})/.exec(read(pid, 'cgroup'))?.[1]?.replaceAll('_', '-')
  const args = read(pid, 'cmdline').split('\0').slice(0, -1)
  return { pid, start, parent: Number(fields[1]), args, ...(podUid ? { podUid } : {}) }
}

/** A zombie whose other threads are still being taken apart has not: it holds its files. */
function hasEnded(pid: number): boolean {
  if (processOf(pid) !== undefined) return false
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

export function processes(wanted: (found: Process) => boolean): Process[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 1)
    .flatMap(pid => processOf(pid) ?? [])
    .filter(wanted)
}

const programOf = ({ args }: Process) => basename(args[0] ?? '')

/** The CometBFT processes of pods. A shell that is about to become one still has its own name. */
export const nodeProcesses = () => processes(found => found.podUid !== undefined && programOf(found) === 'cometbft')

/** The sidecar, the controller or the webhook, of one pod or of all. */
export function ownProcesses(command: 'sidecar' | 'controller' | 'webhook', podUid?: string): Process[] {
  return processes(
    ({ args, podUid: of }) =>
      args.some(arg => arg.endsWith('/repeer.js')) && args.includes(command) && (podUid ?? of) === of,
  )
}

/** The first process of the node's container: the supervisor, where the node is wrapped. */
export function supervisorOf(node: Process): Process {
  const isFirst = ({ pid }: Process) => /^NSpid:.*\t1$/m.test(read(pid, 'status'))
  for (let found = processOf(node.parent); found; found = processOf(found.parent)) if (isFirst(found)) return found
  throw new Error(`found no first process above ${node.pid}, expected the supervisor`)
}

export function freeze(some: readonly Process[]): () => Promise<void> {
  for (const { pid } of some) process.kill(pid, 'SIGSTOP')
  return async () => {
    for (const { pid, start } of some) if (processOf(pid)?.start === start) process.kill(pid, 'SIGCONT')
  }
}

export function kill(some: readonly Process[]): void {
  for (const { pid } of some) process.kill(pid, 'SIGKILL')
}

/** Of the cluster itself, outside of pods: kubelet, kube-apiserver, containerd, coredns. */
export function component(name: string): Process {
  const [found] = processes(candidate => candidate.podUid === undefined && programOf(candidate) === name)
  if (!found) throw new Error(`found no process ${name}, expected the cluster's`)
  return found
}

/**
 * Ends a component by SIGKILL, and returns what starts it again as it was: its arguments, its environment, its folder,
 * its log.
 */
export function takeAway(name: string): () => Promise<void> {
  const found = component(name)
  const environ = read(found.pid, 'environ').split('\0').filter(Boolean)
  const env = Object.fromEntries(environ.map(pair => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]))
  const cwd = readlinkSync(`/proc/${found.pid}/cwd`)
  process.kill(found.pid, 'SIGKILL')
  return async () => {
    // Killed, it holds its port until the kernel has taken its memory apart.
    await until(`${name} is gone`, 30, () => hasEnded(found.pid))
    const log = openSync(join(cwd, 'log', `${name}.log`), 'a')
    const [program = '', ...args] = found.args
    const child: ChildProcess = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', log, log] })
    child.on('error', () => {})
    child.unref()
    await until(`${name} runs`, 10, () => processOf(child.pid ?? 0) !== undefined)
  }
}

/** Drops, in a process's network namespace, what comes from an address; nothing is refused, and no FIN goes out. */
export function dropFrom({ pid }: Process, address: string): () => Promise<void> {
  const nft = (...args: string[]) => execFileSync('nsenter', ['-t', String(pid), '-n', 'nft', ...args])
  nft('add', 'table', 'inet', 'chaos')
  nft('add', 'chain', 'inet', 'chaos', 'input', '{ type filter hook input priority 0; }')
  nft('add', 'rule', 'inet', 'chaos', 'input', 'ip', 'saddr', address, 'drop')
  return async () => void nft('delete', 'table', 'inet', 'chaos')
}
