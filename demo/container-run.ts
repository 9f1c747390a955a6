// One container of the stand-in kubelet, as a real process: started, started again with the kubelet's back-off, stopped
// with grace.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import type { ProcessSpec } from './container.ts'
import { killMarked, marked, markVariable } from './processes.ts'

/**
 * Milliseconds. The kubelet: the first restart at once, then 10 s, 20 s ... 300 s, forgotten after 10 minutes without a
 * crash.
 */
export type BackOff = { readonly firstMs: number; readonly mostMs: number; readonly resetMs: number }
export const kubeletBackOff: BackOff = { firstMs: 10_000, mostMs: 300_000, resetMs: 600_000 }

/** The wait before the restart that follows `previousMs` (undefined: none yet), after a run of `ranMs`. */
export function nextBackOff(previousMs: number | undefined, ranMs: number, backOff: BackOff): number {
  if (previousMs === undefined || ranMs >= backOff.resetMs) return 0
  return Math.min(backOff.mostMs, previousMs === 0 ? backOff.firstMs : previousMs * 2)
}

export type ContainerStatus = {
  readonly name: string
  readonly state: 'waiting' | 'running' | 'ended'
  readonly pid?: number
  readonly restarts: number
  /** Of the last run that ended; 128 + n for signal n. */
  readonly exitCode?: number
  /** Why it waits: CrashLoopBackOff, CreateContainerConfigError and what was wrong. */
  readonly reason?: string
}

export type RunOptions = {
  readonly name: string
  /** Identifies the processes of this container in /proc. */
  readonly mark: string
  readonly directory: string
  readonly logFile: string
  readonly backOff: BackOff
  /** Called before each start; throws where the container cannot be created yet. */
  readonly prepare: () => Promise<ProcessSpec>
  readonly startsAgain: (exitCode: number) => boolean
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  readonly on: (what: 'started' | 'exited', status: ContainerStatus) => void
  readonly now?: () => number
}

export type RunningContainer = {
  readonly status: () => ContainerStatus
  /** Settles at the first successful start. */
  readonly started: Promise<void>
  /** Settles with the exit code once it will not be started again; -1 where it never ran. */
  readonly ended: Promise<number>
  /** TERM, then KILL after the grace period; settles when no process of it is left. */
  readonly stop: (graceMs: number) => Promise<void>
}

/** Starts at once, and again as `startsAgain` says, after the kubelet's back-off. */
export function runContainer(options: RunOptions): RunningContainer {
  const now = options.now ?? Date.now
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<number>()
  let status: ContainerStatus = { name: options.name, state: 'waiting', restarts: 0 }
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let stopping = false
  let waitedMs: number | undefined
  let startedAt = now()

  const finish = (code: number) => {
    status = { ...status, state: 'ended' }
    started.resolve()
    ended.resolve(code)
  }
  const again = (reason: string, ranMs: number) => {
    waitedMs = nextBackOff(waitedMs, ranMs, options.backOff)
    status = { ...status, state: 'waiting', reason }
    timer = setTimeout(() => void start(), waitedMs)
  }
  const exited = async (code: number) => {
    child = undefined
    const { pid: _pid, ...rest } = status
    status = { ...rest, state: 'waiting', exitCode: code }
    options.on('exited', status)
    // As the end of a PID namespace does.
    await killMarked(`${options.mark};`, options.kill)
    if (stopping || !options.startsAgain(code)) return finish(code)
    again('CrashLoopBackOff', now() - startedAt)
  }
  const start = async () => {
    try {
      const spec = await options.prepare()
      if (stopping) return finish(status.exitCode ?? -1)
      launch(spec)
    } catch (error) {
      again(`CreateContainerConfigError: ${error instanceof Error ? error.message : String(error)}`, 0)
      if (stopping) {
        clearTimeout(timer)
        finish(-1)
      }
    }
  }
  const launch = (spec: ProcessSpec) => {
    const log = openSync(options.logFile, 'a')
    const [file = '', ...args] = spec.argv
    const env = { ...spec.env, [markVariable]: `${options.mark};` }
    const running = spawn(file, args, { env, cwd: options.directory, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    child = running
    let over = false
    const once = (code: number) => {
      if (!over) void exited(code)
      over = true
    }
    running.once('error', error => once((error as NodeJS.ErrnoException).code === 'ENOENT' ? 127 : 126))
    running.once('exit', (code, signal) => once(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    if (running.pid === undefined) return
    startedAt = now()
    const { reason: _reason, ...rest } = status
    status = {
      ...rest,
      state: 'running',
      pid: running.pid,
      restarts: status.exitCode === undefined ? 0 : status.restarts + 1,
    }
    options.on('started', status)
    started.resolve()
  }
  void start()

  return {
    status: () => status,
    started: started.promise,
    ended: ended.promise,
    stop: async graceMs => {
      stopping = true
      clearTimeout(timer)
      if (!child) {
        if (status.state === 'waiting' && status.reason) finish(status.exitCode ?? -1)
        await ended.promise
        return
      }
      child.kill('SIGTERM')
      const killing = setTimeout(() => void marked(`${options.mark};`, options.kill, 'SIGKILL'), graceMs)
      await ended.promise
      clearTimeout(killing)
    },
  }
}
