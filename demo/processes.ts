// The processes of a stand-in container: there is no PID namespace whose end would take all of them along, so each
// carries a mark in its environment, by which what is left of it is found in /proc. Linux.
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export const markVariable = 'REPEER_STANDIN_CONTAINER'

/** The processes whose environment carries the mark (or a mark that begins with it); zombies carry none. */
export async function marked(
  mark: string,
  kill: (pid: number, signal: NodeJS.Signals) => void,
  signal?: NodeJS.Signals,
): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const environ = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '')
    if (!environ.split('\0').some(entry => entry.startsWith(`${markVariable}=${mark}`))) continue
    found.push(Number(name))
    if (signal) {
      try {
        kill(Number(name), signal)
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return found
}

/**
 * Kills what carries the mark until two looks in a row find nothing: a process has no environment for the moment in
 * which it becomes another program.
 */
export async function killMarked(mark: string, kill: (pid: number, signal: NodeJS.Signals) => void): Promise<void> {
  for (let clean = 0; clean < 2; await sleep(5)) {
    const left = await marked(mark, kill, 'SIGKILL')
    clean = left.length === 0 ? clean + 1 : 0
  }
}

/**
 * A process' identity: its ID and its start in clock ticks since boot (field 22 of /proc/PID/stat); undefined where it
 * is gone or a zombie.
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.length > 19 && fields[0] !== 'Z' ? `${pid}@${fields[19]}` : undefined
}
