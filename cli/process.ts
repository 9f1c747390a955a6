// The process of the `repeer` program. Only this file touches `process`; everything else gets what it needs passed in.
import { text } from 'node:stream/consumers'
import type { Io } from './command.ts'
import { openOutput } from './output.ts'
import { type Program, run } from './run.ts'

let abort: AbortController | undefined

/**
 * The first SIGINT or SIGTERM asks for an orderly end, the second ends at once. Commands that do not ask keep the
 * default: an end at once.
 */
function signal(): AbortSignal {
  if (abort) return abort.signal
  const controller = new AbortController()
  abort = controller
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
      controller.abort(new Error(`stopped by ${name}`))
    })
  }
  return controller.signal
}

/**
 * What a shell reports for a program that SIGPIPE has ended: its reader went away (`repeer explain ... | head`), which
 * is no error to tell of.
 */
const readerGoneCode = 141

/** Ends the program, when what it has written is taken. */
async function end(code: number): Promise<never> {
  await Promise.all([out.taken(), err.taken()])
  const failure = out.failure()
  // Standard error last: the message about standard output goes there. Where neither can be written, the exit code is
  // all that is left.
  if (failure && !failure.isReaderGone) {
    err.write(
      `repeer: standard output cannot be written to its end: ${failure.message}. Make room, or write it to another place\n`,
    )
    await err.taken()
  }
  const failures = [failure, err.failure()].filter(fault => fault !== undefined)
  if (failures.some(fault => !fault.isReaderGone)) process.exit(code === 0 ? 1 : code)
  process.exit(failures.length > 0 ? readerGoneCode : code)
}

/**
 * A command that has asked for `signal` has something to put in order (the demo its processes, `upgrade` a pod); every
 * other ends here.
 */
function failed(): void {
  if (abort) abort.abort(new Error('stopped: nobody takes its output any more'))
  else void end(1)
}

const out = openOutput(process.stdout, failed)
const err = openOutput(process.stderr, failed)

const io = (entry: string): Io => ({
  out: out.write,
  err: err.write,
  stdin: () => text(process.stdin),
  env: process.env,
  colour: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  columns: process.stdout.columns || 100,
  signal,
  kill: (pid, name) => process.kill(pid, name),
  exit: code => process.exit(code),
  platform: process.platform,
  pid: process.pid,
  execPath: process.execPath,
  entry,
})

/**
 * Runs the program with the process's arguments, and ends the process.
 * @param entry the program's file
 */
export async function runProcess(entry: string, program: Program): Promise<never> {
  return end(await run(process.argv.slice(2), io(entry), program))
}
