// Reach signal: in a shared PID namespace the sidecar ends the processes of the node's container, and the kubelet
// starts it again. Reach observe uses the same eyes and has no hands.
import { setTimeout as sleep } from 'node:timers/promises'
import { restartAllExitCode } from '../../peers/pod.ts'
import type { ObserveReason } from '../../peers/reasons.ts'
import { observeReasons } from '../../peers/reasons.ts'
import {
  chooseNode,
  isNamed,
  ownContainer,
  type Process,
  readProcess,
  readProcesses,
  type Target,
  ticksPerSecond,
} from './processes.ts'
import type { Held, Reach, ReachParts } from './reach.ts'
import { momentOf } from './supervisor.ts'

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
    for (const one of processes) {
      if (!(await isAlive(one))) continue
      try {
        kill(one.pid, name)
      } catch (error) {
        if (isCode(error, 'ESRCH')) continue
        refused ??= `${name} to ${one.comm} (PID ${one.pid}): ${error instanceof Error ? error.message : error}`
      }
    }
    return refused
  }

  async function isAlive(one: Process): Promise<boolean> {
    return (await readProcess(procDir, one.pid))?.startTicks === one.startTicks
  }

  /**
   * Waits for the container's first process, with which the container ends; past the grace period all of the container
   * is killed.
   */
  async function outlast({ main }: Target, until: number, pauseMs: number): Promise<boolean> {
    while (await isAlive(main)) {
      if (now() >= until) {
        const rest = (await readProcesses(procDir)).filter(one => one.container === main.container)
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

/** Sees the node's process where the PID namespace happens to be shared, and touches nothing. */
export function createObserve(parts: ReachParts & { reason: ObserveReason }): Reach {
  const { procDir, reason, now = Date.now } = parts
  const choose = createEyes(procDir, [])
  const held: Held = { hold: 'observe', detail: observeReasons[reason] }
  return {
    async find() {
      // The host's processes are those of other pods, too.
      if (reason === 'host-pid') return held
      const target = await choose()
      return 'hold' in target
        ? { hold: 'observe', detail: `${held.detail}; ${target.detail}` }
        : { process: await nodeProcess(target, procDir, now()) }
    },
    async prepare() {},
    restart: async () => ({ ok: false, ...held }),
  }
}

/**
 * Finds the node's processes. A container that stands alone is taken for the node's even if no name fits, since names
 * are a guess; but not once a name has fitted: then it is a neighbour, and the node is away.
 */
function createEyes(procDir: string, names: readonly string[]): () => Promise<Target | Held> {
  let named = false
  return async () => {
    const target = chooseNode(await readProcesses(procDir), await ownContainer(procDir), names)
    if ('hold' in target) return { hold: target.hold, detail: target.detail }
    const fits = target.all.some(one => isNamed(one, names))
    if (named && !fits) {
      return {
        hold: 'process-not-found',
        detail: `found ${target.main.comm} (PID ${target.main.pid}); expected ${names.join(' or ')}, as before`,
      }
    }
    named ||= fits
    return target
  }
}

async function nodeProcess({ main }: Target, procDir: string, now: number) {
  return { identity: identityOf(main), startedAt: await momentOf(main.startTicks / ticksPerSecond, procDir, now) }
}

function identityOf({ pid, startTicks }: Process): string {
  return `${pid}/${startTicks}`
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
