// On a real cluster, two hours of random edits, moves and restarts of our own parts: what memory and open files do, how
// many restarts were made for how many that were needed, and what is left behind. What is drawn: test/soak/acts.ts.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Figures, soakReport } from '../soak/report.ts'
import { startCluster } from '../testbed/cluster.ts'
import { buildImages, loadImages } from '../testbed/images.ts'
import { buildPrograms } from '../testbed/programs.ts'

const root = join(import.meta.dirname, '..', '..')
const say = (line: string) => process.stderr.write(`${line}\n`)

/** `seed`: the same acts again; where it is not given, the clock says. */
export async function soak({ minutes = 120, seed = Date.now() % 2 ** 32 }): Promise<string> {
  const [programs = ''] = await buildPrograms(['cometbft'], say)
  const running = await startCluster(say)
  try {
    await loadImages(running, buildImages(programs))
    const [program = '', ...args] = [...running.enter, process.execPath, join(root, 'test', 'soak', 'inside.ts')]
    const env = {
      ...running.env,
      PATH: `${programs}:${running.env.PATH}`,
      SOAK_MINUTES: String(minutes),
      SOAK_SEED: String(seed),
    }
    const inside = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<number | null>(resolve => inside.once('exit', resolve))
    const output = await text(inside.stdout)
    if ((await ended) !== 0) throw new Error(`the soak inside the cluster failed\n${running.logs(20)}`)
    return soakReport(JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as Figures)
  } finally {
    await running.stop()
  }
}
