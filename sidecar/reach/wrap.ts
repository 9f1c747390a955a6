// Reach wrap: the node is a child of the supervisor in its own container, which is asked through a FIFO.
import type { Beside } from '../../peers/plan.ts'
import { restartAllExitCode } from '../../peers/pod.ts'
import { createBeside } from './beside.ts'
import { besideParkSeconds, createRenew } from './renew.ts'
import {
  type Absent,
  identityOf,
  listening,
  momentOf,
  type Phase,
  type Request,
  readState,
  type SupervisorState,
  sendRequest,
  waitForState,
  writeExports,
} from './supervisor.ts'
import type { Reach, ReachParts, Stop } from './types.ts'

/**
 * How long nothing starts while the sidecar ends with code 88. The kubelet takes 2 s; after this long something is
 * wrong and the node runs again.
 */
const parkSeconds = 60

export function createWrap(parts: ReachParts & { graceSeconds: number; beside: Beside | undefined }): Reach {
  const {
    controlDir,
    procDir,
    log,
    exit,
    graceSeconds,
    now = Date.now,
    pollMs = 50,
    takenMs = 5000,
    besideSeconds = besideParkSeconds,
  } = parts
  const { answerMs = 2000, kill = (pid, name) => process.kill(pid, name) } = parts
  const beside = parts.beside && createBeside(parts.beside, { procDir, kill, answerMs })
  const renew =
    beside && createRenew(beside, { controlDir, graceSeconds, log, now, pollMs, parkSeconds: besideSeconds, request })
  /** The node that is to be parked, so that asking again does not wait twice. */
  let parking: string | null = null

  async function current(): Promise<{ state: SupervisorState } | { absent: string }> {
    const alive = await listening(controlDir)
    return 'absent' in alive ? alive : readState(controlDir)
  }

  const waitFor = (good: (state: SupervisorState) => boolean, ms: number) =>
    waitForState(controlDir, good, { ms, pollMs, now })

  async function request(asked: Request): Promise<{ ok: true } | Absent> {
    const sent = await sendRequest(controlDir, asked)
    if ('absent' in sent) return sent
    const taken = await waitFor(state => state.request === asked.id, takenMs)
    return taken
      ? { ok: true }
      : { absent: `the supervisor did not take request ${asked.id} within ${takenMs / 1000} s` }
  }

  async function exitOnceParked(id: string): Promise<void> {
    const isOver = (phase: Phase) => phase !== 'stopping'
    const state = await waitFor(state => state.request !== id || isOver(state.phase), (graceSeconds + 10) * 1000)
    if (state?.phase === 'held' && state.request === id) return exit(restartAllExitCode)
    log.warn({ id, phase: state?.phase }, 'the node was not parked; the containers are not restarted')
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
      const trouble = await renew?.trouble(state)
      return {
        process: {
          identity: identityOf(state),
          startedAt: await momentOf(state.started, procDir, now()),
          phase: state.phase,
          ...(state.snapshotToken === undefined ? {} : { snapshotToken: state.snapshotToken }),
          ...(state.request === undefined ? {} : { request: state.request }),
          ...(state.programs === undefined ? {} : { programs: state.programs }),
          ...(trouble === undefined ? {} : { beside: trouble }),
        },
      }
    },

    prepare: (exports, token) => writeExports(controlDir, exports, token),

    async askPrograms(port) {
      const sent = await sendRequest(controlDir, { verb: 'look', id: 'look', port })
      if ('absent' in sent) log.info({ detail: sent.absent }, 'the supervisor could not be asked for its programs')
    },

    ...(beside ? { permit: beside.permit } : {}),

    async restart(stop) {
      const found = await current()
      if ('absent' in found) return { ok: false, hold: 'supervisor-absent', detail: found.absent }
      // All containers: the one beside starts anew with them.
      if (renew && stop.level !== 'all-containers') return renew.restart(found.state, stop)
      if (found.state.request !== stop.id) {
        if (stop.identity !== undefined && identityOf(found.state) !== stop.identity) return { ok: true }
        const taken = await request(requestOf(stop))
        if ('absent' in taken) return { ok: false, hold: 'supervisor-absent', detail: taken.absent }
      }
      if (stop.level === 'all-containers' && parking !== stop.id) {
        parking = stop.id
        exitOnceParked(stop.id)
          .catch(error => log.error({ err: error, id: stop.id }, 'waiting for the node to be parked failed'))
          .finally(() => {
            parking = null
          })
      }
      return { ok: true }
    },
  }
}

function requestOf(stop: Stop): Request {
  if (stop.level === 'all-containers') return { verb: 'park', id: stop.id, seconds: parkSeconds }
  return { verb: stop.level === 'container' ? 'exit' : 'restart', id: stop.id }
}
