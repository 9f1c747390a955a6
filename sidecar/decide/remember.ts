// Takes in what a look tells, before anything is decided. Pure.
import { doubtAnswers } from './doubt.ts'
import type { Look } from './look.ts'
import type { Memory } from './memory.ts'
import { isUp } from './node-gate.ts'
import { rememberProgram } from './program.ts'
import { observed, rememberProcess } from './remember-process.ts'
import { rememberTold } from './telling.ts'
import type { Timing } from './timing.ts'

/** Takes in what this look tells about lists, process, heights and time, before anything is decided. */
export function remember(memory: Memory, look: Look, times: Timing): Memory {
  const listed = rememberLists(rememberTold(rememberTurn(rememberProgram(memory, look), look), look), look)
  const withProcess = look.process.found
    ? rememberProcess(listed, look, look.process, times)
    : observed(listed, look, times)
  const kept = withProcess.restarts.filter(
    (restart, index, all) => restart.at > look.now - times.budgetSeconds * 1000 || index >= all.length - 4,
  )
  const startedWith = withProcess.startedWith && doubtAnswers(withProcess.startedWith, withProcess.process, look.hosts)
  return { ...withProcess, startedWith, hosts: look.hosts, heights: rememberHeight(withProcess, look), restarts: kept }
}

/** Once it is gone from the files it has been taken back; the same again is another. */
function rememberTurn(memory: Memory, look: Look): Memory {
  const { usedTurn, ...rest } = memory
  return usedTurn === undefined || usedTurn === look.turn ? memory : rest
}

function rememberLists(memory: Memory, look: Look): Memory {
  if (!look.list.ok) return memory
  const { lists } = look.list
  if (memory.desired && JSON.stringify(memory.desired.lists) === JSON.stringify(lists)) return memory
  return { ...memory, desired: { lists, since: look.now }, before: memory.desired?.lists ?? null }
}

export function rememberUp(memory: Memory, look: Look, times: Timing): Memory {
  const { process } = memory
  if (!look.process.found || process === null || process.upAt !== undefined || !isUp(look, memory, times)) return memory
  return { ...memory, process: { ...process, upAt: look.now } }
}

/** Two samples at least 10 s apart, the older at most 60 s. */
function rememberHeight(memory: Memory, look: Look): Memory['heights'] {
  const status = look.node.status
  if (!status) return []
  const sample = { at: look.now, height: status.height }
  const first = memory.heights.at(0)
  if (!first || status.height < first.height) return [sample]
  const recent = memory.heights.filter(sample => sample.at > look.now - 60_000)
  const oldest = recent.at(0) ?? memory.heights.at(-1) ?? sample
  return look.now - oldest.at < 10_000 ? [oldest] : [oldest, sample]
}
