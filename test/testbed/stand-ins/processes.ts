// Stand-ins as processes, for their tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'

export type StandInProcess = {
  readonly child: ChildProcess
  /** What it has written so far, to both streams. */
  readonly said: () => string
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Runs a file of this folder until the test ends: by this Node, or by sh. */
export function startStandIn(
  t: { teardown: (done: () => void) => void },
  file: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): StandInProcess {
  const program = file.endsWith('.sh') ? 'sh' : process.execPath
  const child = spawn(program, [join(import.meta.dirname, file), ...args], {
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  return { child, said: () => said, ended }
}
