// The container beside the node that starts anew with it (Plan's `beside`: cosmopilot's node-utils): whether it permits
// a restart of the node, whether it is new enough for the node, and its end. Who may signal it is decision record 14.
import { exchange } from '../../http/exchange.ts'
import type { Beside } from '../../peers/plan.ts'
import { chooseNamed, ownContainer, type Process, readProcess, readProcesses, ticksPerSecond } from './processes.ts'
import type { Held, ReachParts } from './types.ts'

export type BesideView = Beside & {
  /** Why the node must not be stopped now; null where nothing speaks against it. */
  permit(): Promise<Held | null>
  /** Its process, as to a node whose last child had ended at `stopped` (uptime in s). */
  see(stopped: number): Promise<BesideProcess>
  /**
   * Its word on upgrades and halts: null for none is due. `answered`: it said something else; not that it did not
   * answer.
   */
  ask(): Promise<{ readonly answered: boolean; readonly detail: string } | null>
  /** SIGTERM, on which it ends with code 0 unless an upgrade is due; `refused` says why it could not be sent. */
  end(process: Process): Promise<{ refused: string } | null>
}

export type BesideProcess =
  | { readonly is: 'new' }
  /** It began before the node's stop, so it remembers a process that is gone and reads nothing any more. */
  | { readonly is: 'old'; readonly process: Process }
  /** There is none; the kubelet starts it again. */
  | { readonly is: 'away' }
  | ({ readonly is: 'unclear' } & Held)

export type BesideParts = Pick<ReachParts, 'procDir'> & {
  readonly kill: (pid: number, signal: 'SIGTERM' | 0) => void
  readonly answerMs: number
}

export function createBeside(beside: Beside, { procDir, kill, answerMs }: BesideParts): BesideView {
  const { container, names, port } = beside
  const url = `http://127.0.0.1:${port}/must_upgrade`

  async function find() {
    return chooseNamed(await readProcesses(procDir), await ownContainer(procDir), names)
  }

  /** Looks at the process again right before, since its PID may be another's by now. */
  async function signal(target: Process, name: 'SIGTERM' | 0): Promise<{ refused: string } | null> {
    if ((await readProcess(procDir, target.pid))?.startTicks !== target.startTicks) return null
    try {
      kill(target.pid, name)
      return null
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return null
      return {
        refused: `${target.comm} (PID ${target.pid}) of container ${container}: ${error instanceof Error ? error.message : error}`,
      }
    }
  }

  const view: BesideView = {
    ...beside,

    async permit() {
      const word = await view.ask()
      if (word) return { hold: 'operator-upgrade', detail: word.detail }
      const found = await find()
      if ('hold' in found) return { hold: found.hold, detail: `container ${container}: ${found.detail}` }
      const refused = await signal(found, 0)
      return refused && { hold: 'not-permitted', detail: refused.refused }
    },

    async see(stopped) {
      const found = await find()
      if ('hold' in found) return found.hold === 'process-not-found' ? { is: 'away' } : { is: 'unclear', ...found }
      // Both are hundredths of a second of the machine's uptime, cut off alike.
      return found.startTicks >= Math.round(stopped * ticksPerSecond) ? { is: 'new' } : { is: 'old', process: found }
    },

    async ask() {
      try {
        const { code, text } = await exchange(url, { timeoutMs: answerMs, maxBytes: 1024 })
        if (code === 200) return null
        const said = /^[\x20-\x7e]{1,60}$/.test(text.trim()) ? ` ("${text.trim()}")` : ''
        return { answered: true, detail: `${container}: ${url} answers ${code}${said}, expected 200` }
      } catch (error) {
        return { answered: false, detail: `${container}: ${error instanceof Error ? error.message : error}` }
      }
    },

    end: target => signal(target, 'SIGTERM'),
  }
  return view
}
