// Finds the node's processes in a PID namespace that the pod's containers share.
import {
  chooseNode,
  isNamed,
  ownContainer,
  type Process,
  readProcesses,
  type Target,
  ticksPerSecond,
} from './processes.ts'
import { momentOf } from './supervisor.ts'
import type { Held } from './types.ts'

/**
 * Finds the node's processes. A container that stands alone is taken for the node's even if no name fits, since names
 * are a guess; but not once a name has fitted: then it is a neighbour, and the node is away.
 */
export function createEyes(procDir: string, names: readonly string[]): () => Promise<Target | Held> {
  let named = false
  return async () => {
    const target = chooseNode(await readProcesses(procDir), await ownContainer(procDir), names)
    if ('hold' in target) return { hold: target.hold, detail: target.detail }
    const fits = target.all.some(process => isNamed(process, names))
    if (named && !fits) {
      return {
        hold: 'process-not-found',
        detail: `found ${target.main.comm} (PID ${target.main.pid}); expected ${names.join(' or ')}, as before`,
      }
    }
    named ||= fits
    return target
  }
}

export async function nodeProcess({ main }: Target, procDir: string, now: number) {
  return { identity: identityOf(main), startedAt: await momentOf(main.startTicks / ticksPerSecond, procDir, now) }
}

export function identityOf({ pid, startTicks }: Process): string {
  return `${pid}/${startTicks}`
}
