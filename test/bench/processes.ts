// What the benchmarks read of processes, and how they start and end them.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus, release } from 'node:os'
import { until as untilWithin } from '../fixtures/until.ts'

/** Resident and proportional memory, bytes: /proc/PID/smaps_rollup. */
export function memoryOf(pid: number): { rss: number; pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  return { rss: kilobytes('Rss') * 1024, pss: kilobytes('Pss') * 1024 }
}

/** User and system time so far, seconds: fields 14 and 15 of /proc/PID/stat, in ticks of 1/100 s. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const hasTaskset = spawnSync('taskset', ['-V']).status === 0

/** Starts a program, held to one core where taskset is there. */
export function start(
  command: readonly string[],
  options: { cpu?: number; env?: Record<string, string>; ipc?: boolean; quiet?: boolean } = {},
): ChildProcess {
  const pinned = options.cpu !== undefined && hasTaskset ? ['taskset', '-c', String(options.cpu), ...command] : command
  const [file = '', ...args] = pinned
  return spawn(file, args, {
    stdio: ['ignore', 'pipe', options.quiet ? 'ignore' : 'inherit', ...(options.ipc ? (['ipc'] as const) : [])],
    env: { ...process.env, ...options.env },
  })
}

/** Holds this process to a core. */
export function holdTo(cpu: number): void {
  if (hasTaskset && cpus().length > cpu)
    execFileSync('taskset', ['-a', '-cp', String(cpu), String(process.pid)], { stdio: 'ignore' })
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(late)
}

/** Polls until `look` gives something, often enough for milliseconds to count; throws after `seconds`. */
export function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  seconds = 30,
  pollMs = 2,
): Promise<T> {
  return untilWithin(what, look, seconds, pollMs)
}

export function answers(port: number, host = '127.0.0.1'): Promise<true | undefined> {
  return new Promise(resolve => {
    const socket = connect({ port, host, timeout: 1000 })
    const done = (result: true | undefined) => {
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(undefined))
    socket.once('timeout', () => done(undefined))
  })
}

/** The machine and the versions that the numbers belong to. */
export function machine(): string {
  const [cpu] = cpus()
  const pinning = hasTaskset
    ? 'the measured process is held to core 0'
    : 'taskset is missing: nothing is held to a core'
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, Linux ${release()}, Node ${process.version}; ${pinning}`
}

/** The first line of a program's version, or undefined where it is not on PATH. */
export function versionOf(command: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? (stdout || stderr).split('\n')[0]?.trim() : undefined
}
