// The processes that /proc shows, and which of them are the node's. Reading is thin; the choice (chooseNode) is a pure
// function.
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

export type Process = {
  readonly pid: number
  readonly ppid: number
  /** Clock ticks (1/100 s) after boot; with the PID it names one process for ever. */
  readonly startTicks: number
  /** The kernel's name for it: the first 15 bytes of the program's. */
  readonly comm: string
  /** argv[0]; empty for kernel threads and where it cannot be read. */
  readonly program: string
  /** Equal for the processes of one container: see containerKey. */
  readonly container: string
}

/**
 * USER_HZ, which Linux fixes at 100 for everything that it shows to programs on the architectures repeer is built for.
 */
export const ticksPerSecond = 100

/**
 * /proc/PID/stat (proc(5)); undefined for what is none and for a zombie, which is gone but for its parent. The name may
 * hold anything, also spaces and parentheses: fields count from the last one.
 */
export function parseStat(text: string): Pick<Process, 'pid' | 'ppid' | 'startTicks' | 'comm'> | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const pid = Number(text.slice(0, open))
  const fields = text.slice(close + 2).split(' ')
  const [state, ppid, threads, startTicks] = [
    fields[0] ?? '',
    Number(fields[1]),
    Number(fields[17]),
    Number(fields[19]),
  ]
  if (open < 1 || close < open || !Number.isInteger(pid) || !Number.isInteger(ppid) || !Number.isInteger(startTicks))
    return undefined
  if (/^[ZXx]$/.test(state) && !(threads > 1)) return undefined
  return { pid, ppid, startTicks, comm: text.slice(open + 1, close) }
}

/**
 * One key a container from /proc/PID/cgroup: the innermost container ID (64 hex digits: containerd, CRI-O, Docker;
 * cgroup v1 and v2, also as `/../<id>` in a private cgroup namespace), else the whole text.
 */
export function containerKey(cgroup: string): string {
  return cgroup.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)?.at(-1) ?? cgroup.trim()
}

/** All processes that procDir shows, those that end meanwhile left out. */
export async function readProcesses(procDir: string): Promise<Process[]> {
  const names = (await readdir(procDir)).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(names.map(name => readProcess(procDir, Number(name))))
  return found.filter(process => process !== undefined).sort((a, b) => a.pid - b.pid)
}

export async function readProcess(procDir: string, pid: number): Promise<Process | undefined> {
  const directory = join(procDir, String(pid))
  try {
    const [stat, cgroup, cmdline] = await Promise.all([
      readFile(join(directory, 'stat'), 'utf8'),
      readFile(join(directory, 'cgroup'), 'utf8'),
      readFile(join(directory, 'cmdline'), 'utf8').catch(() => ''),
    ])
    const parsed = parseStat(stat)
    return parsed && { ...parsed, program: cmdline.split('\0')[0] ?? '', container: containerKey(cgroup) }
  } catch {
    return undefined
  }
}

/** The sidecar's own container. */
export async function ownContainer(procDir: string): Promise<string> {
  return containerKey(await readFile(join(procDir, 'self', 'cgroup'), 'utf8'))
}

export type Target = {
  /** The container's first process, with which the container ends. */
  readonly main: Process
  /** What a stop has to reach, main first. */
  readonly all: readonly Process[]
}

/**
 * The node's processes in a shared PID namespace. Our own container, the pod's first process (pause) and kernel threads
 * are never it. Of several containers it is the one where a process has one of `names` (as comm or as the base name of
 * argv[0]). What `kubectl exec` started in it is left out: like the first process it has no parent here, but it started
 * later.
 */
export function chooseNode(
  processes: readonly Process[],
  own: string,
  names: readonly string[],
): Target | { hold: 'process-ambiguous' | 'process-not-found'; detail: string; candidates: readonly string[] } {
  const groups = [...groupsOf(processes, own).values()]
  const named = groups.filter(group => group.some(process => isNamed(process, names)))
  const candidates = groups.map(group => describe(group))
  const [group, second] = groups.length > 1 && names.length > 0 ? named : groups
  if (second)
    return {
      hold: 'process-ambiguous',
      detail: `found ${candidates.join('; ')}; expected one container with ${expected(names)}`,
      candidates,
    }
  if (!group) {
    const detail =
      groups.length > 0
        ? `found ${candidates.join('; ')}; expected ${expected(names)}`
        : 'no process outside of the own container is visible; the node may be starting, or the PID namespace is not shared'
    return { hold: 'process-not-found', detail, candidates }
  }
  return treeOf(group)
}

/**
 * The process that one container other than our own begins with, where its name is one of `names`: unlike the node, it
 * is never taken for granted. Found in two containers, it is ambiguous, since another container may have given a
 * process of its own that name.
 */
export function chooseNamed(
  processes: readonly Process[],
  own: string,
  names: readonly string[],
): Process | { hold: 'process-ambiguous' | 'process-not-found'; detail: string } {
  const mains = [...groupsOf(processes, own).values()]
    .map(group => treeOf(group).main)
    .filter(main => isNamed(main, names))
  const [main, second] = mains
  if (main && !second) return main
  if (!main) return { hold: 'process-not-found', detail: `found no container that begins with ${expected(names)}` }
  const found = mains.map(({ comm, pid }) => `${comm} (PID ${pid})`).join('; ')
  return {
    hold: 'process-ambiguous',
    detail: `found ${found}; expected one container that begins with ${expected(names)}`,
  }
}

export function isNamed({ comm, program }: Process, names: readonly string[]): boolean {
  return names.some(name => comm === name || comm === name.slice(0, 15) || basename(program) === name)
}

/** By container, without our own, the pod's first process (pause) and kernel threads. */
function groupsOf(processes: readonly Process[], own: string): Map<string, Process[]> {
  const containers = new Map<string, Process[]>()
  for (const process of processes) {
    const { container, pid, ppid } = process
    if (container === own || pid === 1 || pid === 2 || ppid === 2) continue
    containers.set(container, [...(containers.get(container) ?? []), process])
  }
  return containers
}

function treeOf(group: readonly Process[]): Target {
  const byAge = [...group].sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)
  const pids = new Set(group.map(({ pid }) => pid))
  const roots = byAge.filter(({ ppid }) => !pids.has(ppid))
  const main = (roots.find(({ ppid }) => ppid === 0) ?? roots[0] ?? byAge[0]) as Process
  const guests = new Set(roots.filter(root => root.ppid === 0 && root !== main).map(({ pid }) => pid))
  for (const { pid, ppid } of byAge) if (guests.has(ppid)) guests.add(pid)
  return { main, all: [main, ...byAge.filter(process => process !== main && !guests.has(process.pid))] }
}

function describe(group: readonly Process[]): string {
  const { main, all } = treeOf(group)
  return `${main.comm} (PID ${main.pid}${all.length > 1 ? ` and ${all.length - 1} more` : ''})`
}

function expected(names: readonly string[]): string {
  return names.length > 0 ? `a process named ${names.join(' or ')}` : 'a single container beside the sidecar'
}
