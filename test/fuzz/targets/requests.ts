// Lines for the supervisor's FIFO, as whoever may write there could: the real script, under a real shell. A case is a
// batch of them, which the supervisor survives, with its node, and then takes a request that is one.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readState, type SupervisorState } from '../../../sidecar/reach/supervisor.ts'
import { mutateText } from '../mutate-text.ts'
import { expect, Fault, type Target } from '../target.ts'

const script = join(import.meta.dirname, '..', '..', '..', 'sidecar', 'reach', 'supervise')
const good = ['restart r1', 'look l1 26656', 'park p1 5', 'hold h1 5', 'exit e1', 'restart a.b_c:d-e', 'look l 99999']
/** What would end or stop the node, as it was told: no fault, and no case. */
const stops = /^\s*(exit|park|hold)\s/
const linesInCase = 50
/** How long its node lives, which each case starts anew: so nothing is left for long of a run that was killed. */
const nodeSeconds = '300'
/** Milliseconds; far more than a busy machine needs for the batch and a restart. */
const longestMs = 20_000

export const requests: Target = {
  name: 'supervisor requests',
  weight: 0.2,
  async open() {
    const shell = shellOf()
    const dir = mkdtempSync(join(tmpdir(), 'fuzz-supervise-'))
    const control = join(dir, 'control')
    mkdirSync(join(control, 'env'), { recursive: true })
    const child = spawn(shell.program, [...shell.args, script, control, '2', '--', '/bin/sleep', nodeSeconds], {
      stdio: 'ignore',
    })
    const first = await until(control, child, ({ phase }) => phase === 'running')
    return {
      make(random) {
        const lines = Array.from({ length: linesInCase }, () =>
          mutateText(random.pick(good), good, random).slice(0, 4000),
        )
          .flatMap(text => text.split('\n'))
          .filter(line => !stops.test(line))
        const id = `fuzz${random.below(2 ** 31)}`
        return {
          input: lines,
          run: async () => {
            for (const line of lines) write(control, `${line}\n`)
            await until(control, child, ({ phase }) => phase === 'running')
            write(control, `\nrestart ${id}\n`)
            return until(control, child, ({ request, phase }) => request === id && phase === 'running')
          },
          check: found => {
            const { supervisor } = found as SupervisorState
            expect(supervisor === first.supervisor, `found another supervisor, ${supervisor}`)
          },
        }
      },
      close: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          const ended = new Promise(resolve => child.once('exit', resolve))
          child.kill('SIGTERM')
          await Promise.race([ended, sleep(longestMs, undefined, { ref: false })])
        }
        rmSync(dir, { recursive: true, force: true })
      },
    }
  },
}

function shellOf(): { readonly program: string; readonly args: readonly string[] } {
  const found = execFileSync('sh', ['-c', 'command -v busybox || command -v dash'], { encoding: 'utf8' }).trim()
  return { program: found, args: found.endsWith('busybox') ? ['sh'] : [] }
}

function write(control: string, text: string): void {
  const fifo = openSync(join(control, 'requests'), constants.O_WRONLY)
  try {
    writeSync(fifo, text)
  } finally {
    closeSync(fifo)
  }
}

async function until(
  control: string,
  child: ChildProcess,
  isWanted: (state: SupervisorState) => boolean,
): Promise<SupervisorState> {
  const deadline = performance.now() + longestMs
  for (;;) {
    const found = await readState(control)
    if ('state' in found && isWanted(found.state)) return found.state
    const seen = 'state' in found ? JSON.stringify(found.state) : found.absent
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Fault(`the supervisor has ended; its state: ${seen}`)
    if (performance.now() > deadline)
      throw new Fault(`nothing came of a request in ${longestMs} ms; its state: ${seen}`)
    await sleep(10)
  }
}
