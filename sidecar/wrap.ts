// Reach wrap: the node is a child of the supervisor in its own container, which is asked through a FIFO.
import { setTimeout as sleep } from 'node:timers/promises'
import { restartAllExitCode } from '../peers/pod.ts'
import type { Reach, ReachParts, Stop } from './reach.ts'
import { listening, momentOf, type Phase, type Request, readState, type SupervisorState, sendRequest, writeExports } from './supervisor.ts'

/** How long nothing starts while the sidecar ends with code 88. The kubelet takes 2 s; after this long something is wrong and the node runs again. */
const holdSeconds = 60

export function createWrap(parts: ReachParts & { graceSeconds: number }): Reach {
  const { controlDir, procDir, log, exit, now = Date.now, pollMs = 50, takenMs = 5000 } = parts
  /** The hold that is waited for, so that asking again does not wait twice. */
  let holding: string | null = null

  async function current(): Promise<{ state: SupervisorState } | { absent: string }> {
    const alive = await listening(controlDir)
    return 'absent' in alive ? alive : readState(controlDir)
  }

  /** Polls until the state satisfies `good`; undefined after `ms`. */
  async function waitFor(good: (state: SupervisorState) => boolean, ms: number): Promise<SupervisorState | undefined> {
    for (const until = now() + ms; ; await sleep(pollMs, undefined, { ref: false })) {
      const found = await readState(controlDir)
      if ('state' in found && good(found.state)) return found.state
      if (now() >= until) return undefined
    }
  }

  async function exitOnceHeld(id: string): Promise<void> {
    const isOver = (phase: Phase) => phase !== 'stopping'
    const state = await waitFor(state => state.request !== id || isOver(state.phase), (parts.graceSeconds + 10) * 1000)
    if (state?.phase === 'held' && state.request === id) return exit(restartAllExitCode)
    log.warn({ id, phase: state?.phase }, 'the node was not held; the containers are not restarted')
  }

  return {
    async find() {
      const found = await current()
      if ('absent' in found) return { hold: 'supervisor-absent', detail: found.absent }
      const { state } = found
      if (state.phase === 'ended' || state.started === undefined) {
        return {
          hold: 'supervisor-absent',
          detail: `the node ended${state.code === undefined ? '' : ` with code ${state.code}`} and its container ends`,
        }
      }
      return {
        process: {
          identity: identityOf(state),
          startedAt: await momentOf(state.started, procDir, now()),
          phase: state.phase,
          ...(state.given === undefined ? {} : { given: state.given }),
          ...(state.request === undefined ? {} : { request: state.request }),
          ...(state.programs === undefined ? {} : { programs: state.programs }),
        },
      }
    },

    prepare: (exports, token) => writeExports(controlDir, exports, token),

    async askPrograms(port) {
      const sent = await sendRequest(controlDir, { verb: 'look', id: 'look', port })
      if ('absent' in sent) log.info({ detail: sent.absent }, 'the supervisor could not be asked for its programs')
    },

    async restart(stop) {
      const found = await current()
      if ('absent' in found) return { ok: false, hold: 'supervisor-absent', detail: found.absent }
      if (found.state.request !== stop.id) {
        if (stop.identity !== undefined && identityOf(found.state) !== stop.identity) return { ok: true }
        const sent = await sendRequest(controlDir, requestOf(stop))
        if ('absent' in sent) return { ok: false, hold: 'supervisor-absent', detail: sent.absent }
        const taken = await waitFor(state => state.request === stop.id, takenMs)
        if (!taken)
          return {
            ok: false,
            hold: 'supervisor-absent',
            detail: `the supervisor did not take request ${stop.id} within ${takenMs / 1000} s`,
          }
      }
      if (stop.level === 'all-containers' && holding !== stop.id) {
        holding = stop.id
        exitOnceHeld(stop.id)
          .catch(error => log.error({ err: error, id: stop.id }, 'waiting for the node to be held failed'))
          .finally(() => {
            holding = null
          })
      }
      return { ok: true }
    },
  }
}

function identityOf({ supervisor, starts }: SupervisorState): string {
  return `${supervisor}/${starts}`
}

function requestOf(stop: Stop): Request {
  if (stop.level === 'all-containers') return { verb: 'hold', id: stop.id, seconds: holdSeconds }
  return { verb: stop.level === 'container' ? 'exit' : 'restart', id: stop.id }
}
