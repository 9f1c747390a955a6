// The processes of a stand-in container: there is no PID namespace whose end would take all of them along, so each carries a mark in its
// environment, by which what is left of it is found in /proc. Linux.
import { readdir, readFile } from 'node:fs/promises'

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

/** A process' identity: its ID and its start in clock ticks since boot (field 22 of /proc/PID/stat); undefined where it is gone or a zombie. */
export async function identityOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.length > 19 && fields[0] !== 'Z' ? `${pid}@${fields[19]}` : undefined
}
