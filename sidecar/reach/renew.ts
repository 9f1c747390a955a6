// A restart of a node that has a container beside it (beside.ts). The order is the whole of it: the node stops wholly,
// then the one beside it ends, then it answers again from a new process, then the node starts. While the node is down
// the supervisor parks it, for a bounded time, so that whatever happens to the sidecar in between, the node starts.
// Each step is found from what is there (the supervisor's state, the start time of the process beside), so that a
// sidecar that dies goes on where it was.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { BesideView } from './beside.ts'
import {
  type Absent,
  identityOf,
  type Request,
  readState,
  type SupervisorState,
  sendRequest,
  waitForState,
} from './supervisor.ts'
import type { Held, Stop } from './types.ts'

/**
 * How long the node stays stopped for the one beside it, in seconds. The kubelet starts it at once (seen: it answers
 * after 0.2 s, 1.3 s for the whole restart), or after 10 s where it has ended within the last 10 minutes. A node that
 * is away for longer is killed by its liveness probe: cosmopilot's fails after two answers 30 s apart.
 */
export const besideParkSeconds = 20

export type RenewParts = {
  readonly controlDir: string
  readonly graceSeconds: number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly now: () => number
  readonly pollMs: number
  readonly parkSeconds: number
  /** Sends a request and waits until the supervisor has taken it. */
  readonly request: (request: Request) => Promise<{ ok: true } | Absent>
}

export type Trouble = {
  readonly note: string
  /** The node waits, and nobody will come. */
  readonly stuck: boolean
}

export type Renew = {
  /** Begins, or goes on with, the restart `stop.id`; returns once the node's stop has been asked for. */
  restart(state: SupervisorState, stop: Stop): Promise<{ ok: true } | ({ ok: false } & Held)>
  /** What is not as it should be beside a node that runs; undefined where all is well. */
  trouble(state: SupervisorState): Promise<Trouble | undefined>
}

export function createRenew(beside: BesideView, parts: RenewParts): Renew {
  const { controlDir, graceSeconds, log, now, pollMs, parkSeconds } = parts
  /** The parking that is followed, so that asking again does not follow it twice. */
  let followed: string | null = null

  async function park(id: string): Promise<{ ok: true } | ({ ok: false } & Held)> {
    const asked = await parts.request({ verb: 'park', id, seconds: parkSeconds })
    return 'absent' in asked ? { ok: false, hold: 'supervisor-absent', detail: asked.absent } : asked
  }

  function follow(id: string, verb: 'restart' | 'exit'): void {
    if (followed === id) return
    followed = id
    followParked(id, verb)
      .catch(error =>
        log.error(
          { err: error, id },
          'starting the container beside the node anew failed; the node starts when its time is over',
        ),
      )
      .finally(() => {
        followed = null
      })
  }

  async function followParked(id: string, verb: 'restart' | 'exit'): Promise<void> {
    const isOver = (state: SupervisorState) => state.request !== id || state.phase !== 'stopping'
    const over = await waitForState(controlDir, isOver, { ms: (graceSeconds + 10) * 1000, pollMs, now })
    if (over?.request !== id || over.phase !== 'held' || over.stopped === undefined) {
      return log.warn(
        { id, phase: over?.phase },
        `the node was not parked; container ${beside.container} is left as it is`,
      )
    }
    const { stopped } = over
    const start = async (why: string | null) => {
      if (why) log.warn({ id, why }, `the node is started although container ${beside.container} has not started anew`)
      await sendRequest(controlDir, { verb, id: startId(id) })
    }
    for (let ended = false; ; await sleep(pollMs, undefined, { ref: false })) {
      const found = await readState(controlDir)
      if ('absent' in found || found.state.phase !== 'held' || found.state.request !== id) break
      const seen = await beside.see(stopped)
      if (seen.is === 'unclear') return start(seen.detail)
      if (seen.is === 'new' && (await beside.ask()) === null) return start(null)
      if (seen.is !== 'old' || ended) continue
      // Its operator reads of an upgrade there; it would not end either.
      const word = await beside.ask()
      if (word?.answered) return start(word.detail)
      const refused = await beside.end(seen.process)
      if (refused) return start(refused.refused)
      ended = true
      log.info(
        { id, pid: seen.process.pid },
        `the node is stopped; told container ${beside.container} to end, so that the kubelet starts it anew`,
      )
    }
    log.warn(
      { id },
      `container ${beside.container} did not answer within ${parkSeconds} s; the supervisor has started the node all the same`,
    )
  }

  async function trouble({ stopped, phase }: SupervisorState): Promise<Trouble | undefined> {
    if (stopped === undefined || (phase !== 'running' && phase !== 'retrying')) return undefined
    const seen = await beside.see(stopped)
    const waits = beside.fifo
      ? '; until a new one reads the trace FIFO, a node that has just started waits in open()'
      : ''
    switch (seen.is) {
      case 'new':
        return undefined
      case 'away':
        return {
          note: `container ${beside.container} is not running; the kubelet starts it again, after 5 minutes at the latest${waits}`,
          stuck: false,
        }
      case 'unclear':
        return { note: `container ${beside.container}: ${seen.detail}`, stuck: false }
      case 'old': {
        const note = `container ${beside.container} is older than the last stop of the node, and remembers a process that is gone${waits}`
        return { note, stuck: beside.fifo }
      }
    }
  }

  return {
    trouble,

    async restart(state, stop) {
      const verb = stop.level === 'container' ? 'exit' : 'restart'
      const id = [secondId(stop.id), stop.id].find(
        attempt => state.request === attempt || state.request === startId(attempt),
      )
      if (id === undefined) {
        if (stop.identity !== undefined && identityOf(state) !== stop.identity) return { ok: true }
        const refusal = await beside.permit()
        if (refusal) return { ok: false, ...refusal }
        const parked = await park(stop.id)
        if (parked.ok) follow(stop.id, verb)
        return parked
      }
      if (state.request === id && (state.phase === 'stopping' || state.phase === 'held')) {
        follow(id, verb)
        return { ok: true }
      }
      // It has started, and waits for one that no longer reads: the sidecar was away when the one beside should have
      // ended, or a first start failed.
      if (id !== stop.id || followed !== null || !(await trouble(state))?.stuck) return { ok: true }
      log.warn(
        { id: stop.id },
        `the node waits for container ${beside.container}, which reads no more; both start anew`,
      )
      const parked = await park(secondId(stop.id))
      if (parked.ok) follow(secondId(stop.id), verb)
      return parked
    },
  }
}

/** Of the request that ends the parking: the supervisor takes each ID once. */
function startId(id: string): string {
  return `${id}.go`
}

/** Of a restart's second and last attempt. */
function secondId(id: string): string {
  return `${id}.b`
}
