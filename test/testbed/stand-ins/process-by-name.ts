// STAND-IN, a part of node-utils.ts: how gopsutil finds and looks at a process.
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** The first process of that name, the lowest PID first; undefined where there is none. */
export function findProcess(name: string): number | undefined {
  const pids = readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .sort((a, b) => a - b)
  return pids.find(pid => nameOf(pid) === name)
}

/** The kernel keeps 15 bytes of a name; where it may be longer, the command line tells the rest. */
function nameOf(pid: number): string | undefined {
  try {
    const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    if (comm.length < 15) return comm
    const program = basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '')
    return program.startsWith(comm) ? program : comm
  } catch {
    return undefined
  }
}

/** Its memory in pages, as /proc/PID/statm has it. Throws where there is no such process. */
export function residentPages(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
}
