// Reach signal: in a shared PID namespace the sidecar ends the processes of the node's container, and the kubelet
// starts it again.
import { setTimeout as sleep } from 'node:timers/promises'
import { restartAllExitCode } from '../../peers/pod.ts'
import { createEyes, identityOf, nodeProcess } from './eyes.ts'
import { type Process, readProcess, readProcesses, type Target } from './processes.ts'
import type { Reach, ReachParts } from './types.ts'

/**
 * The kubelet looks at its containers once a second, and starts the node again where it looks between the node's end
 * and the sidecar's: so that time, in ms, is kept short.
 */
const endPollMs = 2

export function createSignal(parts: ReachParts & { graceSeconds: number; names: readonly string[] }): Reach {
  const {
    procDir,
    log,
    exit,
    graceSeconds,
    now = Date.now,
    pollMs = 50,
    kill = (pid, name) => process.kill(pid, name),
  } = parts
  const choose = createEyes(procDir, parts.names)
  /** The stop under way: asking again with its ID does not start another. */
  let stopping: string | null = null

  /** Signals exactly these processes: each is looked at again right before, since its PID may be another's by now. */
  async function signal(processes: readonly Process[], name: 'SIGTERM' | 'SIGKILL'): Promise<string | null> {
    let refused: string | null = null
    for (const process of processes) {
      if (!(await isAlive(process))) continue
      try {
        kill(process.pid, name)
      } catch (error) {
        if (isCode(error, 'ESRCH')) continue
        refused ??= `${name} to ${process.comm} (PID ${process.pid}): ${error instanceof Error ? error.message : error}`
      }
    }
    return refused
  }

  async function isAlive({ pid, startTicks }: Process): Promise<boolean> {
    return (await readProcess(procDir, pid))?.startTicks === startTicks
  }

  /**
   * Waits for the container's first process, with which the container ends; past the grace period all of the container
   * is killed.
   */
  async function outlast({ main }: Target, until: number, pauseMs: number): Promise<boolean> {
    while (await isAlive(main)) {
      if (now() >= until) {
        const rest = (await readProcesses(procDir)).filter(({ container }) => container === main.container)
        const refused = await signal(rest, 'SIGKILL')
        if (refused) return warn(refused)
      }
      await sleep(pauseMs, undefined, { ref: false })
    }
    return true
  }

  function warn(refused: string): false {
    log.warn({ refused }, 'the node could not be killed')
    return false
  }

  return {
    async find() {
      const target = await choose()
      return 'hold' in target ? target : { process: await nodeProcess(target, procDir, now()) }
    },

    async prepare() {},

    async restart(stop) {
      if (stopping === stop.id) return { ok: true }
      const target = await choose()
      if ('hold' in target) return { ok: false, ...target }
      // The node ended meanwhile, and the kubelet has started it again: what was asked for has happened.
      if (stop.identity !== undefined && identityOf(target.main) !== stop.identity) return { ok: true }
      const refused = await signal(target.all, 'SIGTERM')
      if (refused && (await isAlive(target.main))) return { ok: false, hold: 'not-permitted', detail: refused }
      stopping = stop.id
      const all = stop.level === 'all-containers'
      outlast(target, now() + graceSeconds * 1000, all ? Math.min(pollMs, endPollMs) : pollMs)
        .then(gone => {
          if (gone && all) exit(restartAllExitCode)
        })
        .catch(error => log.error({ err: error, id: stop.id }, 'waiting for the node to end failed'))
        .finally(() => {
          stopping = null
        })
      return { ok: true }
    },
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
