// A lock between processes, by flock(1): the kernel lets it go when its holder ends, however that ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs `work` while this process alone holds the lock of `file`, which is made where it is missing; waits for it as
 * long as it takes, also for another caller in this process. Returns what `work` returns. Throws an Error where
 * flock(1) is not to be had, and what `work` throws.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  // The lock lives as long as its holder, and that as long as this pipe.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'close')
  const held = once(holder.stdout, 'data').then(() => true)
  const isHeld = await Promise.race([held, ended.then(() => false)]).catch((error: Error) => {
    throw new Error(`cannot run flock: ${error.message}; it is in Debian's package util-linux`)
  })
  if (!isHeld) throw new Error(`flock ${file} ended without holding the lock`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
