// The programs that a cluster is made of, as they are started and watched inside its namespaces.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Memory is no concern here, the processor is: the garbage of Go programs is collected a quarter as often. */
const env = { ...process.env, GOGC: '400' }

export type Components = {
  /** Starts a program that has to stay. */
  start(name: string, ...args: string[]): void
}

/**
 * @param dir where they run
 * @param logs where each has its output, in NAME.log
 * @param ended hears of each that did not stay, with a sentence
 */
export function components(dir: string, logs: string, ended: (why: string) => void): Components {
  mkdirSync(logs, { recursive: true })
  return {
    start: (name, ...args) => {
      const file = join(logs, `${name}.log`)
      const log = openSync(file, 'a')
      const child = spawn(name, args, { cwd: dir, env, stdio: ['ignore', log, log] })
      child.once('exit', (code, signal) => ended(`${name} ended (${signal ?? code}); its log: ${file}`))
      child.once('error', error => ended(`${name}: ${error.message}`))
    },
  }
}

/** What is started until the next call inherits it, and passes it on. 0: the system's default. */
export function setTimerSlack(ms: number): void {
  writeFileSync('/proc/self/timerslack_ns', String(ms * 1e6))
}

/** Returns its output; throws where it ends with another code than 0. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
}

export function succeeds(command: string, ...args: string[]): boolean {
  try {
    run(command, ...args)
    return true
  } catch {
    return false
  }
}
