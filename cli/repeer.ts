#!/usr/bin/env node
// The `repeer` program. Only this file touches `process`; everything else gets what it needs passed in.
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Io } from './command.ts'
import { run } from './run.ts'

let abort: AbortController | undefined

/** The first SIGINT or SIGTERM asks for an orderly end, the second ends at once. Commands that do not ask keep the default: an end at once. */
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

// A reader that went away (`repeer explain ... | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

const io: Io = {
  out: line => process.stdout.write(line),
  err: line => process.stderr.write(line),
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
  entry: fileURLToPath(import.meta.url),
}

process.exit(await run(process.argv.slice(2), io))
